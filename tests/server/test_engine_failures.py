"""Engines that die, hang, refuse, or are not there."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ledger import engines
from ledger.records import EngineState
from tests.fake_engine import Behaviour
from tests.server.conftest import Gateway, eventually

pytestmark = pytest.mark.alone

CHAT = {"model": "attune", "messages": [{"role": "user", "content": "x"}]}
STREAM = CHAT | {"stream": True}
Start = Callable[..., Awaitable[Gateway]]


def error_event(raw: str) -> dict[str, object]:
    """The last event of a stream that failed."""
    events = raw.strip().split("\n\n")
    assert "[DONE]" not in raw
    error: dict[str, object] = json.loads(events[-1].removeprefix("data: "))["error"]
    return error


async def test_an_engine_that_dies_in_a_stream_ends_it_with_an_error_event(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(tokens=10, die_after=3)
    answer = await gateway.http.post("/v1/chat/completions", json=STREAM)
    assert answer.status_code == 200
    assert error_event(answer.text)["type"] == "upstream_error"
    stored = gateway.stored(f"chatcmpl-{answer.headers['x-request-id']}")
    assert stored.status == "error"
    assert stored.error
    assert stored.choices[0].text == "word0 word1 word2 "


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_an_engine_that_dies_before_answering_is_a_502(gateway: Gateway, body: dict[str, object]) -> None:
    gateway.engine.behaviour = Behaviour(die_after=0)
    answer = await gateway.http.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (502, "upstream_error")
    assert gateway.stored(f"chatcmpl-{answer.headers['x-request-id']}").status == "error"


async def test_an_error_event_of_the_engine_is_passed_on_once_and_without_done(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(tokens=10, error_after=3)
    answer = await gateway.http.post("/v1/chat/completions", json=STREAM)
    assert error_event(answer.text)["message"] == "Internal server error"
    assert answer.text.count('"error"') == 1
    assert gateway.stored(f"chatcmpl-{answer.headers['x-request-id']}").status == "error"


@pytest.mark.parametrize(
    ("status", "expected"), [(500, 502), (503, 503), (401, 502), (404, 404), (400, 400), (429, 429)]
)
async def test_a_status_of_the_engine_becomes_ours(gateway: Gateway, status: int, expected: int) -> None:
    gateway.engine.behaviour = Behaviour(status=status, message="told to")
    answer = await gateway.ask()
    assert answer.status_code == expected
    assert "told to" in answer.json()["error"]["message"]


async def test_a_failure_under_a_schema_is_the_schemas_fault(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(status=500, message="Internal server error")
    format = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
    answer = await gateway.ask(response_format=format)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "schema_failed")


async def test_an_engine_that_cannot_be_reached_is_a_503_with_retry_after(gateway: Gateway) -> None:
    await gateway.engine.__aexit__(None, None, None)
    answer = await gateway.ask()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


async def test_an_answer_that_takes_too_long_is_a_504_and_frees_the_engine(start: Start) -> None:
    gateway = await start(request_timeout_s=0.3)
    gateway.engine.behaviour = Behaviour(hang_after=0)
    answer = await gateway.ask()
    assert (answer.status_code, answer.json()["error"]["type"]) == (504, "timeout_error")
    await eventually(lambda: gateway.engine.running == 0, within_s=1)


async def test_a_stream_that_takes_too_long_ends_with_an_error_event(start: Start) -> None:
    gateway = await start(request_timeout_s=0.3)
    gateway.engine.behaviour = Behaviour(tokens=10, hang_after=2)
    answer = await gateway.http.post("/v1/chat/completions", json=STREAM)
    assert error_event(answer.text)["type"] == "timeout_error"
    assert gateway.stored(f"chatcmpl-{answer.headers['x-request-id']}").status == "error"
    await eventually(lambda: gateway.engine.running == 0, within_s=1)


@pytest.mark.parametrize("state", ["starting", "failed", "draining"])
async def test_an_engine_that_is_not_ready_is_a_503_that_says_why(gateway: Gateway, state: EngineState) -> None:
    with gateway.database.write() as connection:
        [engine] = engines.list_all(connection)
        engines.upsert(connection, replace(engine, state=state, message="It loads its weights."))
    await asyncio.sleep(0.5)
    answer = await gateway.ask()
    assert answer.status_code == 503
    assert "It loads its weights." in answer.json()["error"]["message"]
    assert answer.headers["retry-after"]
    assert (await gateway.ask(model="attune@v1")).status_code == 503
    ready = await gateway.http.get("/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert "It loads its weights." in ready.json()["message"]


async def test_overload_is_refused_quickly_and_the_rest_is_answered(start: Start) -> None:
    gateway = await start(max_concurrent=4, max_queue=4, queue_timeout_s=0.3)
    gateway.engine.behaviour = Behaviour(tokens=5, token_delay_s=0.2)

    async def ask() -> tuple[int, float, str | None]:
        began = time.monotonic()
        answer = await gateway.ask()
        return answer.status_code, time.monotonic() - began, answer.headers.get("retry-after")

    answers = await asyncio.gather(*(ask() for _ in range(40)))
    statuses = [status for status, _, _ in answers]
    assert statuses.count(200) >= 4
    assert set(statuses) == {200, 429, 503}
    assert all(duration < 1 and retry for status, duration, retry in answers if status != 200)
    assert gateway.engine.most_running <= 4


async def test_an_answer_that_cannot_be_recorded_is_not_given(gateway: Gateway) -> None:
    with gateway.database.write() as connection:
        connection.exec_driver_sql("alter table completions rename to elsewhere")
    whole = await gateway.ask()
    assert (whole.status_code, whole.json()["error"]["code"]) == (503, "ledger_unavailable")
    streamed = await gateway.http.post("/v1/chat/completions", json=STREAM)
    assert error_event(streamed.text)["type"] == "overloaded_error"


async def test_a_slow_reader_does_not_make_the_gateway_collect_the_answer(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(text="x" * 1000 + " " + ("y" * 1000 + " ") * 20_000)
    async with gateway.http.stream("POST", "/v1/chat/completions", json=STREAM) as answer:
        await asyncio.sleep(1)
        # What may be on the way: the two sockets' buffers and the server's, never the 25 MB of the whole answer.
        assert gateway.engine.running == 1
        assert gateway.engine.generated < 15_000
        del answer
