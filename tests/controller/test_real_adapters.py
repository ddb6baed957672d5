"""Adapters on the running engine of a real vLLM: the right one is opened, and a wrong one under its name is caught.

Wrong is another adapter's file under the name, and an exchange in place, after which vLLM serves what it likes. The
engine answers other requests all the while.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from ledger import audit, deployments, engines, versions
from ledger.database import Database
from ledger.deployments import Change
from ledger.records import AuditEntry, Json
from server.controller.client import EngineClient
from server.controller.command import engine_dtype
from server.controller.controller import Controller
from server.controller.errors import ProbeFailed
from server.controller.probe import attest, tolerance
from server.controller.settings import EngineSettings
from tests.processes import kill_all_in
from tests.random_adapter import register_passed

WHY = Change("op", "a test")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a short path, because of the socket's."""
    with tempfile.TemporaryDirectory(prefix="attune-") as folder:
        (Path(folder) / "home").mkdir()
        yield Path(folder) / "home"
        kill_all_in(Path(folder) / "home" / "run")


@asynccontextmanager
async def loading(home: Path, database: Database, model: Path) -> AsyncIterator[None]:
    """Runs a controller that loads adapters on the running engine."""
    stop = asyncio.Event()
    settings = EngineSettings(model=str(model), adapter_form="loaded")
    running = asyncio.create_task(Controller(settings, home, database, stop).run())
    try:
        yield
    finally:
        stop.set()
        await running


@asynccontextmanager
async def asked_by_others(database: Database) -> AsyncIterator[None]:
    """Has the base answer three requests at a time while the block runs, and none of them fail."""
    with database.read() as connection:
        [engine] = engines.serving(connection)
    stop, answered = asyncio.Event(), 0

    async def keep_asking(session: aiohttp.ClientSession) -> None:
        nonlocal answered
        body = {"model": "attune@v1", "prompt": "Once upon a time", "max_tokens": 24, "ignore_eos": True}
        while not stop.is_set():
            async with session.post("/v1/completions", json=body) as answer:
                assert answer.status == 200, await answer.text()
                answered += (await answer.json())["usage"]["completion_tokens"] == 24

    connector = aiohttp.UnixConnector(engine.url.removeprefix("unix://"))
    async with aiohttp.ClientSession("http://engine", connector=connector) as session:
        asking = [asyncio.create_task(keep_asking(session)) for _ in range(3)]
        yield
        stop.set()
        await asyncio.gather(*asking)
    assert answered > 20


async def until(condition: Callable[[], bool], timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.1)


def ready(database: Database) -> set[int]:
    with database.read() as connection:
        return {row.version_number for row in engines.serving(connection)}


def newest(database: Database, number: int) -> list[AuditEntry]:
    with database.read() as connection:
        return audit.latest(connection, number)


@pytest.mark.engine
@pytest.mark.timeout(600)
async def test_an_adapter_is_attested_on_the_running_engine_and_another_under_its_name_is_caught(
    home: Path, tmp_path: Path, random_adapters: tuple[Path, Path, Path]
) -> None:
    model, right, other = random_adapters
    wrong = shutil.copytree(other, tmp_path / "wrong")
    probe_of_wrong = json.loads((wrong / "probe.json").read_bytes())
    shutil.copyfile(right / "probe.json", wrong / "probe.json")  # as if the files had been mixed up
    with closing(Database.open(f"sqlite:///{home / 'ledger.db'}")) as database:
        async with loading(home, database, model):
            await until(lambda: ready(database) == {1}, 240)
            tried, mixed_up = (register_passed(database, folder, 1) for folder in (right, wrong))
            async with asked_by_others(database):
                with database.write() as connection:
                    deployments.start_canary(connection, tried, 0.1, WHY)
                await until(lambda: ready(database) == {1, tried}, 30)
                with database.write() as connection:
                    deployments.withdraw(connection, tried, WHY)
                    deployments.start_canary(connection, mixed_up, 0.1, WHY)
                await until(lambda: newest(database, 1)[0].action == "roll_back", 60)
                entries = newest(database, 4)
                assert [entry.action for entry in entries] == ["roll_back"] + ["probe_failed"] * 3
                assert "does not serve attune@v3" in entries[-1].reason
                await until(lambda: ready(database) == {1}, 30)
                await an_exchange_in_place_is_caught(database, right, wrong, probe_of_wrong)


async def an_exchange_in_place_is_caught(database: Database, right: Path, wrong: Path, probe_of_wrong: Json) -> None:
    """Loads one adapter, and another over it under the same name, as vLLM's `load_inplace` offers.

    Whichever of the two is served then: with the figures of the other one it does not pass.
    """
    with database.read() as connection:
        [engine] = engines.serving(connection)
        kept = versions.get(connection, 2)
    exchanged = replace(kept, number=9, probe=probe_of_wrong)
    allowed = tolerance(engine_dtype(EngineSettings(), "cpu"))
    async with EngineClient(engine.url) as client:
        await client.load_adapter("exchanged", right)
        assert await attest(client, kept, [], allowed, "exchanged") is not None
        connector = aiohttp.UnixConnector(engine.url.removeprefix("unix://"))
        async with aiohttp.ClientSession("http://engine", connector=connector) as session:
            body = {"lora_name": "exchanged", "lora_path": str(wrong), "load_inplace": True}
            async with session.post("/v1/load_lora_adapter", json=body) as answer:
                assert answer.status == 200, await answer.text()
        caught = 0
        for wanted in (kept, exchanged):
            with suppress(ProbeFailed):
                await attest(client, wanted, [], allowed, "exchanged")
                continue
            caught += 1
        assert caught == 1
