"""Versions come and go: an engine for each that should run, attested before it is open, drained before it ends."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import insert

from ledger import audit, deployments, engines, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.deployments import Change
from ledger.records import Engine
from ledger.schema import model_versions
from server.controller.client import EngineClient
from server.controller.processes import inhabitants
from tests.controller.controlled import CRASHES, controlled, until_all
from tests.controller.test_heavy_requests import broken_off
from tests.fake_wire import logprobs_of

WHY = Change("op", "because")
TOKENS = [[1, 2, 3, 4], [5, 6, 7]]


@pytest.fixture
def database(ledger_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    yield opened
    opened.close()


@pytest.fixture
def add_version(database: Database, model_folder: Path) -> Callable[..., Path]:
    """Registers a version with weights of its own, which passed the gate; gives its folder. v1 must be there."""

    def add(number: int, weights: str, probed: str | None = None) -> Path:
        folder = model_folder.parent / f"v{number}"
        shutil.copytree(model_folder, folder)
        (folder / "model.safetensors").write_text(weights)
        texts = [{"token_ids": ids, "logprobs": logprobs_of(probed or weights, ids)} for ids in TOKENS]
        row = {"number": number, "parent_number": 1, "form": "full", "path": str(folder), "sha256": weights}
        more = {"state": "passed", "created_at": utc_now(), "probe": {"texts": texts}}
        with database.write() as connection:
            connection.execute(insert(model_versions).values(row | more))
        return folder

    return add


def change(database: Database, operation: Callable[..., object], *arguments: object) -> None:
    with database.write() as connection:
        operation(connection, *arguments, WHY)


def serving(rows: list[Engine]) -> dict[int, str]:
    """The engines' states by version."""
    return {row.version_number: row.state for row in rows}


async def only_first_is_left(database: Database, seen: set[str] | None = None) -> Engine:
    """Waits until the canary v2 is rolled back and its engine gone; between two tries it may have none for a moment.

    Returns:
        v1's engine. The states that v2's engines had are added to `seen`.
    """

    def rolled_back(rows: list[Engine]) -> bool:
        if seen is not None:
            seen.update(row.state for row in rows if row.version_number == 2)
        with database.read() as connection:
            return deployments.current(connection).canary_version is None and serving(rows) == {1: "ready"}

    [left] = await until_all(database, rolled_back, timeout_s=40)
    return left


async def open_versions(database: Database, *numbers: int) -> list[Engine]:
    """Waits until just these versions have an engine, and all are ready."""
    return await until_all(database, lambda rows: serving(rows) == dict.fromkeys(numbers, "ready"))


