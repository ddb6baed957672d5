"""The start of an engine: no question takes all of its time, and what lasts too long is said."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.database import Database
from ledger.ids import new_id
from ledger.records import Engine
from ledger.schema import model_versions
from server.controller import crew, watch
from server.controller.client import EngineClient
from server.controller.engine_process import EngineProcess, Workplace
from server.controller.errors import EngineFailed
from server.controller.observed import ObservedEngine
from server.controller.settings import EngineSettings
from server.controller.watch import until_ready
from tests.controller.controlled import controlled, until
from tests.fake_engine import Behaviour, FakeEngine

pytestmark = pytest.mark.alone


@pytest.fixture
def database(ledger_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    yield opened
    opened.close()


async def started(home: Path, engine: FakeEngine, **settings: Any) -> list[str]:
    """Follows the start of a process in whose place a fake engine answers; returns the stages."""
    place = Workplace.create(home, "eng_1")
    process = await EngineProcess.start(place, ["sleep", "1000"], dict(os.environ))
    stages: list[str] = []

    async def report(stage: str) -> None:
        stages.append(stage)

    try:
        place.socket.symlink_to(engine.url.removeprefix("unix://"))
        async with EngineClient(place.url) as client:
            chosen = EngineSettings(watch_interval_s=0.05, **settings)
            await until_ready(process, client, chosen, "attune@v1", report)
    finally:
        await process.kill()
    return stages


async def test_a_question_that_is_not_answered_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_QUESTION_S", 0.3)
    async with FakeEngine(tmp_path / "s") as engine:
        engine.behaviour = Behaviour(hang_after=0)
        starting = asyncio.create_task(started(tmp_path, engine, start_timeout_s=20))
        while not engine.received:
            await asyncio.sleep(0.01)
        engine.behaviour = Behaviour()
        stages = await asyncio.wait_for(starting, 5)
    assert len(engine.received) == 2
    assert "has not answered 1 questions" in stages[-1]


async def test_a_start_that_is_given_up_says_that_it_was_never_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_QUESTION_S", 0.2)
    async with FakeEngine(tmp_path / "s") as engine:
        engine.behaviour = Behaviour(hang_after=0)
        with pytest.raises(EngineFailed, match=r"not ready after 1 s.*has not answered \d questions"):
            await started(tmp_path, engine, start_timeout_s=1)


async def test_the_controller_speaks_of_an_engine_in_every_stage_and_says_what_takes_too_long(
    tmp_path: Path, database: Database, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(watch, "_QUESTION_S", 100)
    silent = ["bash", "-c", "sleep 1000"]
    async with controlled(tmp_path, database, model_folder, silent, start_timeout_s=2):
        first = await until(database, lambda row: row.message == "importing vLLM")
        await until(database, lambda row: row.updated_at > first.updated_at and row.message == first.message)
        failed = await until(database, lambda row: row.state == "failed")
        later = await until(database, lambda row: row.updated_at > failed.updated_at)
        assert later.id == failed.id


async def test_a_state_that_lasts_longer_than_it_should_is_said_in_the_row_and_once_in_the_log(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy import insert

    from ledger.clock import utc_now

    row = {"number": 1, "form": "base", "path": "/m", "sha256": "0", "state": "live", "created_at": utc_now()}
    with database.write() as connection:
        connection.execute(insert(model_versions).values(row))
    observed = ObservedEngine(database, Engine(new_id("eng"), "", 1, "starting", "loading the weights"), 0.1)
    await observed.heartbeat()
    assert observed.row.message == "loading the weights"
    await asyncio.sleep(0.15)
    for _ in range(3):
        await observed.heartbeat()
    assert observed.row.message == "loading the weights (starting for longer than the 0 s that it should take)"
    assert len(caplog.records) == 1
    await observed.report("ready", "serves it")
    await observed.heartbeat()
    assert observed.row.message == "serves it"
