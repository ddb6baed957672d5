"""The part of a JSON schema that an engine can enforce; the gateway sends that, and leaves out the rest.

llguidance refuses a schema with a keyword that it does not know, where other engines answer as if it were not there.
An answer fits what is left, so a keyword here is one that the client has to check.
"""

from collections.abc import Iterator, Mapping
from typing import Any

NOT_ENFORCED = frozenset(
    {"$schema", "$dynamicRef", "contains", "dependencies", "dependentRequired", "dependentSchemas", "else", "if"}
    | {"maxContains", "minContains", "not", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"}
    | {"uniqueItems"}
)
FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"})
_VALUES = frozenset({"const", "enum", "default", "examples"})
_BOUNDING = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum", "const"}
    | {"allOf", "anyOf", "oneOf", "$ref"}
)
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_SAFE = 2**53 - 1
"""The largest integer that every reader of JSON takes as it is (RFC 7493, 2.2)."""
_MOST_BOUNDED = 64
"""Integers of one schema that get bounds: each costs an engine as one with bounds of its own."""
_COMBINING = frozenset({"allOf", "anyOf", "oneOf", "$ref"})


def with_enforceable_schemas(body: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the body of a generating endpoint with what can be enforced of its schemas."""
    changed = dict(body)
    for name in ("response_format", "text"):
        if isinstance(body.get(name), dict):
            changed[name] = _in_format(body[name])
    if body.get("tools"):
        changed["tools"] = [_in_tool(tool) for tool in body["tools"]]
    return changed


def enforceable(schema: Any) -> Any:
    """Returns a schema without what is not enforced; oneOf becomes anyOf: an answer may fit several of its members.

    Engines close objects that do not say whether they take other properties (`server/controller/command.py`). Where a
    schema combines objects, no answer would fit them all, so that they say it. Integers without bounds get those of
    RFC 7493: a small model writes digits until its tokens run out.
    """
    kept = _without_unenforced(schema)
    if 0 < len(free := list(_free_integers(kept))) <= _MOST_BOUNDED:
        for integer in free:
            integer |= {"minimum": -_SAFE, "maximum": _SAFE}
    return _open(kept) if _combines(kept) else kept


def _free_integers(schema: Any) -> Iterator[dict[str, Any]]:
    """The schemas of integers that nothing bounds."""
    if isinstance(schema, list):
        for below in schema:
            yield from _free_integers(below)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "integer" and _BOUNDING.isdisjoint(schema):
        yield schema
    for name, below in schema.items():
        if name in _BY_NAME and isinstance(below, dict):
            yield from _free_integers(list(below.values()))
        elif name not in _VALUES:
            yield from _free_integers(below)


def _without_unenforced(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for name, value in schema.items():
        if name in NOT_ENFORCED or (name == "format" and value not in FORMATS):
            continue
        if name in _BY_NAME and isinstance(value, dict):
            kept[name] = {key: _without_unenforced(below) for key, below in value.items()}
        elif name in _VALUES:
            kept[name] = value
        elif isinstance(value, list):
            kept[name] = [_without_unenforced(below) for below in value]
        else:
            kept[name] = _without_unenforced(value)
    if "oneOf" in kept and "anyOf" not in kept:
        kept["anyOf"] = kept.pop("oneOf")
    return kept


def _combines(schema: Any) -> bool:
    """Whether an answer must fit several objects at once."""
    if isinstance(schema, list):
        return any(map(_combines, schema))
    if not isinstance(schema, dict):
        return False
    members = schema.get("allOf")
    if isinstance(members, list) and len(members) > 1:
        return True
    if not _COMBINING.isdisjoint(schema) and ("properties" in schema or len(_COMBINING & schema.keys()) > 1):
        return True
    return any(
        any(map(_combines, below.values())) if name in _BY_NAME and isinstance(below, dict) else _combines(below)
        for name, below in schema.items()
        if name not in _VALUES
    )


def _open(schema: Any) -> Any:
    """Returns a schema in which each object says whether it takes other properties, as JSON Schema means it."""
    if isinstance(schema, list):
        return [_open(below) for below in schema]
    if not isinstance(schema, dict):
        return schema
    opened: dict[str, Any] = {}
    for name, below in schema.items():
        if name in _BY_NAME and isinstance(below, dict):
            opened[name] = {key: _open(value) for key, value in below.items()}
        else:
            opened[name] = below if name in _VALUES else _open(below)
    if isinstance(schema.get("properties"), dict) or isinstance(schema.get("patternProperties"), dict):
        opened.setdefault("additionalProperties", True)
    return opened


def _in_format(form: dict[str, Any]) -> dict[str, Any]:
    """The schema of /v1/responses lies below `format`, that of the others below `json_schema`."""
    found = dict(form)
    for name in ("format", "json_schema"):
        if isinstance(form.get(name), dict):
            found[name] = _in_format(form[name])
    if "schema" in form:
        found["schema"] = enforceable(form["schema"])
    return found


def _in_tool(tool: dict[str, Any]) -> dict[str, Any]:
    if "function" in tool:
        return tool | {"function": _in_tool(tool["function"])}
    return tool | {"parameters": enforceable(tool["parameters"])} if tool.get("parameters") else tool
