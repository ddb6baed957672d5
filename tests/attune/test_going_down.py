"""After SIGTERM nothing of `attune up` is left within a bound, whoever of it is stopped, starved or slow."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def supervised(folder: Path, model: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, int]]]:
    """A supervisor whose engine is ready, and its processes by the words in their command lines."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")} | {
        "PYTHONPATH": python_path(folder, look_s=0.4, bound_s=0.3),
        "ATTUNE_HOME": str(folder / "home"),
        "ATTUNE_MODEL": str(model),
        "ATTUNE_STOP_TIMEOUT_S": str(STOP_S),
        "ATTUNE_PORT": str(free_port()),
        "ATTUNE_UI_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "tests.small_supervisor", str(KILLS_WITHIN_S)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT, env=environment)
    pids: dict[str, int] = {}
    try:
        deadline = time.monotonic() + 30
        while not set(VICTIMS) <= set(pids) or "asking for a first answer" not in (folder / "output").read_text():
            assert process.poll() is None and time.monotonic() < deadline, (folder / "output").read_text()
            time.sleep(0.1)
            children = psutil.Process(process.pid).children(recursive=True)
            lines = {child.pid: title(child.pid) for child in children}
            pids = {words: pid for words in VICTIMS for pid, line in lines.items() if _is(words, line)}
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
