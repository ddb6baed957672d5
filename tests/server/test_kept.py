"""How much of an answer is kept: who says it, what the client is told, and what can still be done with the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from ledger import deployments, engines, traffic
from ledger.clock import utc_now
from ledger.records import Engine
from ledger.schema import completions, conversations, feedback, model_versions, users
from server.controller.heavy_requests import ended_one
from tests.fake_engine import Behaviour, FakeEngine
from tests.odd_upstream import odd_upstream
from tests.processes import ROOT
from tests.server.conftest import Gateway, eventually

HELLO = [{"role": "user", "content": "hello there"}]
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/completions": {"prompt": ["hello", "there"], "n": 2},
    "/v1/responses": {"input": "hello there"},
}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}


def count(gateway: Gateway, table: Any) -> int:
    with gateway.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.mark.parametrize(
    ("key", "header", "store", "kept"),
    [
        ("full", None, None, "full"),
        ("full", None, True, "full"),
        ("full", None, False, "metadata"),
        ("full", "metadata", True, "metadata"),
        ("full", "Nothing", None, "nothing"),
        ("full", "nothing", False, "nothing"),
        ("metadata", None, None, "metadata"),
        ("metadata", "full", True, "metadata"),
        ("metadata", "nothing", None, "nothing"),
        ("nothing", None, True, "nothing"),
        ("nothing", "metadata", False, "nothing"),
    ],
)
async def test_key_header_and_store_can_each_only_keep_less(
    gateway: Gateway, key: str, header: str | None, store: bool | None, kept: str
) -> None:
    body = {"model": "attune", "messages": HELLO} | ({} if store is None else {"store": store})
    headers = {} if header is None else {"x-attune-keep": header}
    async with gateway.client(gateway.make_key(keep=key)) as client:
        answer = await client.post("/v1/chat/completions", json=body, headers=headers)
    assert (answer.status_code, answer.headers["x-attune-kept"]) == (200, kept)
    assert "x-attune-ignored" not in answer.headers
    assert count(gateway, completions) == count(gateway, users) == (0 if kept == "nothing" else 1)
    if kept != "nothing":
        row = gateway.stored(answer.json()["id"])
        assert (row.kept, bool(row.messages), bool(row.choices[0].text)) == (kept, kept == "full", kept == "full")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("kept", ["metadata", "nothing"])
async def test_every_generating_endpoint_keeps_to_it_streamed_and_whole(
    gateway: Gateway, path: str, stream: bool, kept: str
) -> None:
    body = {"model": "attune", "stream": stream, **BODIES[path]}
    answer = await gateway.http.post(path, json=body, headers={"x-attune-keep": kept})
    assert (answer.status_code, answer.headers["x-attune-kept"]) == (200, kept)
    assert "word0" in answer.text
    assert ("unkept-" + answer.headers["x-request-id"] in answer.text) == (kept == "nothing")
    assert "store" not in gateway.engine.received[-1].body or path == "/v1/responses"
    assert count(gateway, completions) == (kept == "metadata")
    metrics = (await gateway.http.get("/metrics")).text
    assert 'attune_completions_total{route="live",status="complete",version="v1"} 1.0' in metrics


async def test_a_word_that_is_no_policy_is_refused(gateway: Gateway) -> None:
    answer = await gateway.http.post("/v1/feedback", json={}, headers={"x-attune-keep": "everything"})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "X-Attune-Keep")
    assert "full, metadata, nothing" in error["message"]


async def test_an_answer_without_its_text_is_not_given_again_and_can_be_erased(gateway: Gateway) -> None:
    bare, gone = [
        (await gateway.http.post("/v1/chat/completions", json={"model": "attune", "messages": HELLO}, headers=headers))
        for headers in ({"x-attune-keep": "metadata"}, {"x-attune-keep": "nothing"})
    ]
    for answer, why in ((bare, "only metadata was kept"), (gone, "Nothing was kept")):
        found = await gateway.http.get(f"/v1/chat/completions/{answer.json()['id']}")
        assert (found.status_code, found.json()["error"]["code"]) == (404, "not_kept")
        assert why in found.json()["error"]["message"]
    assert (await gateway.http.delete(f"/v1/chat/completions/{gone.json()['id']}")).status_code == 404
    assert (await gateway.http.delete(f"/v1/chat/completions/{bare.json()['id']}")).status_code == 200
    assert count(gateway, completions) == 0


async def test_a_vote_is_taken_as_far_as_what_it_is_about_was_kept(gateway: Gateway) -> None:
    bare, gone = [
        (await gateway.ask(store=store) if store is False else await ask_for_nothing(gateway)).json()["id"]
        for store in (False, None)
    ]

    async def vote(completion_id: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        body = {"completion_id": completion_id, "value": -1, **more}
        return await gateway.http.post("/v1/feedback", json=body, headers=headers)

    assert (await vote(bare, reasons=["too long"])).status_code == 200
    refused = [await vote(bare, comment="no"), await vote(bare, correction="so"), await vote(gone)]
    # Whoever asks for less to be kept brings no texts to other answers, and whoever asks for nothing no votes.
    whole = (await gateway.ask()).json()["id"]
    refused.append(await vote(whole, {"x-attune-keep": "metadata"}, comment="no"))
    refused.append(await vote(whole, {"x-attune-keep": "nothing"}))
    assert {(one.status_code, one.json()["error"]["code"]) for one in refused} == {(422, "not_kept")}
    assert count(gateway, feedback) == 1
    assert (await vote(whole, {"x-attune-keep": "metadata"})).status_code == 200


async def ask_for_nothing(gateway: Gateway, **more: Any) -> Any:
    body = {"model": "attune", "messages": HELLO, **more}
    return await gateway.http.post("/v1/chat/completions", json=body, headers={"x-attune-keep": "nothing"})


async def test_conversations_need_their_text(gateway: Gateway) -> None:
    made = (await gateway.http.post("/v1/conversations", json={"title": "a"})).json()["id"]
    path = f"/v1/conversations/{made}"
    asked = (await gateway.http.post(f"{path}/messages", json={"role": "user", "content": "hello there"})).json()["id"]
    placed = await gateway.ask(store=False, metadata={"conversation_id": made, "parent_id": asked})
    assert (placed.status_code, placed.json()["error"]["param"]) == (400, "metadata.parent_id")
    async with gateway.client(gateway.make_key(keep="metadata")) as client:
        refused = [
            await client.post("/v1/conversations", json={"title": "b"}),
            await client.post(path, json={"title": "c"}),
            await client.post(f"{path}/messages", json={"role": "user", "content": "d"}),
        ]
        assert {(one.status_code, one.json()["error"]["code"]) for one in refused} == {(422, "not_kept")}
        assert (await client.get(path)).status_code == 200
        assert (await client.delete(path)).status_code == 200
    assert count(gateway, conversations) == 0


async def test_an_answer_without_text_belongs_to_its_conversation_and_goes_with_it(gateway: Gateway) -> None:
    made = (await gateway.http.post("/v1/conversations", json={"title": "a"})).json()["id"]
    answer = await gateway.ask(store=False, metadata={"conversation_id": made})
    assert gateway.stored(answer.json()["id"]).conversation_id == made
    assert (await gateway.http.get(f"/v1/conversations/{made}")).json()["messages"] == []
    assert (await gateway.http.delete(f"/v1/conversations/{made}")).status_code == 200
    assert count(gateway, completions) == 0


async def test_rates_count_requests_of_which_nothing_is_kept(gateway: Gateway) -> None:
    async with gateway.client(gateway.make_key(keep="nothing", requests_per_minute=1)) as client:
        statuses = [(await client.post("/v1/chat/completions", json={"model": "attune", "messages": HELLO}))]
        statuses.append(await client.get("/v1/models"))
    assert [answer.status_code for answer in statuses] == [200, 429]


async def test_a_canary_answers_only_who_leaves_evidence_of_it(
    start: Callable[..., Awaitable[Gateway]], tmp_path: Path
) -> None:
    gateway = await start()
    async with FakeEngine(tmp_path / "second.sock", model="attune@v2") as second:
        child = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "b" * 64}
        with gateway.database.write() as connection:
            connection.execute(insert(model_versions).values(child | {"state": "passed", "created_at": utc_now()}))
            engines.upsert(connection, Engine("engine-2", second.url, 2, "ready"))
        with gateway.database.write() as connection:
            deployments.start_canary(connection, 2, 1.0, deployments.Change("op", "try it"))
        while (await gateway.ask()).headers["x-attune-version"] != "attune@v2":
            await asyncio.sleep(0.05)
        assert (await gateway.ask(store=False)).headers["x-attune-version"] == "attune@v2"
        assert (await ask_for_nothing(gateway)).headers["x-attune-version"] == "attune@v1"
        assert (await ask_for_nothing(gateway, model="attune@v2")).headers["x-attune-version"] == "attune@v2"


async def test_a_schema_that_may_have_ended_an_engine_is_known_without_its_text(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(die_after=1)
    assert (await gateway.ask(store=False, response_format=SCHEMA)).status_code == 502
    await eventually(lambda: count(gateway, completions) == 1)
    assert ended_one(gateway.database, None, compile_s=60)


async def test_speed_and_failures_count_what_left_a_row(gateway: Gateway) -> None:
    since = utc_now() - timedelta(minutes=1)
    for headers in ({"x-attune-keep": "metadata"}, {"x-attune-keep": "nothing"}):
        for behaviour in (Behaviour(), Behaviour(die_after=1)):
            gateway.engine.behaviour = behaviour
            body = {"model": "attune", "messages": HELLO, "stream": True}
            await gateway.http.post("/v1/chat/completions", json=body, headers=headers)
    with gateway.database.read() as connection:
        found = traffic.recent(connection, 1, since, utc_now())
    assert (found.answers, found.errors) == (2, 1)


@pytest.mark.parametrize("kept", ["full", "metadata", "nothing"])
async def test_an_earlier_response_is_never_looked_up(gateway: Gateway, kept: str) -> None:
    body = {"model": "attune", "input": "and then?", "previous_response_id": "resp_1"}
    answer = await gateway.http.post("/v1/responses", json=body, headers={"x-attune-keep": kept})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "previous_response_id")


@pytest.mark.parametrize("stream", [False, True])
async def test_an_engine_that_somebody_else_runs_gives_the_same(gateway: Gateway, stream: bool) -> None:
    async with odd_upstream("the same id each time") as url:
        with gateway.database.write() as connection:
            engines.upsert(connection, Engine("engine-1", url, 1, "ready", model_name="theirs"))
        await asyncio.sleep(0.5)
        answer = await ask_for_nothing(gateway, stream=stream)
    assert f'"chatcmpl-unkept-{answer.headers["x-request-id"]}"' in answer.text
    assert answer.status_code == 200
    assert count(gateway, completions) == 0


SHOWN_BY = {
    "asked for by": "test_key_header_and_store_can_each_only_keep_less",
    "the row": "test_of_an_answer_without_text_figures_stay_and_no_words",
    "texts: prompt, answer, calls, schemas, stops, `metadata`, errors": "test_text_that_is_not_kept_is_in_no_file",
    "which version answers": "test_a_canary_answers_only_who_leaves_evidence_of_it",
    "canary and its guards": "test_the_canary_sees_thumbs_failures_times_and_refusals_without_text",
    "speed and failures on the ops page, counts of `attune status`": "test_speed_and_failures_count_what_left_a_row",
    "schema that may have ended an engine": "test_a_schema_that_may_have_ended_an_engine_is_known_without_its_text",
    "rates, places, queue": "test_rates_count_requests_of_which_nothing_is_kept",
    "thumb, with reasons": "test_a_vote_is_taken_as_far_as_what_it_is_about_was_kept",
    "comment, correction, comparison": "test_a_thumb_with_reasons_is_taken_and_words_about_the_text_are_not",
    "exports, snapshots, training, `--if-new-feedback`": "test_votes_without_text_are_counted_and_never_learned_from",
    "GET /v1/chat/completions/{id}": "test_an_answer_without_its_text_is_not_given_again_and_can_be_erased",
    "DELETE /v1/chat/completions/{id}": "test_an_answer_without_its_text_is_not_given_again_and_can_be_erased",
    "GET /v1/users?user=, the only list": "test_erasing_a_user_finds_what_is_left_of_answers_without_text",
    "`previous_response_id`": "test_an_earlier_response_is_never_looked_up",
    "in a conversation (`metadata`)": "test_conversations_need_their_text",
    "erasing a user, conversation or answer": "test_erasing_a_user_finds_what_is_left_of_answers_without_text",
    "metrics": "test_every_generating_endpoint_keeps_to_it_streamed_and_whole",
    "log": "test_text_that_is_not_kept_is_in_no_file",
}
"""The test of each row of the table in docs/data-model.md."""


def test_every_row_of_the_table_has_its_test() -> None:
    page = (ROOT / "docs" / "data-model.md").read_text()
    table = page.split("| | full | metadata | nothing |", 1)[1].split("\n\n", 1)[0]
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == list(SHOWN_BY)
    folders = (ROOT / "tests" / name for name in ("server", "ledger", "erasing"))
    written = "".join(path.read_text() for folder in folders for path in folder.glob("test_*kept.py"))
    assert [name for name in SHOWN_BY.values() if f"def {name}(" not in written] == []
