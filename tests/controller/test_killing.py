"""An engine that is to end ends, whoever is stopped, starved or slow, and nobody waits for it without a bound."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.controller import engine_process, processes
from server.controller.engine_process import EngineProcess, Workplace, sweep
from server.controller.own_thread import within
from server.controller.processes import descendants, inhabitants, is_alive, kill_all, send
from tests.controller.slow_look import python_path
from tests.controller.test_guardian import STUBBORN, pid_of, start, wait_for

pytestmark = pytest.mark.alone


@contextmanager
def held_up(*pids: int, share: float) -> Iterator[None]:
    """Lets processes run in only a share of the time: they are stopped, again and again, for the rest."""
    over = threading.Event()

    def hold() -> None:
        while not over.is_set():
            for pid in pids:
                send(pid, signal.SIGSTOP)
            over.wait(0.1 * (1 - share))
            for pid in pids:
                send(pid, signal.SIGCONT)
            over.wait(0.1 * share)

    holding = threading.Thread(target=hold)
    holding.start()
    try:
        yield
    finally:
        over.set()
        holding.join()


async def killed(engine: EngineProcess, within_s: float = 5) -> float:
    """Kills an engine, of which nothing may be left; returns the seconds."""
    family = [*engine.processes(), engine.pid]
    assert len(family) >= 3
    began = time.monotonic()
    await asyncio.wait_for(engine.kill("a test"), within_s)
    assert [pid for pid in family if is_alive(pid)] == []
    assert not engine.workplace.folder.exists()
    return time.monotonic() - began


def test_what_a_slow_look_finds_is_killed_though_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_LOOKS_AGAIN_S", 0.05)
    victim = subprocess.Popen(["sleep", "1000"])
    told: list[str] = []

    def slow_look() -> list[int]:
        time.sleep(0.1)
        return [victim.pid] if is_alive(victim.pid) else []

    assert kill_all(slow_look, "a test", told.append) == []
    assert victim.wait(1) == -signal.SIGKILL
    assert told == [f"killing process {victim.pid} (sleep): a test"]


async def test_a_guardian_whose_look_is_slow_kills_all_of_its_engine(tmp_path: Path) -> None:
    """Its lifeline is closed, and nobody else kills: what stood still for half an hour and more."""
    looks = tmp_path / "looks"
    looks.mkdir()
    environment = dict(os.environ) | {"PYTHONPATH": python_path(looks, look_s=0.6, bound_s=0.3)}
    engine = await EngineProcess.start(Workplace.create(tmp_path, "eng_1"), STUBBORN, environment)
    await wait_for(lambda: len(engine.processes()) >= 2)
    family = engine.processes()
    os.close(engine._lifeline)
    assert await wait_for(lambda: not any(map(is_alive, family))) < 0.5  # before any look is over
    assert await asyncio.wait_for(engine.ended(), 3) == 128 + signal.SIGKILL
    assert "guardian" in engine.workplace.log.read_text()
    engine._lifeline = -1
    await engine.kill()


@pytest.mark.parametrize("victim", ["guardian", "sleep 1000", "trap"])
async def test_a_stopped_process_is_killed_with_the_others(tmp_path: Path, victim: str) -> None:
    engine = await start(tmp_path, STUBBORN)
    os.kill(engine.pid if victim == "guardian" else pid_of(tmp_path, victim), signal.SIGSTOP)
    assert await killed(engine) < 2


async def test_a_guardian_that_hardly_gets_to_run_kills_its_engine(tmp_path: Path) -> None:
    engine = await start(tmp_path, STUBBORN)
    with held_up(*engine.processes(), engine.pid, share=0.1):
        await killed(engine)


async def test_a_guardian_that_does_not_end_is_killed_with_its_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine_process, "_GUARDIAN_TAKES_S", 0.3)
    engine = await start(tmp_path, STUBBORN)
    server = pid_of(tmp_path, "sleep 1000")

    def but_it_stays_stopped(pid: int, number: signal.Signals) -> None:
        if number != signal.SIGCONT:
            send(pid, number)

    monkeypatch.setattr(engine_process, "send", but_it_stays_stopped)
    os.kill(engine.pid, signal.SIGSTOP)
    await killed(engine)
    said = next(record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert "has not ended within 0.3 s" in said
    assert f"process {server} (sleep, state S)" in said


async def test_nobody_waits_for_what_even_sigkill_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As a process that is stuck in the kernel: what a look finds stays, and nothing is told of the guardian's end."""
    for bound in ("_GUARDIAN_TAKES_S", "_KERNEL_TAKES_S", "_SEARCH_TAKES_S"):
        monkeypatch.setattr(engine_process, bound, 0.1)
    engine = await start(tmp_path, STUBBORN)
    stuck = threading.Event()
    monkeypatch.setattr(engine_process, "kill_inhabitants", lambda *_: stuck.wait(20))

    async def never() -> None:
        await asyncio.Event().wait()

    real = engine._guardian.wait
    monkeypatch.setattr(engine._guardian, "wait", never)
    await asyncio.wait_for(engine.kill("a test"), 2)
    stuck.set()
    await real()
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "cannot be searched for" in said