async def test_a_canary_gets_an_engine_of_its_own_and_the_former_live_one_stays_at_hand(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        [live] = await open_versions(database, 1)
        add_version(2, "other weights")
        change(database, deployments.start_canary, 2, 0.1)
        canary, still = await open_versions(database, 1, 2)
        assert still.id == live.id
        change(database, deployments.promote, 2)
        await asyncio.sleep(0.5)
        rows = await open_versions(database, 1, 2)
        assert {row.id for row in rows} == {live.id, canary.id}
        change(database, deployments.roll_back, 2)
        [back] = await open_versions(database, 1)
        assert back.id == live.id
        assert inhabitants(tmp_path / "run" / canary.id) == []


async def test_a_former_live_version_is_let_go_after_a_while(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm, keep_former_s=0):
        await open_versions(database, 1)
        add_version(2, "other weights")
        change(database, deployments.start_canary, 2, 0.1)
        await open_versions(database, 1, 2)
        change(database, deployments.promote, 2)
        await until_all(database, lambda rows: serving(rows) == {1: "draining", 2: "ready"})
        await open_versions(database, 2)
        change(database, deployments.roll_back, 2)
        await open_versions(database, 1)


async def test_an_engine_that_serves_something_else_is_never_open_and_the_version_is_rolled_back(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    seen: set[str] = set()
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await open_versions(database, 1)
        add_version(2, "what the engine loads", probed="what was registered")
        change(database, deployments.start_canary, 2, 0.1)
        await only_first_is_left(database, seen)
    assert "ready" not in seen
    with database.read() as connection:
        entries = audit.latest(connection, 4)
        assert versions.get(connection, 2).state == "rejected"
    assert [entry.action for entry in entries] == ["roll_back"] + ["probe_failed"] * 3
    assert "3 times in a row" in entries[0].reason
    assert "does not serve attune@v2" in entries[1].reason


async def test_a_version_whose_engine_crashes_three_times_is_rolled_back_and_live_does_not_notice(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        [live] = await open_versions(database, 1)
        (add_version(2, "spoilt") / CRASHES).touch()
        change(database, deployments.start_canary, 2, 0.1)
        assert (await only_first_is_left(database)).id == live.id
    with database.read() as connection:
        entry = audit.latest(connection, 1)[0]
    assert (entry.actor, entry.action, entry.subject) == ("controller", "roll_back", "v2")
    assert "the weights are spoilt" in entry.reason


async def test_a_promoted_version_that_crashes_three_times_gives_way_to_the_one_before(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await open_versions(database, 1)
        folder = add_version(2, "other weights")
        change(database, deployments.start_canary, 2, 0.1)
        await open_versions(database, 1, 2)
        change(database, deployments.promote, 2)
        (folder / CRASHES).touch()
        with database.read() as connection:
            [row] = [row for row in engines.list_all(connection) if row.version_number == 2]
        assert row.pid is not None
        os.kill(row.pid, signal.SIGKILL)
        await until_all(database, lambda rows: serving(rows) == {1: "ready"})
        with database.read() as connection:
            assert deployments.current(connection).live_version == 1


async def test_engines_that_end_with_a_constrained_request_are_not_the_versions_fault(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    """Whoever names the version in a request could else have it rolled back."""
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await open_versions(database, 1)
        add_version(2, "other weights")
        change(database, deployments.start_canary, 2, 0.1)
        for _ in range(3):
            rows = await open_versions(database, 1, 2)
            [pid] = [row.pid for row in rows if row.version_number == 2]
            assert pid is not None
            broken_off(database, 2)
            os.kill(pid, signal.SIGKILL)
            await until_all(database, lambda rows: serving(rows) != {1: "ready", 2: "ready"})
        await open_versions(database, 1, 2)


async def test_a_running_answer_is_finished_before_its_engine_ends(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await open_versions(database, 1)
        add_version(2, "other weights")
        change(database, deployments.start_canary, 2, 0.1)
        rows = await open_versions(database, 1, 2)
        url = next(row.url for row in rows if row.version_number == 2)
        connector = aiohttp.UnixConnector(url.removeprefix("unix://"))
        async with aiohttp.ClientSession("http://engine", connector=connector) as engine:
            await engine.put("/fake/behaviour", json={"token_delay_s": 0.25, "tokens": 20})
            body = {"model": "attune@v2", "prompt": "x", "stream": True}
            async with engine.post("/v1/completions", json=body) as answer:
                change(database, deployments.roll_back, 2)
                said = await answer.read()
        assert said.endswith(b"data: [DONE]\n\n")
        await open_versions(database, 1)


async def test_a_version_that_is_wanted_again_while_its_engine_drains_keeps_it(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await open_versions(database, 1)
        add_version(2, "other weights")
        change(database, deployments.start_canary, 2, 0.1)
        before = await open_versions(database, 1, 2)
        change(database, deployments.withdraw, 2)
        await until_all(database, lambda rows: serving(rows)[2] == "draining")
        change(database, deployments.start_canary, 2, 0.1)
        after = await open_versions(database, 1, 2)
        assert {row.id for row in after} == {row.id for row in before}


async def test_a_new_controller_begins_from_what_the_ledger_says(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_version: Callable[..., Path]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await open_versions(database, 1)
        add_version(2, "other weights")
        change(database, deployments.start_canary, 2, 0.1)
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await open_versions(database, 1, 2)
        change(database, deployments.promote, 2)
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await open_versions(database, 1, 2)


@pytest.fixture
def add_adapter(database: Database, tmp_path: Path) -> Callable[..., None]:
    """Registers an adapter over v1, which passed the gate. v1 must be there already."""

    def add(number: int, weights: str, probed: str | None = None) -> None:
        folder = tmp_path / f"adapter{number}"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_text(weights)
        texts = [{"token_ids": ids, "logprobs": logprobs_of(probed or weights, ids)} for ids in TOKENS]
        row = {"number": number, "parent_number": 1, "form": "adapter", "path": str(folder), "sha256": weights}
        more = {"state": "passed", "created_at": utc_now(), "probe": {"texts": texts}}
        with database.write() as connection:
            connection.execute(insert(model_versions).values(row | more))

    return add


async def test_adapters_are_loaded_on_the_engine_of_their_base_and_unloaded_when_they_go(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_adapter: Callable[..., None]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm, adapter_form="loaded", keep_former_s=0):
        [base] = await open_versions(database, 1)
        add_adapter(2, "a taste")
        change(database, deployments.start_canary, 2, 0.1)
        canary, _ = await open_versions(database, 1, 2)
        assert (canary.url, canary.control_tokens) == (base.url, base.control_tokens)
        change(database, deployments.promote, 2)
        add_adapter(3, "another taste")
        change(database, deployments.start_canary, 3, 0.1)
        await open_versions(database, 1, 2, 3)  # v1 is not wanted itself, but carries the two
        assert await models(base.url) == ["attune@v1", "attune@v2", "attune@v3"]
        change(database, deployments.roll_back, 3)
        await open_versions(database, 1, 2)
        assert await models(base.url) == ["attune@v1", "attune@v2"]


async def test_adapters_are_back_on_the_engine_that_takes_the_place_of_one_that_died(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_adapter: Callable[..., None]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm, adapter_form="loaded"):
        [base] = await open_versions(database, 1)
        add_adapter(2, "a taste")
        change(database, deployments.start_canary, 2, 0.1)
        await open_versions(database, 1, 2)
        assert base.pid is not None
        os.kill(base.pid, signal.SIGKILL)
        await until_all(database, lambda rows: all(row.url != base.url for row in rows) and len(rows) == 2)
        rows = await open_versions(database, 1, 2)
        assert len({row.url for row in rows}) == 1
        assert await models(rows[0].url) == ["attune@v1", "attune@v2"]


async def test_an_adapter_that_is_not_what_was_registered_is_tried_under_new_names_and_rolled_back(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], add_adapter: Callable[..., None]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm, adapter_form="loaded"):
        [base] = await open_versions(database, 1)
        add_adapter(2, "what is loaded", probed="what was registered")
        change(database, deployments.start_canary, 2, 0.1)
        assert (await only_first_is_left(database)).id == base.id
        assert await models(base.url) == ["attune@v1"]
    with database.read() as connection:
        entries = audit.latest(connection, 4)
    assert [entry.action for entry in entries] == ["roll_back"] + ["probe_failed"] * 3


async def models(url: str) -> list[str]:
    """What an engine serves."""
    async with EngineClient(url) as client:
        return await client.models()
