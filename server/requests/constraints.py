"""Which JSON schemas a request makes the engine compile."""

from collections.abc import Iterator, Mapping
from typing import Any

from server.requests.schema_cost import SchemaCost, schema_cost


def constraint_cost(body: Mapping[str, Any]) -> SchemaCost:
    """What the schemas cost that the answer must fit, for one answer; nothing for a request without any.

    Args:
        body: Of a generating endpoint, checked.
    """
    return sum((schema_cost(schema) for schema in _compiled(body)), start=SchemaCost())


def _compiled(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A demanded call takes the place of another shape; tools that the model may leave alone are not compiled."""
    choice = body.get("tool_choice")
    if choice == "required" or isinstance(choice, dict):
        for tool in body.get("tools") or ():
            function = tool.get("function", tool)
            if choice == "required" or choice.get("function", choice)["name"] == function["name"]:
                yield function.get("parameters") or {}
        return
    text = body.get("text") or {}
    for form in (body.get("response_format"), text.get("format")):
        if form is not None and form["type"] == "json_schema":
            yield form.get("json_schema", form)["schema"]
