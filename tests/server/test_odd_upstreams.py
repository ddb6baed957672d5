"""Engines that are not vLLM: whatever they call an answer, it bears the gateway's id and model, and can be rated."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI

from ledger import engines
from ledger.records import Engine
from tests.odd_upstream import ODDITIES, REFUSALS, TEXT, odd_upstream
from tests.server.conftest import Gateway, eventually

CHAT = {"model": "attune", "messages": [{"role": "user", "content": "x"}]}
Behind = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def behind(gateway: Gateway) -> Behind:
    """Puts an odd upstream in the fake engine's place."""

    @asynccontextmanager
    async def place(*odd: Any) -> AsyncIterator[None]:
        async with odd_upstream(*odd) as url:
            with gateway.database.write() as connection:
                engines.upsert(connection, Engine("engine-1", url, 1, "ready"))
            poller = gateway.app.state.context.poller
            await eventually(lambda: poller.current.ready[1][0].url == url)
            yield

    return place


@pytest.mark.parametrize("oddity", ODDITIES)
async def test_an_odd_upstream_s_answers_bear_our_names_and_can_be_rated(
    gateway: Gateway, behind: Behind, oddity: str
) -> None:
    async with behind(oddity), AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.secret) as client:
        first = await client.chat.completions.create(**CHAT)
        second = await client.chat.completions.create(**CHAT)
        chunks = [chunk async for chunk in await client.chat.completions.create(**CHAT, stream=True)]
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert [first.choices[0].message.content, streamed] == [TEXT, TEXT]
    assert {answer.model for answer in (first, second, *chunks)} == {"attune@v1"}
    assert len({chunk.id for chunk in chunks}) == 1
    ids = {first.id, second.id, chunks[0].id}
    assert len(ids) == 3
    for completion_id in ids:
        assert gateway.stored(completion_id).choices[0].text == TEXT
        vote = {"completion_id": completion_id, "value": 1}
        assert (await gateway.http.post("/v1/feedback", json=vote)).status_code == 200


async def test_an_upstream_that_refuses_stream_options_is_asked_again_once(gateway: Gateway, behind: Behind) -> None:
    async with behind("no stream_options"):
        for _ in range(2):
            answer = await gateway.http.post("/v1/chat/completions", json=CHAT | {"stream": True})
            assert gateway.stored(f"chatcmpl-{answer.headers['x-request-id']}").usage is None
        asked = await gateway.http.post(
            "/v1/chat/completions", json=CHAT | {"stream": True, "stream_options": {"include_usage": True}}
        )
        refusing = gateway.app.state.context.lines.upstream.without_usage
        assert len(refusing) == 1
    assert (answer.status_code, asked.status_code) == (200, 422)  # who asks for it learns that it is not to be had


async def test_a_stream_ends_with_done_whether_the_upstream_says_it_or_not(gateway: Gateway, behind: Behind) -> None:
    async with behind("no [DONE]"):
        answer = await gateway.http.post("/v1/chat/completions", json=CHAT | {"stream": True})
    assert answer.text.endswith("data: [DONE]\n\n")
    assert answer.text.count("[DONE]") == 1


@pytest.mark.parametrize(("status", "body", "expected", "words"), REFUSALS)
async def test_an_odd_upstream_s_errors_are_said_in_openai_s_shape(
    gateway: Gateway, behind: Behind, status: int, body: bytes, expected: int, words: str
) -> None:
    async with behind("", (status, body)):
        answer = await gateway.http.post("/v1/chat/completions", json=CHAT)
    assert answer.status_code == expected
    error = answer.json()["error"]
    assert words in error["message"]
    assert error.keys() == {"message", "type", "param", "code"}


async def test_a_route_that_the_engine_lacks_is_said_to_be_none_of_its_models(gateway: Gateway, behind: Behind) -> None:
    async with behind("", (404, b'{"detail":"Not Found"}')):
        answer = await gateway.http.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_supported_by_model")


@pytest.mark.parametrize(
    "error",
    [
        {"message": "This model's maximum context length is 8 tokens.", "param": "input_tokens", "code": 400},
        {"message": "too much", "param": "input_text", "code": 400},
        {"message": "too much", "code": "context_length_exceeded"},
        {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"},
    ],
)
async def test_too_long_a_conversation_has_openai_s_code(
    gateway: Gateway, behind: Behind, error: dict[str, Any]
) -> None:
    async with behind("", (400, json.dumps({"error": error}).encode())):
        answer = await gateway.http.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")
