"""No body within the size limit keeps the gateway's only loop for long, whatever it is refused for."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
import pytest

from server.body import MOST_CONTAINERS, parse_object
from server.errors import BadRequest
from server.requests.accept import accept
from server.requests.chat import ChatRequest
from server.requests.constraints import constraint_cost
from server.requests.embeddings import EmbeddingsRequest
from server.requests.fields import OpenAIModel
from server.requests.json_schema import check_json_schema
from server.requests.responses import ResponsesRequest
from server.requests.text import TextRequest
from server.requests.tokens import DetokenizeRequest, TokenizeRequest

LONGEST_BODY = 2**20
MOST_S = 0.1
SAID = [{"role": "user", "content": "x"}]
BAD_PARTS = [{"role": "user", "content": [1] * 200}] * 2000
Case = tuple[type[OpenAIModel], dict[str, Any]]


def chat(**fields: Any) -> Case:
    return ChatRequest, {"messages": SAID, **fields}


def shaped(schema: dict[str, Any]) -> Case:
    return chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})


def tools(parameters: dict[str, Any], count: int) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": "f", "parameters": parameters}}] * count


HOSTILE: Mapping[str, Case] = {
    "bad parts": chat(messages=BAD_PARTS),
    "empty parts": chat(messages=[{"role": "user", "content": [{"type": "text", "text": ""}] * 20}] * 1500),
    "empty calls": chat(messages=[{"role": "assistant", "tool_calls": [{}] * 128}] * 1500),
    "unknown fields": chat(**{f"k{number}": 1 for number in range(80_000)}),
    "unknown fields of messages": chat(messages=[SAID[0] | {f"k{number}": 1 for number in range(45)}] * 2000),
    "metadata": chat(metadata={f"k{number}": 1 for number in range(80_000)}),
    "logit_bias": chat(logit_bias={str(number): 1000 for number in range(70_000)}),
    "NUL in words": chat(x=[1] * 500_000, y="\\u0000"),
    "enum": shaped({"enum": [1] * 450_000}),
    "anyOf": shaped({"anyOf": [{}] * 340_000}),
    "allOf": shaped({"anyOf": [{"allOf": [{}]}] * 65_000}),
    "allOf, fewer": shaped({"anyOf": [{"allOf": [{}], "k": [1] * 100}] * 4000}),
    "pointers": shaped({"anyOf": [{"$ref": "#" + "/a" * 5000}] * 100}),
    "multipleOf": shaped({"anyOf": [{"multipleOf": 0.1}] * 4900}),
    "demanded tools": chat(tool_choice="required", tools=tools({"enum": [1] * 3000}, 128)),
    "ids": (TextRequest, {"prompt": [[-1] * 5000] * 64}),
    "texts and ids": (TextRequest, {"prompt": ["a", 1] * 170_000}),
    "items": (ResponsesRequest, {"input": BAD_PARTS}),
    "embedded": (EmbeddingsRequest, {"input": [-1] * 340_000}),
    "tokens": (DetokenizeRequest, {"tokens": ["1"] * 250_000}),
    "tokenized": (TokenizeRequest, {"messages": BAD_PARTS}),
}


def seconds(model: type[OpenAIModel], raw: bytes) -> float:
    """Of the processor, without those of the JSON parser."""
    began = time.process_time()
    orjson.loads(raw)
    parsed = time.process_time()
    with suppress(BadRequest):
        constraint_cost(accept(model, parse_object(raw, 32)).body)
    return time.process_time() - parsed - (parsed - began)


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_keeps_the_loop_only_shortly(case: Case) -> None:
    model, body = case
    raw = orjson.dumps({"model": "attune"} | body)
    assert len(raw) <= LONGEST_BODY
    assert any(seconds(model, raw) < MOST_S for _ in range(3))


def test_a_body_has_so_many_objects_and_lists() -> None:
    def raw(count: int) -> bytes:
        return orjson.dumps({"x": [{}] * (count - 2)})

    assert parse_object(raw(MOST_CONTAINERS), 32)
    with pytest.raises(BadRequest, match="more than 20000 objects and lists") as caught:
        parse_object(raw(MOST_CONTAINERS + 1), 32)
    assert caught.value.code == "json_too_large"


KEYWORDS = (
    "$ref", "allOf", "anyOf", "oneOf", "const", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "items",
    "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "multipleOf", "pattern",
    "patternProperties", "prefixItems", "properties", "required", "type", "$defs", "x-guidance",
)  # fmt: skip
ODD = (
    True,
    False,
    None,
    0,
    -1,
    -0.0,
    1e308,
    5e-324,
    2**63,
    "",
    "#",
    "#/x/0",
    [],
    [[]],
    [None],
    [True],
    {},
    {"a": 1},
    "x",
)


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_an_odd_value_in_a_schema_is_no_failure_of_ours(keyword: str) -> None:
    for value in ODD:
        with suppress(ValueError):
            check_json_schema(orjson.loads(orjson.dumps({"type": "object", keyword: value, "items": {keyword: value}})))
