"""Several engines that somebody else runs: every version on each of them, open where its probe passed."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert

from ledger import audit, deployments, engines
from ledger.clock import utc_now
from ledger.database import Database
from ledger.deployments import Change
from ledger.records import Engine
from ledger.schema import model_versions
from server.controller import adapter_keeper, fleet, upstream
from server.controller.fleet import Fleet
from server.controller.settings import EngineSettings
from tests.controller.controlled import until_all
from tests.fake_engine import FakeEngine
from tests.fake_wire import logprobs_of

WHY = Change("op", "because")
TOKENS = [[1, 2, 3, 4], [5, 6, 7]]
WEIGHTS = "adapter_model.safetensors"

Open = set[tuple[str, int]]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks often, and drains briefly: here every gateway knows at once."""
    monkeypatch.setattr(upstream, "_POLL_S", 0.05)
    monkeypatch.setattr(adapter_keeper, "_ASK_EVERY_S", 0.1)
    monkeypatch.setattr(fleet, "GATEWAYS_KNOW_S", 0.1)


@pytest.fixture
def database(ledger_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    yield opened
    opened.close()


@pytest.fixture
async def two() -> AsyncIterator[tuple[FakeEngine, FakeEngine]]:
    async with FakeEngine(model="base") as one, FakeEngine(model="base") as other:
        yield one, other


@pytest.fixture
def add(database: Database, tmp_path: Path) -> Callable[..., Path]:
    """Registers an adapter over v1, below the home, which passed the gate; gives its folder. v1 must be there."""

    def add(number: int, weights: str, probed: str | None = None) -> Path:
        folder = tmp_path / "versions" / str(number)
        folder.mkdir(parents=True)
        (folder / WEIGHTS).write_text(weights)
        texts = [{"token_ids": ids, "logprobs": logprobs_of(probed or weights, ids)} for ids in TOKENS]
        row = {"number": number, "parent_number": 1, "form": "adapter", "path": str(folder), "sha256": weights}
        more = {"state": "passed", "created_at": utc_now(), "probe": {"texts": texts}}
        with database.write() as connection:
            connection.execute(insert(model_versions).values(row | more))
        return folder

    return add


@asynccontextmanager
async def fleet_of(home: Path, database: Database, *running: FakeEngine, **more: object) -> AsyncIterator[None]:
    """Runs the controller for these engines."""
    stop = asyncio.Event()
    settings = EngineSettings(
        upstream=",".join(f"{engine.url}/v1" for engine in running),
        upstream_model="base",
        **{"watch_interval_s": 0.05, **more},  # type: ignore[arg-type]
    )
    task = asyncio.create_task(Fleet(settings, home, database, stop, first_wait_s=0.1).run())
    try:
        yield
    finally:
        stop.set()
        await task


def change(database: Database, operation: Callable[..., object], *arguments: object) -> None:
    with database.write() as connection:
        operation(connection, *arguments, WHY)


def open_in(rows: list[Engine]) -> Open:
    return {(row.url, row.version_number) for row in rows if row.state == "ready"}


async def until_open(database: Database, wanted: Open) -> list[Engine]:
    """Waits until just these versions are open on these engines."""
    return await until_all(database, lambda rows: open_in(rows) == wanted)


async def test_a_version_is_loaded_on_every_engine_and_unloaded_from_all(
    tmp_path: Path, database: Database, two: tuple[FakeEngine, FakeEngine], add: Callable[..., Path]
) -> None:
    base = {(engine.url, 1) for engine in two}
    async with fleet_of(tmp_path, database, *two):
        await until_open(database, base)
        add(2, "a taste")
        change(database, deployments.start_canary, 2, 0.5)
        await until_open(database, base | {(engine.url, 2) for engine in two})
        assert [engine.adapters for engine in two] == [{"attune@v2": "a taste"}] * 2
        change(database, deployments.roll_back, 2)
        await until_all(database, lambda rows: len(rows) == 2)
        assert [engine.adapters for engine in two] == [{}, {}]


async def test_a_version_is_open_only_where_its_probe_passed(
    tmp_path: Path, database: Database, two: tuple[FakeEngine, FakeEngine], add: Callable[..., Path]
) -> None:
    good, bad = two
    bad.loads = "something else"
    async with fleet_of(tmp_path, database, *two):
        await until_open(database, {(good.url, 1), (bad.url, 1)})
        add(2, "a taste")
        change(database, deployments.start_canary, 2, 0.5)
        await until_open(database, {(good.url, 1), (bad.url, 1), (good.url, 2)})
        await until_all(database, lambda rows: probe_failures(database) >= 3)
        with database.read() as connection:
            assert deployments.current(connection).canary_version == 2
            rows = engines.list_all(connection)
        assert open_in(rows) == {(good.url, 1), (bad.url, 1), (good.url, 2)}


def probe_failures(database: Database) -> int:
    with database.read() as connection:
        return sum(entry.action == "probe_failed" for entry in audit.latest(connection))


async def test_a_version_that_no_engine_serves_as_registered_is_rolled_back(
    tmp_path: Path, database: Database, two: tuple[FakeEngine, FakeEngine], add: Callable[..., Path]
) -> None:
    base = {(engine.url, 1) for engine in two}
    async with fleet_of(tmp_path, database, *two):
        await until_open(database, base)
        add(2, "what is loaded", probed="what was registered")
        change(database, deployments.start_canary, 2, 0.5)
        await until_all(database, lambda rows: any(row.version_number == 2 for row in rows))
        await until_all(database, lambda rows: len(rows) == 2)
    with database.read() as connection:
        # The other engine's failed probe may be entered after it.
        assert "roll_back" in {entry.action for entry in audit.latest(connection, 10)}
        assert deployments.current(connection).canary_version is None


async def test_an_engine_that_was_started_anew_gets_its_versions_again(
    tmp_path: Path, database: Database, two: tuple[FakeEngine, FakeEngine], add: Callable[..., Path]
) -> None:
    everything = {(engine.url, number) for engine in two for number in (1, 2)}
    async with fleet_of(tmp_path, database, *two):
        await until_open(database, {(engine.url, 1) for engine in two})
        add(2, "a taste")
        change(database, deployments.start_canary, 2, 0.5)
        await until_open(database, everything)
        two[0].adapters.clear()
        await until_all(database, lambda rows: bool(two[0].adapters) and open_in(rows) == everything)


async def test_an_engine_that_dies_is_closed_and_the_other_stays_open(
    tmp_path: Path, database: Database, add: Callable[..., Path]
) -> None:
    one, other = FakeEngine(model="base"), FakeEngine(model="base")
    async with one, other, fleet_of(tmp_path, database, one, other):
        await until_open(database, {(engine.url, 1) for engine in (one, other)})
        add(2, "a taste")
        change(database, deployments.start_canary, 2, 0.5)
        await until_open(database, {(engine.url, number) for engine in (one, other) for number in (1, 2)})
        await other.__aexit__(None, None, None)
        await until_open(database, {(one.url, 1), (one.url, 2)})


async def test_a_new_controller_takes_over_what_runs_and_nothing_is_closed_meanwhile(
    tmp_path: Path, database: Database, two: tuple[FakeEngine, FakeEngine], add: Callable[..., Path]
) -> None:
    everything = {(engine.url, number) for engine in two for number in (1, 2)}
    async with fleet_of(tmp_path, database, *two):
        await until_open(database, {(engine.url, 1) for engine in two})
        add(2, "a taste")
        change(database, deployments.start_canary, 2, 0.5)
        before = {row.id for row in await until_open(database, everything)}
    for engine in two:
        engine.adapters["attune@v9"] = "an orphan"
    closed = False

    def taken_over(rows: list[Engine]) -> bool:
        nonlocal closed
        closed = closed or open_in(rows) != everything
        return not before & {row.id for row in rows}

    async with fleet_of(tmp_path, database, *two):
        await until_all(database, taken_over)
        await until_all(database, lambda rows: all(engine.adapters == {"attune@v2": "a taste"} for engine in two))
    assert not closed


async def test_a_name_that_other_weights_have_had_is_not_taken_by_a_later_controller(
    tmp_path: Path, database: Database, two: tuple[FakeEngine, FakeEngine], add: Callable[..., Path]
) -> None:
    one = two[0]
    one.loads = "something else"
    async with fleet_of(tmp_path, database, one):
        await until_open(database, {(one.url, 1)})
        add(2, "a taste")
        change(database, deployments.start_canary, 2, 0.5)
        await until_all(database, lambda rows: probe_failures(database) == 1)
    one.loads = None
    async with fleet_of(tmp_path, database, one):
        rows = await until_open(database, {(one.url, 1), (one.url, 2)})
    [row] = [row for row in rows if row.version_number == 2 and row.state == "ready"]
    assert row.upstream_model == f"attune@v2~{probe_failures(database) + 1}"


async def test_weights_that_were_exchanged_in_place_under_a_versions_name_are_caught_and_loaded_anew(
    tmp_path: Path, database: Database, two: tuple[FakeEngine, FakeEngine], add: Callable[..., Path]
) -> None:
    one, everything = two[0], {(two[0].url, 1), (two[0].url, 2)}
    async with fleet_of(tmp_path, database, one):
        await until_open(database, {(one.url, 1)})
        add(2, "a taste")
        change(database, deployments.start_canary, 2, 0.5)
        await until_open(database, everything)
    one.adapters["attune@v2"] = "another taste"
    async with fleet_of(tmp_path, database, one):
        await until_all(database, lambda rows: any(ready_as(row, "attune@v2~2") for row in rows))
        assert probe_failures(database) == 1
        assert one.adapters == {"attune@v2~2": "a taste"}


def ready_as(row: Engine, name: str) -> bool:
    return row.state == "ready" and row.upstream_model == name


async def test_adapters_are_loaded_from_where_the_engines_see_the_home(
    tmp_path: Path, database: Database, two: tuple[FakeEngine, FakeEngine], add: Callable[..., Path]
) -> None:
    one, mounted = two[0], tmp_path / "mounted"
    async with fleet_of(tmp_path, database, one, upstream_home=str(mounted)):
        await until_open(database, {(one.url, 1)})
        folder = add(2, "a taste")
        shutil.copytree(folder, mounted / "versions" / "2")
        (folder / WEIGHTS).unlink()
        change(database, deployments.start_canary, 2, 0.5)
        await until_open(database, {(one.url, 1), (one.url, 2)})
