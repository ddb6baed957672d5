"""Erasing over the API: any name, and nothing of an answer that was on its way when its user was erased."""

import asyncio
import time

import pytest

from ledger import erase, person, vacuums
from ledger.errors import NotFound
from tests.fake_engine import Behaviour
from tests.server.conftest import Gateway, eventually

NAMES = ["team/ada", "https://idp.example/u/1?x=1#y", "..", ".", "a b", "ä/../ö", "%2F", "/"]


def people(gateway: Gateway) -> list[str]:
    with gateway.database.read() as connection:
        return [row["user"] for row in person.list_all(connection)]


@pytest.mark.parametrize("user", [*NAMES, ""])
async def test_any_name_is_shown_and_erased_by_the_query(gateway: Gateway, user: str) -> None:
    body = {"model": "attune", "messages": [{"role": "user", "content": "x"}]} | ({"user": user} if user else {})
    assert (await gateway.http.post("/v1/chat/completions", json=body)).status_code == 200
    shown = await gateway.http.get("/v1/users", params={"user": user})
    assert (shown.status_code, len(shown.json()["completions"])) == (200, 1)
    assert (await gateway.http.delete("/v1/users", params={"user": user})).json()["id"] == user
    assert people(gateway) == []
    assert (await gateway.http.delete("/v1/users", params={"user": user})).status_code == 404


@pytest.mark.parametrize("path", ["team%2Fada", "team/ada"])
async def test_a_name_in_the_path_may_hold_slashes(gateway: Gateway, path: str) -> None:
    body = {"model": "attune", "messages": [{"role": "user", "content": "x"}], "user": "team/ada"}
    await gateway.http.post("/v1/chat/completions", json=body)
    assert (await gateway.http.delete(f"/v1/users/{path}")).status_code == 200
    assert people(gateway) == []


async def test_erasing_nobody_in_particular_is_refused(gateway: Gateway) -> None:
    await gateway.ask()
    assert (await gateway.http.delete("/v1/users")).status_code == 400
    assert (await gateway.http.delete("/v1/users/")).status_code == 400
    assert people(gateway) == [""]


@pytest.mark.parametrize("user", ["ada", ""])
@pytest.mark.parametrize("known", [True, False])
async def test_an_answer_that_streams_while_its_user_is_erased_is_not_stored(
    gateway: Gateway, user: str, known: bool
) -> None:
    named = {"user": user} if user else {}
    if known:
        await gateway.ask(**named)
    gateway.engine.behaviour = Behaviour(tokens=20, token_delay_s=0.02)
    body = {"model": "attune", "messages": [{"role": "user", "content": "x"}], "stream": True, **named}
    async with gateway.http.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        erased = await gateway.http.delete("/v1/users", params={"user": user})
        assert erased.status_code == (200 if known else 404)
        assert [line async for line in lines if line][-1] == "data: [DONE]", "the client gets its whole answer"
    assert people(gateway) == []
    completion_id = f"chatcmpl-{answer.headers['x-request-id']}"
    with pytest.raises(NotFound):
        gateway.stored(completion_id, user)
    vote = await gateway.http.post("/v1/feedback", json={"completion_id": completion_id, "value": 1, **named})
    assert vote.status_code == 404
    gateway.engine.behaviour = Behaviour()
    assert (await gateway.ask(**named)).status_code == 200
    assert people(gateway) == [user], "who comes back is a new person"


async def test_an_answer_that_is_cut_off_after_its_user_was_erased_is_not_stored(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(tokens=1000, token_delay_s=0.01)
    body = {"model": "attune", "messages": [{"role": "user", "content": "x"}], "stream": True, "user": "ada"}
    async with gateway.http.stream("POST", "/v1/chat/completions", json=body) as answer:
        await anext(answer.aiter_lines())
        await gateway.http.delete("/v1/users/ada")
    await eventually(lambda: gateway.engine.running == 0)
    await asyncio.sleep(0.2)
    assert people(gateway) == []


async def test_another_gateways_erasing_is_heeded(start) -> None:  # type: ignore[no-untyped-def]
    one: Gateway = await start()
    one.engine.behaviour = Behaviour(tokens=20, token_delay_s=0.02)
    body = {"model": "attune", "messages": [{"role": "user", "content": "x"}], "stream": True, "user": "ada"}
    async with one.http.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        with one.database.write() as connection:  # as another process does it
            assert not erase.erase_user(connection, "acme", "ada")
        assert [line async for line in lines if line][-1] == "data: [DONE]"
    assert people(one) == []


async def test_an_answer_in_a_conversation_is_not_stored_after_its_user_was_erased(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(tokens=20, token_delay_s=0.02)
    async with gateway.client(user="ada") as client:
        made = (await client.post("/v1/conversations", json={})).json()["id"]
        question = {"role": "user", "content": "x"}
        asked = (await client.post(f"/v1/conversations/{made}/messages", json=question)).json()["id"]
        place = {"conversation_id": made, "parent_id": asked}
        body = {"model": "attune", "messages": [question], "stream": True, "metadata": place}
        async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            assert (await client.delete("/v1/users/ada")).status_code == 200
            assert [line async for line in lines if line][-1] == "data: [DONE]"
        late = await client.post(f"/v1/conversations/{made}/messages", json=question)
        assert late.status_code == 404
    assert people(gateway) == []


async def test_copies_that_cannot_be_removed_now_are_removed_later(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ledger.sqlite_files._available_memory", lambda: 0)
    monkeypatch.setattr("server.erasing._FIRST_RETRY_S", 0.05)
    monkeypatch.setattr("server.routes.users.WAIT_FOR_COPIES_S", 0.5)
    await gateway.ask(user="ada")
    began = time.monotonic()
    assert (await gateway.http.delete("/v1/users/ada")).status_code == 200
    assert 0.5 < time.monotonic() - began < 5, "nobody waits for the disk for ever"
    with gateway.database.read() as connection:
        assert vacuums.waiting_since(connection) is not None
    await eventually(lambda: "MiB of memory" in caplog.text, within_s=10)
    assert "ada" not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    monkeypatch.undo()

    def rewritten() -> bool:
        with gateway.database.read() as connection:
            return vacuums.waiting_since(connection) is None

    await eventually(rewritten, within_s=15)
