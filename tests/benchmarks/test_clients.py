"""The benchmark of clients: its scripts fit its table, and its scripted engine gives what schemas ask for."""

import jsonschema
import pytest

from benchmarks.clients.cases import ERROR, NAMES, complaint
from benchmarks.clients.catalogue import CLIENTS, SCRIPTS, Client
from benchmarks.clients.scripted_engine import AFTER_A_TOOL, ANSWER, instance


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_script_has_every_case_that_its_client_does_not_lack(client: Client) -> None:
    written = (SCRIPTS / client.script).read_text()
    present = {case for case in NAMES if f" {case}(" in written}
    assert present == set(NAMES) - client.lacks.keys()
    assert all("==" in package or "@" in package[1:] for package in client.packages)


def test_every_script_belongs_to_a_client() -> None:
    assert {client.script for client in CLIENTS} == {path.name for path in SCRIPTS.glob("*.[pm]*")}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"enum": ["x"]}, "b": {"type": "array", "items": {"type": "integer"}}}},
        {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "$defs": {"a": {"type": "number"}}},
        {"const": 3},
    ],
)
def test_the_scripted_engine_gives_what_fits_a_schema(schema: dict[str, object]) -> None:
    jsonschema.validate(instance(schema), schema)


@pytest.mark.parametrize(
    ("case", "gave"),
    [
        ("chat", ANSWER),
        ("stream", ["", "The capital of ", "France is Paris."]),
        ("stream", ["{}", '{"answer": "yes", "sure": true}']),
        ("tools", [{"city": "Paris"}, AFTER_A_TOOL]),
        ("structured", {"answer": "yes", "sure": True}),
        ("models", ["attune", "attune@v1"]),
        ("usage", [3, 4]),
    ],
)
def test_a_case_is_judged_by_what_must_come_of_it(case: str, gave: object) -> None:
    assert complaint(case, {"gave": gave}, scripted=True) is None
    for wrong in ({"gave": None}, {"gave": ["x"]}, {"raised": "Error", "message": "x"}):
        assert complaint(case, wrong, scripted=True)


def test_an_error_must_say_what_was_wrong() -> None:
    assert complaint(ERROR, {"raised": "NotFound", "message": "no 'no-such-model' here"}, scripted=True) is None
    assert complaint(ERROR, {"raised": "NotFound", "message": "something failed"}, scripted=True)
    assert complaint(ERROR, {"gave": "an answer"}, scripted=True)
