"""What of a JSON schema is sent to an engine."""

import json
from typing import Any

import pytest

from server.enforceable import enforceable, with_enforceable_schemas

ODD = {"type": "array", "uniqueItems": True, "items": {"type": "string", "format": "password"}}
PLAIN = {"type": "array", "items": {"type": "string"}}
A = {"type": "object", "properties": {"a": {"enum": [1, {"allOf": [1, 2]}]}}}
B = {"type": "object", "properties": {"b": {"type": "number"}}}


def test_keywords_and_formats_that_no_engine_enforces_are_left_out_at_every_depth() -> None:
    schema = {"type": "object", "properties": {"a": ODD, "b": {"format": "date"}}, "not": {}, "$defs": {"x": ODD}}
    kept = {"type": "object", "properties": {"a": PLAIN, "b": {"format": "date"}}, "$defs": {"x": PLAIN}}
    assert enforceable(schema) == kept


def test_properties_and_literals_of_the_same_names_stay() -> None:
    schema = {
        "properties": {"not": {"type": "string"}, "format": {"const": {"if": 1}}, "oneOf": {"enum": [{"not": 1}]}},
        "required": ["not", "format"],
    }
    assert enforceable(schema) == schema


def test_one_of_becomes_any_of() -> None:
    assert enforceable({"oneOf": [ODD, {}]}) == {"anyOf": [PLAIN, {}]}


def test_every_route_of_a_schema_is_covered() -> None:
    function = {"name": "f", "parameters": ODD}
    body = {
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": ODD}},
        "text": {"format": {"type": "json_schema", "name": "s", "schema": ODD}},
        "tools": [{"type": "function", "function": function}, {"type": "function"} | function, {"type": "function"}],
    }
    sent = with_enforceable_schemas(body)
    assert "uniqueItems" not in str(sent)
    assert str(sent).count(str(PLAIN)) == 4
    assert "uniqueItems" in str(body)


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [A, B]},
        {"allOf": [{"$ref": "#/$defs/a"}, B], "$defs": {"a": A}},
        {"properties": {"k": {}}, "anyOf": [A, B]},
        {"properties": {"k": {}}, "oneOf": [A, B]},
        {"$ref": "#/$defs/a", "properties": {"b": {}}, "$defs": {"a": A}},
        {"type": "object", "properties": {"x": {"items": {"allOf": [A, B]}}}},
    ],
)
def test_objects_that_an_answer_must_fit_together_stay_open_though_engines_close_them(schema: dict[str, Any]) -> None:
    sent = json.dumps(enforceable(schema))
    assert sent.count('"additionalProperties": true') == sent.count('"properties": ')


@pytest.mark.parametrize("schema", [A, {"anyOf": [A, B]}, {"allOf": [A]}, {"properties": {"allOf": A, "$ref": B}}])
def test_other_objects_stay_as_they_are(schema: dict[str, Any]) -> None:
    assert enforceable(schema) == schema


def test_integers_without_bounds_get_those_that_every_reader_of_json_takes() -> None:
    free = {"type": "integer", "description": "how many"}
    bounded = free | {"minimum": -(2**53) + 1, "maximum": 2**53 - 1}
    own = {"type": "integer", "minimum": 0}
    given = {"properties": {"n": free, "m": own}, "items": [free], "$defs": {"integer": free}, "enum": [free]}
    assert enforceable(given) == {
        "properties": {"n": bounded, "m": own},
        "items": [bounded],
        "$defs": {"integer": bounded},
        "enum": [free],
    }
    assert given["properties"] == {"n": free, "m": own}, "the client's schema is as it was"
    many = {"properties": {f"n{number}": free for number in range(65)}}
    assert enforceable(many) == many
