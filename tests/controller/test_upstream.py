"""An engine that somebody else runs."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import ValidationError

from ledger import engines, versions
from ledger.database import Database
from ledger.model_files import fingerprint
from ledger.records import Engine
from server.controller.errors import EngineFailed, ModelUnusable
from server.controller.fleet import Fleet
from server.controller.settings import STARTER, EngineSettings
from server.controller.upstream import check_upstreams, choose
from tests.fake_engine import Behaviour, FakeEngine


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
        watching = asyncio.create_task(Fleet(settings, ledger_path.parent, database, stop).run())
        row = await row_in(database, "ready")
        assert (row.url, row.upstream_model, row.pid) == (engine.url, "their-model", None)
    failed = await row_in(database, "failed")
    assert engine.url in failed.message
    stop.set()
    await watching
    database.close()


async def test_an_upstream_that_hangs_gets_no_traffic_until_it_answers_again(ledger_path: Path) -> None:
    database, stop = Database.open(f"sqlite:///{ledger_path}", migrate=False), asyncio.Event()
    async with FakeEngine(port=0, model="their-model") as engine:
        settings = EngineSettings(upstream=engine.url, stall_timeout_s=1)
        watching = asyncio.create_task(Fleet(settings, ledger_path.parent, database, stop).run())
        await row_in(database, "ready")
        engine.behaviour = Behaviour(hang_after=0)
        failed = await row_in(database, "failed")
        assert "hangs" in failed.message
        engine.behaviour = Behaviour()
        await row_in(database, "ready")
        stop.set()
        await watching
    database.close()


async def test_an_upstream_that_does_not_count_its_tokens_is_asked_for_one_at_first(ledger_path: Path) -> None:
    database, stop = Database.open(f"sqlite:///{ledger_path}", migrate=False), asyncio.Event()
    async with FakeEngine(port=0, model="their-model", counts_tokens=False) as engine:
        settings = EngineSettings(upstream=engine.url, stall_timeout_s=0.5)
        watching = asyncio.create_task(Fleet(settings, ledger_path.parent, database, stop).run())
        await row_in(database, "ready")
        await asyncio.sleep(3)
        assert [request.path for request in engine.received] == ["/v1/chat/completions"]
        assert engine.generated == 1
        assert (await row_in(database, "ready")).url == engine.url
        stop.set()
        await watching
    database.close()


async def test_a_router_that_lists_a_model_which_nobody_serves_yet_gets_no_traffic(ledger_path: Path) -> None:
    database, stop = Database.open(f"sqlite:///{ledger_path}", migrate=False), asyncio.Event()
    async with FakeEngine(port=0, model="their-model", counts_tokens=False) as engine:
        engine.behaviour = Behaviour(hang_after=0)
        settings = EngineSettings(upstream=engine.url, stall_timeout_s=0.5)
        fleet = Fleet(settings, ledger_path.parent, database, stop)
        watching = asyncio.create_task(fleet.run())
        await asyncio.sleep(2)
        with database.read() as connection:
            assert engines.list_all(connection) == []
        engine.behaviour = Behaviour()
        assert (await row_in(database, "ready")).url == engine.url
        stop.set()
        await watching
    database.close()


async def test_an_upstream_whose_files_are_here_is_known_by_them(ledger_path: Path) -> None:
    database, stop = Database.open(f"sqlite:///{ledger_path}", migrate=False), asyncio.Event()
    async with FakeEngine(port=0, model="their-model") as engine:
        settings = EngineSettings(upstream=engine.url, upstream_folder=STARTER)
        watching = asyncio.create_task(Fleet(settings, ledger_path.parent, database, stop).run())
        row = await row_in(database, "ready")
        stop.set()
        await watching
    assert "<|im_start|>" in row.control_tokens
    with database.read() as connection:
        version = versions.get(connection, row.version_number)
    assert (version.path, version.sha256) == (str(STARTER), fingerprint(STARTER, ledger_path.parent / "cache"))
    database.close()


async def test_what_answers_with_something_else_than_models_is_named_and_tried_again(ledger_path: Path) -> None:
    database, stop = Database.open(f"sqlite:///{ledger_path}", migrate=False), asyncio.Event()
    app = web.Application()
    app.router.add_get("/v1/models", _no_models)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with pytest.raises(EngineFailed, match=f"{url} cannot be used: asked for its models"):
        await check_upstreams(EngineSettings(upstream=url))
    running = asyncio.create_task(Fleet(EngineSettings(upstream=url), ledger_path.parent, database, stop).run())
    await asyncio.sleep(0.3)
    assert not running.done()
    stop.set()
    await running
    await runner.cleanup()
    database.close()


async def _no_models(request: web.Request) -> web.Response:
    return web.json_response(["no", "models"])


async def test_an_upstream_folder_without_a_model_is_named(ledger_path: Path) -> None:
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    settings = EngineSettings(upstream="http://127.0.0.1:9", upstream_folder=ledger_path.parent)
    with pytest.raises(ModelUnusable, match="ATTUNE_UPSTREAM_FOLDER"):
        await Fleet(settings, ledger_path.parent, database, asyncio.Event()).run()
    database.close()


def test_the_v1_of_an_address_is_optional_and_several_are_separated_by_commas() -> None:
    assert EngineSettings(upstream="http://h:1/v1/").upstreams == EngineSettings(upstream="http://h:1").upstreams
    several = EngineSettings(upstream="http://h:1/v1, https://i:2,http://h:1", upstream_model="base")
    assert several.upstreams == ("http://h:1", "https://i:2")


@pytest.mark.parametrize("address", ["h:1", "http://h:1,i:2", "http://h:1 http://i:2", "http://h:1,"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        EngineSettings(upstream=address, upstream_model="base")


def test_several_upstreams_must_name_the_model_that_all_of_them_serve() -> None:
    with pytest.raises(ValidationError, match="upstream_model"):
        EngineSettings(upstream="http://h:1,http://i:2")


def test_a_model_that_the_upstream_does_not_offer_is_refused_with_those_it_does() -> None:
    assert choose(["a", "b"], None, "u") == "a"
    assert choose(["a", "b"], "b", "u") == "b"
    with pytest.raises(EngineFailed, match="a, b"):
        choose(["a", "b"], "c", "u")
    with pytest.raises(EngineFailed, match="no model"):
        choose([], None, "u")
