"""The gateway passes the engine's bytes through: for a recorded set of requests its streams equal vLLM's own."""

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from ledger.schema import completions
from tests.stack import Stack

pytestmark = pytest.mark.engine

REQUESTS: dict[str, Any] = json.loads((Path(__file__).parent / "recorded_requests.json").read_text())
# What differs between two runs of vLLM itself: ids and the time. And its fingerprint, which it writes into the last
# object only: that is the usage that the gateway asks for and takes out again.
_VARYING = (
    (re.compile(rb',"system_fingerprint":"[^"]*"'), b""),
    (re.compile(rb'"(id|item_id)":"(chatcmpl|cmpl|resp|msg)[-_][^"]*"'), rb'"\1":"\2"'),
    (re.compile(rb'"(created|created_at)":\d+'), rb'"\1":0'),
)
ATTEMPTS = 12


@pytest.mark.parametrize("name", REQUESTS)
def test_a_stream_has_the_bytes_of_vllm(name: str, stack: Stack, api: httpx.Client) -> None:
    path, body = REQUESTS[name]["path"], {**REQUESTS[name]["body"], "stream": True}
    with stack.engine_client() as engine:
        # The first run fills the prefix cache, which changes the last bits of log-probabilities.
        engine.post(path, json={**body, "model": "attune@v1"})
        # vLLM joins tokens in one event when its own loop is late, so two streams of bare vLLM differ now and then.
        bare_streams, passed_streams = set[bytes](), set[bytes]()
        for _ in range(ATTEMPTS):
            bare = engine.post(path, json={**body, "model": "attune@v1"})
            passed = api.post(path.removeprefix("/v1"), json={**body, "model": "attune"})
            assert (bare.status_code, passed.status_code) == (200, 200), passed.text
            bare_streams.add(_comparable(bare.content))
            passed_streams.add(_comparable(passed.content))
            if bare_streams & passed_streams:
                break
    assert bare_streams & passed_streams, (bare_streams, passed_streams)
    assert passed.headers["content-type"] == bare.headers["content-type"]


def test_the_streams_id_is_the_gateways(api: httpx.Client) -> None:
    request = REQUESTS["chat"]
    answer = api.post("/chat/completions", json={**request["body"], "model": "attune", "stream": True})
    ids = set(re.findall(r'"id":"(chatcmpl-[^"]*)"', answer.text))
    assert ids == {f"chatcmpl-{answer.headers['x-request-id']}"}


def test_a_real_engine_counts_a_stream_that_asks_for_no_usage(stack: Stack, api: httpx.Client) -> None:
    for name in ("chat", "completion"):
        body = {**REQUESTS[name]["body"], "model": "attune", "stream": True}
        answer = api.post(REQUESTS[name]["path"].removeprefix("/v1"), json=body)
        assert '"usage"' not in answer.text
        completion_id = next(iter(re.findall(r'"id":"((?:chat)?cmpl-[^"]*)"', answer.text)))
        with closing(stack.open_ledger()) as database, database.read() as connection:
            row = connection.execute(select(completions.c.usage).where(completions.c.id == completion_id)).one()
        assert row.usage["completion_tokens"] > 0


def _comparable(stream: bytes) -> bytes:
    for pattern, replacement in _VARYING:
        stream = pattern.sub(replacement, stream)
    return stream
