"""How many places a request takes, by what keeps an engine from the answers of others."""

from typing import Any

import pytest

from server.endpoints import CHAT, DETOKENIZE, EMBEDDINGS, ENDPOINTS, RESPONSES, TEXT, TOKENIZE, Endpoint
from server.errors import BadRequest
from server.places import MOST_LOGPROBS, MOST_TOKENIZED, load
from tests.server.conftest import Gateway

SHORT = {"messages": [{"role": "user", "content": "Hello!"}]}


@pytest.mark.parametrize(
    ("endpoint", "body", "places"),
    [
        (CHAT, SHORT, 1),
        (CHAT, SHORT | {"temperature": 0.7, "seed": 3, "top_p": 0.9, "repetition_penalty": 1.0}, 1),
        (CHAT, SHORT | {"logprobs": True, "max_tokens": 100}, 1),
        (TEXT, {"prompt": ["x"] * 8, "n": 2}, 16),
        (TEXT, {"prompt": [1, 2, 3]}, 1),
        (EMBEDDINGS, {"input": ["x"] * 64}, 2),
        (TOKENIZE, {"prompt": "x" * 2000}, 1),
        (RESPONSES, {"input": "x"}, 1),
    ],
)
def test_an_ordinary_request_takes_a_place_for_each_answer(
    endpoint: Endpoint, body: dict[str, Any], places: int
) -> None:
    assert load(endpoint, body).places == places


@pytest.mark.parametrize(
    ("endpoint", "body", "at_least"),
    [
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": "x" * 2**18}]}]}, 64),
        (TEXT, {"prompt": ["word " * 150] * 64}, 64 + 11),
        (TEXT, {"prompt": [[1] * 4096] * 16}, 16 + 64),
        (TEXT, {"prompt": "x", "logit_bias": {str(token): 1 for token in range(300)}}, 4),
        (TEXT, {"prompt": "x", "presence_penalty": 1}, 2),
        (CHAT, SHORT | {"n": 8, "stream": True, "logprobs": True, "top_logprobs": 20, "max_tokens": 900}, 192),
        (CHAT, SHORT | {"logprobs": True, "top_logprobs": 20, "max_completion_tokens": 900}, 27),
        (RESPONSES, {"input": "x", "top_logprobs": 20}, 31),
        (TEXT, {"prompt": ["x " * 480] * 3, "echo": True, "logprobs": 20, "max_tokens": 1}, 44),
        (EMBEDDINGS, {"input": ["x" * 4096] * 64}, 66),
        (TOKENIZE, {"prompt": "x" * MOST_TOKENIZED}, 192),
        (DETOKENIZE, {"tokens": [1] * (MOST_TOKENIZED // 4)}, 192),
    ],
)
def test_what_keeps_an_engine_from_others_takes_more(endpoint: Endpoint, body: dict[str, Any], at_least: int) -> None:
    assert load(endpoint, body).places >= at_least


def test_one_of_the_largest_runs_at_a_time_and_need_not_wait_for_all_others() -> None:
    largest = load(TOKENIZE, {"prompt": "x" * MOST_TOKENIZED})
    assert largest.within(192) == 128
    assert load(TEXT, {"prompt": ["x"] * 64}).within(64) == 64


def test_an_answer_within_a_schema_takes_more() -> None:
    assert load(CHAT, SHORT, constrained=True).places == 4


@pytest.mark.parametrize(
    ("endpoint", "body", "code"),
    [
        (TOKENIZE, {"prompt": "x" * (MOST_TOKENIZED + 1)}, "too_long"),
        (TOKENIZE, {"messages": [{"role": "user", "content": "x" * MOST_TOKENIZED}]}, "too_long"),
        (DETOKENIZE, {"tokens": [1] * (MOST_TOKENIZED // 4 + 1)}, "too_long"),
        (CHAT, SHORT | {"n": 8, "logprobs": True, "top_logprobs": 20, "max_tokens": 900}, "too_many_logprobs"),
        (TEXT, {"prompt": ["a " * 480] * 8, "n": 8, "echo": True, "logprobs": 20}, "too_many_logprobs"),
        (TEXT, {"prompt": ["x"] * 64, "max_tokens": 900, "logprobs": 20}, "too_many_logprobs"),
        (TEXT, {"prompt": "x", "max_tokens": MOST_LOGPROBS, "logprobs": 1}, "too_many_logprobs"),
    ],
)
def test_what_would_block_an_engine_at_once_is_refused(endpoint: Endpoint, body: dict[str, Any], code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        load(endpoint, body)
    assert refused.value.code == code


def test_every_endpoint_is_weighed() -> None:
    bodies: dict[str, Any] = {
        CHAT.path: SHORT,
        TEXT.path: {"prompt": "x"},
        EMBEDDINGS.path: {"input": "x"},
        RESPONSES.path: {"input": ""},
    }
    bodies |= {TOKENIZE.path: {"prompt": "x"}, DETOKENIZE.path: {"tokens": [1]}}
    assert {endpoint.path: load(endpoint, bodies[endpoint.path]).places for endpoint in ENDPOINTS} == dict.fromkeys(
        bodies, 1
    )


async def test_too_many_log_probabilities_are_refused_before_an_engine_sees_them(gateway: Gateway) -> None:
    refused = await gateway.ask(n=8, logprobs=True, top_logprobs=20, max_tokens=900)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "too_many_logprobs")
    assert "151200 log-probabilities" in refused.json()["error"]["message"]
    assert gateway.engine.received == []
