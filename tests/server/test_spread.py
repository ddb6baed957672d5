"""One version on several engines: requests are spread, and an engine that fails is left out."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger import engines
from ledger.records import Engine
from server.upstream import Upstream
from tests.fake_engine import Behaviour, FakeEngine
from tests.server.conftest import Gateway

pytestmark = pytest.mark.alone

ONE, OTHER = (Engine(name, f"http://{name}", 1, "ready") for name in ("one", "other"))


@pytest.fixture
async def second(gateway: Gateway, tmp_path: Path) -> AsyncIterator[FakeEngine]:
    """A second engine with v1, which calls it by a name of its own."""
    async with FakeEngine(tmp_path / "second.sock", model="their-name") as engine:
        with gateway.database.write() as connection:
            engines.upsert(connection, Engine("engine-2", engine.url, 1, "ready", model_name=engine.model))
        async with asyncio.timeout(5):
            while len(gateway.app.state.context.poller.current.ready[1]) < 2:
                await asyncio.sleep(0.02)
        yield engine


async def ask_at_once(gateway: Gateway, count: int) -> Counter[int]:
    """How often each status came."""
    answers = await asyncio.gather(*(gateway.ask(user=f"person {number}") for number in range(count)))
    return Counter(answer.status_code for answer in answers)


async def test_requests_at_once_are_spread_evenly(gateway: Gateway, second: FakeEngine) -> None:
    for engine in (gateway.engine, second):
        engine.behaviour = Behaviour(tokens=2, first_token_delay_s=0.3)
    assert await ask_at_once(gateway, 20) == {200: 20}
    assert len(gateway.engine.received) == len(second.received) == 10
    assert {request.body["model"] for request in second.received} == {"their-name"}


async def test_an_engine_that_cannot_be_reached_costs_nobody_an_answer(gateway: Gateway, second: FakeEngine) -> None:
    await gateway.engine.__aexit__(None, None, None)
    assert await ask_at_once(gateway, 20) == {200: 20}
    assert len(second.received) == 20


async def test_an_engine_that_lost_the_version_is_passed_over_and_alone_it_is_a_503(
    gateway: Gateway, second: FakeEngine
) -> None:
    gateway.engine.model = "somebody started it anew"
    assert await ask_at_once(gateway, 10) == {200: 10}
    assert len(second.received) == 10
    second.model = "and this one too"
    answer = await gateway.ask()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_unreachable")
    assert answer.headers["retry-after"]


async def test_a_request_on_which_an_engine_broke_off_is_not_given_to_the_next(
    gateway: Gateway, second: FakeEngine
) -> None:
    for engine in (gateway.engine, second):
        engine.behaviour = Behaviour(die_after=0)
    answer = await gateway.ask()
    assert answer.status_code == 502
    assert len(gateway.engine.received) + len(second.received) == 1


def test_the_same_person_begins_with_the_same_engine_and_people_with_both() -> None:
    upstream = Upstream()
    first = [upstream.in_order([ONE, OTHER], f"user {number}")[0].url for number in range(200)]
    assert first == [upstream.in_order([OTHER, ONE], f"user {number}")[0].url for number in range(200)]
    assert 70 < first.count(ONE.url) < 130
