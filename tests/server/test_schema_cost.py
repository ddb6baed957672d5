"""What a JSON schema is reckoned to cost an engine."""

import time
from typing import Any

import pytest

from benchmarks.schema_family import ATTACKS
from server.errors import BadRequest
from server.requests.constraints import constraint_cost
from server.requests.json_schema import MOST_SECONDS, check_cost, check_json_schema
from server.requests.schema_cost import PRICES, SchemaCost, schema_cost
from server.requests.schema_shapes import resolved

DEAR = {"type": "array", "items": {}, "maxItems": 10_000}
DEAR_S = schema_cost(DEAR).seconds


def tool(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def test_the_terms_add_up() -> None:
    schema = {"type": "integer", "minimum": 3, "multipleOf": 0.25}
    text = len("integer") + len("type") + len("minimum") + len("multipleOf")
    expected = 4 * PRICES.parts + text * PRICES.text + PRICES.ranges + 25 * PRICES.multiples
    assert schema_cost(schema).seconds == pytest.approx(expected)


def test_all_of_multiplies_alternatives_through_references() -> None:
    three = {"anyOf": [{}, {}, {}]}
    schema = {"$defs": {"a": three}, "allOf": [{"$ref": "#/$defs/a"}, {"oneOf": [{}, three]}]}
    assert schema_cost(schema).combinations == pytest.approx(2 * 3 * 4 * PRICES.combinations)


def test_alternatives_below_properties_are_not_multiplied() -> None:
    inner = {"anyOf": [{"properties": {"a": {"$ref": "#/$defs/n"}}} for _ in range(9)]}
    assert schema_cost({"$defs": {"n": inner}, "$ref": "#/$defs/n"}).combinations == 0


def test_what_stands_beside_alternatives_is_built_for_each_of_them() -> None:
    schema = {"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}] * 5}
    assert schema_cost(schema).combinations == pytest.approx((3 * 5 + 5) * PRICES.combinations)
    assert schema_cost({"title": "t", "type": "object", "anyOf": schema["anyOf"]}).combinations == 0


def test_optional_values_of_objects_that_are_joined_do_not_multiply() -> None:
    optional = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    halves = [{"properties": {f"{half}{number}": optional for number in range(40)}} for half in "ab"]
    assert schema_cost({"allOf": halves}).combinations < 0.02


def test_multiples_are_reckoned_by_what_all_of_them_have_in_common() -> None:
    steps = [{"multipleOf": step} for step in (0.01, 0.25, 6, 400)]
    assert schema_cost({"anyOf": steps}).multiples == pytest.approx(12 * 5**3 * 4 * PRICES.multiples)
    assert schema_cost({"anyOf": [{"multipleOf": 1 + 2 * n} for n in range(2000)]}).multiples > MOST_SECONDS


@pytest.mark.parametrize(
    ("reference", "leads_to"),
    [
        ("#", "whole"),
        ("#/$defs/a", 1),
        ("#/%24defs/a", 1),
        ("#/$defs/b~1c%20~0d%25", 2),
        ("#/prefixItems/1", 4),
        ("#/prefixItems/2", None),
        ("#/prefixItems/-1", None),
        ("#/prefixItems/" + "9" * 5000, None),
        ("#/$defs/a/b", None),
    ],
)
def test_a_reference_is_a_json_pointer_in_a_fragment(reference: str, leads_to: object) -> None:
    schema = {"$defs": {"a": 1, "b/c ~d%": 2}, "prefixItems": [3, 4]}
    assert resolved(reference, schema) == (schema if leads_to == "whole" else leads_to)


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"$ref": "#/allOf/0"}]},
        {"anyOf": [{"$ref": "#/anyOf/1"}, {"$ref": "#/anyOf/0"}]},
        {"$ref": "#/%24defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}},
    ],
)
def test_a_circle_is_refused_however_it_is_written(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="leads back to itself"):
        check_json_schema(schema)


def test_objects_that_hold_themselves_may_be_joined_with_others() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    check_json_schema({"$defs": {"node": node}, "allOf": [{"$ref": "#/$defs/node"}, {"required": ["next"]}]})


@pytest.mark.parametrize("schema", [{"$ref": "#a"}, {"properties": {"a": {"$id": "b"}}}])
def test_names_of_places_that_are_no_pointers_are_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"only references within it|\$id below its root"):
        check_json_schema(schema)


def test_references_that_double_at_each_step_are_reckoned_at_once() -> None:
    steps = 50
    defs = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(steps)}
    began = time.monotonic()
    with pytest.raises(ValueError, match="follow each other"):
        check_json_schema({"$defs": defs | {f"d{steps}": {"anyOf": [{}, {}]}}, "$ref": "#/$defs/d0"})
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_with_what_to_do(attack: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"1 s are allowed; (use|shorten|lower|bound|combine)|not between"):
        check_json_schema(attack)


def test_each_answer_of_a_request_compiles_anew() -> None:
    cost = SchemaCost(parts=MOST_SECONDS / 4)
    check_cost(cost, 4)
    with pytest.raises(ValueError, match="for each of 5 answers"):
        check_cost(cost, 5)


@pytest.mark.parametrize(
    ("body", "times"),
    [
        ({}, 0),
        ({"response_format": {"type": "json_object"}}, 0),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": DEAR}}}, 1),
        ({"text": {"format": {"type": "json_schema", "name": "s", "schema": DEAR}}}, 1),
        ({"tools": [tool("a", DEAR), tool("b", DEAR)]}, 0),
        ({"tools": [tool("a", DEAR), tool("b", DEAR)], "tool_choice": "auto"}, 0),
        ({"tools": [tool("a", DEAR), tool("b", DEAR)], "tool_choice": "required"}, 2),
        ({"tools": [tool("a", DEAR)], "tool_choice": {"type": "function", "function": {"name": "a"}}}, 1),
        ({"tools": [{"type": "function", "name": "a", "parameters": DEAR}], "tool_choice": "required"}, 1),
        (
            {
                "tools": [{"type": "function", "name": "a", "parameters": DEAR}, {"type": "function", "name": "b"}],
                "tool_choice": {"type": "function", "name": "b"},
            },
            0,
        ),
    ],
)
def test_what_the_engine_compiles_for_a_request(body: dict[str, Any], times: int) -> None:
    assert constraint_cost(body).seconds == pytest.approx(times * DEAR_S, abs=0.001)


ELSEWHERE = {"$ref": "https://example.org/order.json"}


@pytest.mark.parametrize(
    "schema",
    [
        ELSEWHERE,
        *ATTACKS.values(),
        {"type": "string", "pattern": "^[\\p{L}\\p{N}]+(?<y>\\d{4})$", "maxLength": 10**12},
    ],
)
def test_a_tool_that_need_not_be_called_may_have_any_schema(schema: dict[str, Any]) -> None:
    assert constraint_cost({"tools": [tool("a", schema)], "tool_choice": "auto"}).seconds == 0


def test_a_tool_that_must_be_called_is_refused_by_its_path() -> None:
    with pytest.raises(BadRequest, match="only references within it") as refused:
        constraint_cost({"tools": [tool("a", {}), tool("b", ELSEWHERE)], "tool_choice": "required"})
    assert refused.value.param == "tools.1.function.parameters"
