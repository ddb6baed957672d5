"""The fake engine answers with the same keys and types, events and statuses as a real vLLM."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.shapes import event_shapes, shape
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.engine

MODEL = "attune@v1"
# A model that was never trained writes half characters, which stream as empty deltas: hold it to letters.
LETTERS = {"structured_outputs": {"regex": "[a-z]{100}"}}
CHAT: dict[str, Any] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 6,
    "seed": 7,
    **LETTERS,
}
TEXT: dict[str, Any] = {"model": MODEL, "prompt": "hello", "max_tokens": 6, "seed": 7, **LETTERS}
PROBE: dict[str, Any] = {
    "model": MODEL,
    "prompt": [40, 41, 42],
    "max_tokens": 1,
    "temperature": 0,
    "prompt_logprobs": 0,
}
# Greedy, and a question whose answer does not end within six tokens: one that ends has another shape.
RESPONSE: dict[str, Any] = {
    "model": MODEL,
    "input": "Tell me a story about a fox.",
    "max_output_tokens": 6,
    "temperature": 0.0,
}
USAGE = {"stream": True, "stream_options": {"include_usage": True}}
ARGUMENTS = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
FUNCTION = {"name": "look", "strict": True, "parameters": {**ARGUMENTS, "additionalProperties": False}}
TOOL_CALL: dict[str, Any] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 500,
    "seed": 7,
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
}

CHATS = "/v1/chat/completions"
ANSWERS = {
    "chat": (CHATS, CHAT),
    "chat, two choices with log-probabilities": (CHATS, {**CHAT, "n": 2, "logprobs": True, "top_logprobs": 2}),
    "completion": ("/v1/completions", TEXT),
    "completion with log-probabilities": ("/v1/completions", {**TEXT, "logprobs": 1}),
    "probe": ("/v1/completions", PROBE),
    "response": ("/v1/responses", RESPONSE),
}
STREAMS = {
    "chat": (CHATS, {**CHAT, "stream": True}),
    "chat with usage": (CHATS, {**CHAT, **USAGE}),
    "chat with log-probabilities": (CHATS, {**CHAT, "logprobs": True, "top_logprobs": 2, "stream": True}),
    "completion": ("/v1/completions", {**TEXT, "stream": True}),
    "completion with usage": ("/v1/completions", {**TEXT, **USAGE}),
    "response": ("/v1/responses", {**RESPONSE, "stream": True}),
}
REFUSALS = {
    "unknown model": (CHATS, {**CHAT, "model": "nobody"}),
    "negative temperature": (CHATS, {**CHAT, "temperature": -1}),
    "max_tokens beyond the context": (CHATS, {**CHAT, "max_tokens": 10_000_000}),
    "prompt beyond the context": (CHATS, {**CHAT, "messages": [{"role": "user", "content": "a b " * 10_000}]}),
    "no messages": (CHATS, {"model": MODEL}),
    "unknown model for a completion": ("/v1/completions", {**TEXT, "model": "nobody"}),
    "unknown model for a response": ("/v1/responses", {**RESPONSE, "model": "nobody"}),
    "no such route": ("/v1/nothing", {}),
}


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with FakeEngine(tmp_path / "engine.sock", max_model_len=2048) as engine, _client(engine.uds) as client:
        yield client


@pytest.fixture
async def real(real_engine: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(real_engine) as client:
        yield client


@pytest.mark.parametrize("name", ANSWERS)
async def test_answers_have_the_same_keys_and_types(
    name: str, fake: httpx.AsyncClient, real: httpx.AsyncClient
) -> None:
    path, body = ANSWERS[name]
    faked, true = await _both(fake, real, path, body)
    assert (true.status_code, faked.status_code) == (200, 200), true.text
    assert shape(faked.json()) == shape(true.json())
    assert list(faked.json()) == list(true.json())


@pytest.mark.parametrize("name", STREAMS)
async def test_streams_have_the_same_events(name: str, fake: httpx.AsyncClient, real: httpx.AsyncClient) -> None:
    path, body = STREAMS[name]
    faked, true = await _both(fake, real, path, body)
    assert (true.status_code, faked.status_code) == (200, 200), true.text
    assert faked.headers["content-type"] == true.headers["content-type"]
    assert event_shapes(faked.content) == event_shapes(true.content)


async def test_tool_calls_have_the_same_keys_and_types(fake: httpx.AsyncClient, real: httpx.AsyncClient) -> None:
    whole, true_whole = await _both(fake, real, CHATS, TOOL_CALL)
    stream, true_stream = await _both(fake, real, CHATS, {**TOOL_CALL, "stream": True})
    assert shape(whole.json()) == shape(true_whole.json())
    assert event_shapes(stream.content) == event_shapes(true_stream.content)


@pytest.mark.parametrize("name", REFUSALS)
async def test_refusals_have_the_same_status_and_shape(
    name: str, fake: httpx.AsyncClient, real: httpx.AsyncClient
) -> None:
    path, body = REFUSALS[name]
    faked, true = await _both(fake, real, path, body)
    assert faked.status_code == true.status_code, (faked.text, true.text)
    assert shape(faked.json()) == shape(true.json())


async def test_models_have_the_same_keys_and_types(fake: httpx.AsyncClient, real: httpx.AsyncClient) -> None:
    faked, true = await fake.get("/v1/models"), await real.get("/v1/models")
    assert shape(faked.json()) == shape(true.json())


async def test_the_request_id_becomes_the_completion_id(fake: httpx.AsyncClient, real: httpx.AsyncClient) -> None:
    for client in (fake, real):
        for path, body, prefix in ((CHATS, CHAT, "chatcmpl-"), ("/v1/completions", TEXT, "cmpl-")):
            answer = await client.post(path, json=body, headers={"X-Request-Id": "feed"})
            assert answer.json()["id"] == f"{prefix}feed"


async def test_a_response_takes_its_id_from_the_body(fake: httpx.AsyncClient, real: httpx.AsyncClient) -> None:
    for client in (fake, real):
        answer = await client.post("/v1/responses", json={**RESPONSE, "request_id": "resp_feed"})
        assert answer.json()["id"] == "resp_feed"


async def test_the_metrics_that_we_read_have_the_same_names(fake: httpx.AsyncClient, real: httpx.AsyncClient) -> None:
    for client in (fake, real):
        lines = (await client.get("/metrics")).text.splitlines()
        for name in ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:generation_tokens_total"):
            assert any(line.startswith(f'{name}{{engine="0",model_name="{MODEL}"}}') for line in lines), name


def _client(socket: Path | None) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    return httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=60)


async def _both(
    fake: httpx.AsyncClient, real: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> tuple[httpx.Response, httpx.Response]:
    return await fake.post(path, json=body), await real.post(path, json=body)
