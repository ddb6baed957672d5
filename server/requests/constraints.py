"""Which JSON schemas a request makes the engine compile."""

from collections.abc import Iterator, Mapping
from typing import Any

from server.errors import BadRequest
from server.requests.json_schema import MOST_SECONDS, check_json_schema
from server.requests.schema_cost import SchemaCost, schema_cost


def constraint_cost(body: Mapping[str, Any]) -> SchemaCost:
    """Return what the schemas cost that the answer must fit, for one answer; nothing for a request without any.

    Args:
        body: Of a generating endpoint, checked.

    Raises:
        BadRequest: A tool that must be called has a schema that cannot be compiled, or costs too much.
    """
    total = SchemaCost()
    for path, schema in _demanded_tools(body):
        try:
            check_json_schema(schema)
        except ValueError as error:
            raise BadRequest(f"{path}: {error}.", param=path, code="invalid_value") from None
        total += schema_cost(schema, MOST_SECONDS)
        if total.seconds > MOST_SECONDS:
            return total
    if not _demands_call(body):
        total = sum(map(schema_cost, _formats(body)), start=total)
    return total


def _demands_call(body: Mapping[str, Any]) -> bool:
    """Whether a tool must be called; the call then takes the place of another shape of the answer."""
    choice = body.get("tool_choice")
    return choice == "required" or isinstance(choice, dict)


def _demanded_tools(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and schema of the tools of which one must be called. Others are shown to the model, not compiled."""
    if not _demands_call(body):
        return
    choice = body["tool_choice"]
    for index, tool in enumerate(body.get("tools") or ()):
        function = tool.get("function", tool)
        if choice == "required" or choice.get("function", choice)["name"] == function["name"]:
            path = f"tools.{index}.function.parameters" if "function" in tool else f"tools.{index}.parameters"
            yield path, function.get("parameters") or {}


def _formats(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    text = body.get("text") or {}
    for form in (body.get("response_format"), text.get("format")):
        if form is not None and form["type"] == "json_schema":
            yield form.get("json_schema", form)["schema"]
