"""Engines that are silent, on a machine that stands still, while they compute, and for no reason at all."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from server.controller.client import EngineClient
from server.controller.hang_watch import Hang, until_it_hangs
from server.controller.settings import EngineSettings
from server.controller.work_meter import Work, WorkMeter
from tests.fake_engine import Behaviour, FakeEngine

pytestmark = pytest.mark.alone

SETTINGS = EngineSettings(stall_timeout_s=0.6, busy_timeout_s=1.5, starved_timeout_s=2.5)


@pytest.fixture
async def silent(tmp_path: Path) -> AsyncIterator[EngineClient]:
    """A client of an engine that answers nothing."""
    async with FakeEngine(tmp_path / "s") as engine, EngineClient(engine.url) as client:
        engine.behaviour = Behaviour(hang_after=0)
        yield client


async def timed(client: EngineClient, work: WorkMeter | None, pressure: Callable[[], float]) -> tuple[Hang, float]:
    began = time.monotonic()
    hang = await until_it_hangs(client, SETTINGS, "attune@v1", work, pressure)
    return hang, time.monotonic() - began


async def test_silence_without_a_reason_is_a_hang_that_counts(silent: EngineClient) -> None:
    hang, took_s = await timed(silent, None, lambda: 0.1)
    assert (hang.explained, took_s < 1.4) == (False, True)
    assert "hangs: no token and no answer for 1 s" in hang.reason


async def test_a_machine_that_stands_still_is_given_longer(silent: EngineClient) -> None:
    hang, took_s = await timed(silent, None, lambda: 0.2)
    assert (hang.explained, took_s >= 2.5) == (True, True)
    assert "machine stood still" in hang.reason


async def test_a_silent_engine_is_found_soon_after_the_pressure_ends(silent: EngineClient) -> None:
    ends = time.monotonic() + 1
    hang, took_s = await timed(silent, None, lambda: 0.9 if time.monotonic() < ends else 0)
    assert (hang.explained, took_s < 2.2) == (False, True)


async def test_an_engine_that_computes_is_given_longer(silent: EngineClient) -> None:
    compiling = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        hang, took_s = await timed(silent, WorkMeter(lambda: [compiling.pid]), lambda: 0)
    finally:
        compiling.kill()
        compiling.wait()
    assert (hang.explained, took_s >= 1.5) == (True, True)
    assert "computed" in hang.reason


async def test_an_engine_whose_idle_threads_queue_for_cores_does_not_compute(silent: EngineClient) -> None:
    class Queued(WorkMeter):
        def work(self) -> Work:
            return Work(computed_s=0.002, queued_s=5.0)  # of each look: many threads that wake, and wait for long

    hang, took_s = await timed(silent, Queued(lambda: []), lambda: 0)
    assert (hang.explained, took_s < 1.4) == (False, True)


async def test_a_watcher_that_is_held_up_itself_gives_its_engine_longer(silent: EngineClient) -> None:
    async def hold_up() -> None:
        while True:
            time.sleep(0.5)
            await asyncio.sleep(0.01)

    holding = asyncio.create_task(hold_up())
    hang, took_s = await timed(silent, None, lambda: 0)
    holding.cancel()
    assert took_s >= 2.5
    assert hang.explained