async def test_a_controller_that_dies_beside_a_stopped_guardian_leaves_nobody(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys, pathlib; from tests.controller.test_guardian import *;"
        "engine = asyncio.run(start(pathlib.Path(sys.argv[1]), STUBBORN)); os.kill(engine.pid, signal.SIGSTOP);"
        "print('started', flush=True); signal.pause()"
    )
    controller = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    with controller:
        assert controller.stdout is not None
        assert await asyncio.to_thread(controller.stdout.readline) == b"started\n"
        controller.kill()
        await asyncio.to_thread(controller.wait)
        assert await wait_for(lambda: not inhabitants(tmp_path / "run")) < 2


async def test_a_start_that_is_cancelled_leaves_nobody(tmp_path: Path) -> None:
    place = Workplace.create(tmp_path, "eng_1")
    starting = asyncio.create_task(EngineProcess.start(place, STUBBORN, dict(os.environ)))
    await asyncio.sleep(0.01)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await wait_for(lambda: not inhabitants(tmp_path / "run"), 3)


def test_a_sweep_with_a_slow_look_says_whom_it_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_LOOKS_AGAIN_S", 0.05)
    _slow_down(monkeypatch, 0.1)
    left = tmp_path / "run" / "eng_old"
    left.mkdir(parents=True)
    orphan = subprocess.Popen(["sleep", "1000"], cwd=left, start_new_session=True)
    told: list[str] = []
    assert sweep(tmp_path, "it was left", told.append) == 1
    assert orphan.wait(1) == -signal.SIGKILL
    assert told == [f"killing process {orphan.pid} (sleep): it was left"]


def _slow_down(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    real: Callable[[Path], list[int]] = processes.inhabitants

    def slow(folder: Path) -> list[int]:
        time.sleep(seconds)
        return real(folder)

    monkeypatch.setattr(processes, "inhabitants", slow)
    monkeypatch.setattr(engine_process, "inhabitants", slow)


def test_descendants_are_found_over_generations() -> None:
    parent = subprocess.Popen(["bash", "-c", "(sleep 1000 & wait) & wait"])
    deadline = time.monotonic() + 5
    while len(found := descendants(parent.pid)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for pid in [*found, parent.pid]:
        send(pid, signal.SIGKILL)
    parent.wait()
    assert descendants(parent.pid) == []


async def test_work_that_is_stuck_is_not_waited_for_and_holds_no_place() -> None:
    stuck = threading.Event()
    for _ in range(40):  # more than the default executor has threads
        with pytest.raises(TimeoutError):
            await within(0.01, stuck.wait, 20)
    assert await within(1, int, "7") == 7
    with pytest.raises(ValueError, match="seven"):
        await within(1, int, "seven")
    stuck.set()
