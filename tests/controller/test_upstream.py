"""An engine that somebody else runs."""

import asyncio
from pathlib import Path

import pytest

from ledger import engines
from ledger.database import Database
from ledger.records import Engine
from server.controller.errors import EngineFailed
from server.controller.settings import EngineSettings
from server.controller.upstream import base_address, choose, watch_upstream
from tests.fake_engine import FakeEngine


async def row_in(database: Database, state: str) -> Engine:
    async with asyncio.timeout(10):
        while True:
            with database.read() as connection:
                for row in engines.list_all(connection):
                    if row.state == state:
                        return row
            await asyncio.sleep(0.02)


async def test_an_upstream_is_served_under_its_own_models_name(ledger_path: Path) -> None:
    database, stop = Database.open(f"sqlite:///{ledger_path}", migrate=False), asyncio.Event()
    async with FakeEngine(port=0, model="their-model") as engine:
        settings = EngineSettings(upstream=f"{engine.url}/v1")
        watching = asyncio.create_task(watch_upstream(settings, database, stop))
        row = await row_in(database, "ready")
        assert (row.url, row.upstream_model, row.pid) == (engine.url, "their-model", None)
    failed = await row_in(database, "failed")
    assert engine.url in failed.message
    stop.set()
    await watching
    with database.read() as connection:
        assert engines.list_all(connection) == []
    database.close()


def test_the_v1_of_an_address_is_optional() -> None:
    assert base_address("http://h:1/v1/") == base_address("http://h:1") == "http://h:1"


def test_a_model_that_the_upstream_does_not_offer_is_refused_with_those_it_does() -> None:
    assert choose(["a", "b"], None, "u") == "a"
    assert choose(["a", "b"], "b", "u") == "b"
    with pytest.raises(EngineFailed, match="a, b"):
        choose(["a", "b"], "c", "u")
    with pytest.raises(EngineFailed, match="no model"):
        choose([], None, "u")
