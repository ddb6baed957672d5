"""Places are counted by answers and shared by key, through a running gateway."""

import asyncio

import httpx
import pytest

from ledger import engines, keys
from ledger.records import Engine
from tests.fake_engine import Behaviour
from tests.server.conftest import ALL_SCOPES, Gateway, eventually

MANY = {"model": "attune", "prompt": ["x"] * 8, "n": 2}
CHAT = {"model": "attune", "messages": [{"role": "user", "content": "x"}]}
SCHEMA = {"type": "array", "items": {}, "maxItems": 20_000}


async def test_a_request_takes_as_many_places_as_it_asks_for_answers(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(first_token_delay_s=30)
    admission = gateway.app.state.context.admission
    asked = asyncio.create_task(gateway.http.post("/v1/completions", json=MANY))
    await eventually(lambda: admission.running == 16)
    asked.cancel()
    await eventually(lambda: admission.running == 0)


@pytest.mark.parametrize(
    ("body", "answers"),
    [(MANY | {"n": 8, "prompt": ["x"] * 64}, 512), (MANY | {"n": 3}, 24), (MANY | {"n": 1, "prompt": [[1]] * 65}, 65)],
)
async def test_a_request_for_too_many_answers_is_refused(start, body, answers) -> None:  # type: ignore[no-untyped-def]
    gateway: Gateway = await start(max_sequences=16)
    refused = await gateway.http.post("/v1/completions", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "too_many_answers")
    assert f"{answers} answers" in refused.json()["error"]["message"]
    assert gateway.engine.received == []


async def test_a_schema_for_many_answers_is_refused_where_one_is_taken(gateway: Gateway) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}
    assert (await gateway.ask(response_format=form)).status_code == 200
    refused = await gateway.ask(response_format=form, n=8)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "schema_too_expensive")
    assert "for each of 8 answers" in refused.json()["error"]["message"]


async def test_another_key_is_answered_while_one_holds_all_that_it_may(start) -> None:  # type: ignore[no-untyped-def]
    gateway: Gateway = await start(max_concurrent=16, queue_timeout_s=0.2)
    gateway.engine.behaviour = Behaviour(first_token_delay_s=30)
    asked = asyncio.create_task(gateway.http.post("/v1/completions", json=MANY))
    await eventually(lambda: gateway.engine.running == 1)
    gateway.engine.behaviour = Behaviour()
    assert (await gateway.ask()).status_code == 503
    async with gateway.client(gateway.make_key()) as other:
        assert (await other.post("/v1/chat/completions", json=CHAT)).status_code == 200
    asked.cancel()


async def test_people_of_the_chat_do_not_share_places(start) -> None:  # type: ignore[no-untyped-def]
    gateway: Gateway = await start(max_concurrent=16, queue_timeout_s=0.2)
    secret = gateway.make_key(owner=keys.CHAT_OWNER, scopes=ALL_SCOPES)
    gateway.engine.behaviour = Behaviour(first_token_delay_s=30)
    async with gateway.client(secret, user="ada") as ada, gateway.client(secret, user="bob") as bob:
        asked = asyncio.create_task(ada.post("/v1/completions", json=MANY))
        await eventually(lambda: gateway.engine.running == 1)
        gateway.engine.behaviour = Behaviour()
        statuses = [(await one.post("/v1/chat/completions", json=CHAT)).status_code for one in (ada, bob)]
        assert statuses == [503, 200]
        asked.cancel()


async def test_our_own_engine_is_told_how_much_the_key_holds_already(gateway: Gateway) -> None:
    with gateway.database.write() as connection:
        engines.upsert(connection, Engine("engine-1", gateway.engine.url, 1, "ready", pid=1))
    await asyncio.sleep(0.5)
    gateway.engine.behaviour = Behaviour(first_token_delay_s=30)
    asked = asyncio.create_task(gateway.http.post("/v1/completions", json=MANY))
    await eventually(lambda: gateway.engine.received)
    with pytest.raises(httpx.ReadTimeout):
        await gateway.http.post("/v1/chat/completions", json=CHAT, timeout=0.3)
    assert [received.body.get("priority") for received in gateway.engine.received] == [0, 16]
    asked.cancel()


async def test_the_engine_gets_what_it_can_enforce_of_a_schema(gateway: Gateway) -> None:
    schema = {"type": "array", "items": {"type": "string"}}
    form = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema | {"uniqueItems": True}}}
    answer = await gateway.ask(response_format=form)
    assert gateway.engine.received[-1].body["response_format"]["json_schema"]["schema"] == schema
    assert gateway.stored(answer.json()["id"]).params["response_format"] == form
