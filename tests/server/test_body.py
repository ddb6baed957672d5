"""What is read as a request's body, and what is refused before anything looks at it."""

import math
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.body import checked, parse_object
from server.errors import BadRequest
from server.requests.chat import ChatRequest

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def refusal(raw: bytes) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        parse_object(raw, 32)
    return caught.value


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"nul", b"[]", b'"text"', b"1", b'{"a": NaN}', b'{"a": 1e999}', b"\xff\xfe", b'{"a": "\x00"}', b"\x00"],
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    assert refusal(raw).code == "invalid_json"


@pytest.mark.parametrize("half", [rb'{"a": "\ud800"}', rb'{"\udfff": 1}', rb'{"a": "\ud800\ud800"}'])
def test_half_a_surrogate_pair_is_refused(half: bytes) -> None:
    assert refusal(half).code == "invalid_json"


@pytest.mark.parametrize("raw", [rb'{"a": "x\u0000"}', rb'{"\u0000": 1}', rb'{"a": [[{"b": "\u0000"}]]}'])
def test_a_nul_anywhere_is_refused(raw: bytes) -> None:
    assert refusal(raw).code == "nul_character"


def test_text_about_nul_is_not_refused() -> None:
    assert parse_object(rb'{"a": "write \\u0000"}', 32) == {"a": r"write \u0000"}


@pytest.mark.parametrize("depth", [33, 1000, 100_000])
def test_deep_json_is_refused(depth: int) -> None:
    raw = b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
    assert refusal(raw).code in {"json_too_deep", "invalid_json"}


def test_json_as_deep_as_allowed_passes() -> None:
    raw = b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"
    assert list(parse_object(raw, 32)) == ["a"]


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(parse_object(b'{"a":[' + b",".join([b"[]"] * 100) + b"]}", 32)["a"]) == 100


@given(st.dictionaries(st.text(), json_values))
def test_any_json_object_is_parsed_or_refused_with_400(value: dict[str, Any]) -> None:
    with suppress(BadRequest):
        assert parse_object(orjson.dumps(value), 32) == value


@given(st.dictionaries(st.sampled_from(sorted(ChatRequest.model_fields)), json_values))
def test_any_values_in_known_fields_pass_or_are_refused_with_400(body: dict[str, Any]) -> None:
    try:
        checked(ChatRequest, body)
    except BadRequest as refused:
        assert refused.message


@pytest.mark.parametrize("number", [10**30, -(10**30), 1e308, math.pi])
def test_huge_numbers_are_refused_in_every_numeric_field(number: float) -> None:
    for name in ("n", "max_tokens", "seed", "top_k", "top_logprobs", "min_tokens"):
        body = {"model": "attune", "messages": [{"role": "user", "content": "x"}], name: number}
        with pytest.raises(BadRequest) as caught:
            checked(ChatRequest, orjson.loads(orjson.dumps(body)) if abs(number) < 2**63 else body)
        assert caught.value.param == name
