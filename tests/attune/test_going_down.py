"""After SIGTERM nothing of `attune up` is left within a bound, whoever of it is stopped, starved or slow."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from server.controller.processes import inhabitants, is_alive, title
from tests.controller.conftest import model_folder as model_folder
from tests.controller.slow_look import python_path
from tests.controller.test_killing import held_up
from tests.processes import ROOT, free_port

pytestmark = pytest.mark.alone

STOP_S, KILLS_WITHIN_S = 1.0, 3.0
BOUND_S = STOP_S + KILLS_WITHIN_S + 3
VICTIMS = ("small_controller", "guardian", "tests.fake_engine --uds", "VLLM::EngineCore")
WHOLE = (*VICTIMS, "-m server", "-m chat_ui")


@contextmanager
def supervised(
    folder: Path, model: Path, wanted: tuple[str, ...] = VICTIMS, **settings: object
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, int]]]:
    """A supervisor whose engine is ready, and its processes by the words in their command lines."""
    said = "Attune answers" if wanted == WHOLE else "asking for a first answer"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")} | {
        "PYTHONPATH": python_path(folder, look_s=0.4, bound_s=0.3),
        "ATTUNE_HOME": str(folder / "home"),
        "ATTUNE_MODEL": str(model),
        "ATTUNE_STOP_TIMEOUT_S": str(STOP_S),
        "ATTUNE_PORT": str(free_port()),
        "ATTUNE_UI_PORT": str(free_port()),
        **{f"ATTUNE_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "tests.small_supervisor", str(KILLS_WITHIN_S)]
    command += ["whole"] if wanted == WHOLE else []
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT, env=environment)
    pids: dict[str, int] = {}
    try:
        deadline = time.monotonic() + 60
        while not set(wanted) <= set(pids) or said not in (folder / "output").read_text():
            assert process.poll() is None and time.monotonic() < deadline, (folder / "output").read_text()
            time.sleep(0.1)
            children = psutil.Process(process.pid).children(recursive=True)
            lines = {child.pid: title(child.pid) for child in children}
            pids = {words: pid for words in wanted for pid, line in lines.items() if _is(words, line)}
        yield process, pids
    finally:
        for pid in [*pids.values(), process.pid]:
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _is(words: str, line: str) -> bool:
    return words in line and (words == "guardian") == ("guardian" in line) and not line.startswith("bash")


@pytest.mark.parametrize("stopped", [VICTIMS[:1], VICTIMS[1:]], ids=["the controller", "all below it"])
async def test_nothing_is_left_of_it(tmp_path: Path, model_folder: Path, stopped: tuple[str, ...]) -> None:
    with supervised(tmp_path, model_folder) as (process, pids):
        slow = [pid for words, pid in pids.items() if words not in stopped]
        with held_up(*slow, share=0.5):
            for words in stopped:
                os.kill(pids[words], signal.SIGSTOP)
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            await asyncio.to_thread(process.wait, 3 * BOUND_S)
        assert time.monotonic() - began < BOUND_S
        left = [pid for pid in pids.values() if is_alive(pid)]
        assert (left, inhabitants(tmp_path / "home" / "run")) == ([], [])
        if stopped == ("small_controller",):
            assert "killing process" in (tmp_path / "output").read_text()


HEAD = b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nCookie: "


def test_the_whole_of_it_bounds_half_sent_requests_and_leaves_nothing(tmp_path: Path, model_folder: Path) -> None:
    """Gateway and chat too, with the guardian stopped. Both servers give up heads and bodies that do not end."""
    ports = {"port": free_port(), "ui_port": free_port()}
    bounds = {"head_timeout_s": 0.5, "body_timeout_s": 0.5, "drain_timeout_s": 1}
    with supervised(tmp_path, model_folder, WHOLE, **ports, **bounds) as (process, pids):
        page = httpx.get(f"http://127.0.0.1:{ports['ui_port']}/", trust_env=False)
        cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items()).encode()
        assert answer_to(ports["ui_port"], HEAD).startswith(b"HTTP/1.1 408")
        assert answer_to(ports["ui_port"], HEAD + cookie + b"\r\n\r\n{").startswith(b"HTTP/1.1 408")
        assert answer_to(ports["port"], HEAD).startswith(b"HTTP/1.1 408")
        os.kill(pids["guardian"], signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        process.wait(3 * BOUND_S)
        assert time.monotonic() - began < BOUND_S + 2
        left = [pid for pid in pids.values() if is_alive(pid)]
        assert (left, inhabitants(tmp_path / "home" / "run")) == ([], [])


def answer_to(port: int, half: bytes) -> bytes:
    """What a server says to a request that does not end, up to where it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(half)
        return b"".join(iter(lambda: connection.recv(4096), b""))
