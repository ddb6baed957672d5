"""Checks of tools, and of answers that must have a shape."""

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel

from benchmarks.client_checks.check import HELLO, Check, chats


class Verdict(BaseModel):
    """A shape that a very small model can fill in."""

    answer: Literal["yes", "no"]
    sure: bool


_ANSWER: dict[str, Any] = {"type": "string", "enum": ["yes", "no"]}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": _ANSWER, "sure": {"type": "boolean"}},
    "required": ["answer", "sure"],
    "additionalProperties": False,
}
VERDICT: dict[str, Any] = {"name": "verdict", "schema": _SCHEMA}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _deep(levels: int) -> dict[str, Any]:
    return _ANSWER if levels == 0 else _object(inner=_deep(levels - 1))


def _tool(parameters: dict[str, Any] | None = None, name: str = "decide", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters or _SCHEMA} | more}


def _named(name: str = "decide") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def _offered(schema: dict[str, Any]) -> dict[str, Any]:
    return {"tools": [_tool(_object(word=schema))]}


def _shaped(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _LONG | {"response_format": {"type": "json_schema", "json_schema": VERDICT | {"schema": schema} | more}}


_LONG: dict[str, Any] = {"max_tokens": 200}
_FORCED: dict[str, Any] = {"tool_choice": _named(), **_LONG}
_RESULT = [
    HELLO,
    {
        "role": "assistant",
        "tool_calls": [
            {
                "id": "c",
                "type": "function",
                "function": {"name": "decide", "arguments": '{"answer": "yes"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "c", "content": "done"},
]
_OFFERED = {
    "a tool": {"tools": [_tool()]},
    "auto": {"tools": [_tool()], "tool_choice": "auto"},
    "none": {"tools": [_tool()], "tool_choice": "none"},
    "null": {"tools": [_tool()], "tool_choice": None},
    "one call at a time": {"tools": [_tool()], "parallel_tool_calls": False},
    "two tools": {"tools": [_tool(), _tool(name="other")]},
    "tools of null": {"tools": None},
    "strict of null and a description": {"tools": [_tool(strict=None, description="Decides.")]},
    "a function without parameters": {"tools": [{"type": "function", "function": {"name": "now"}}]},
    "a name with a dot and a slash": {"tools": [_tool(name="server.tools/now")]},
    "a tool without its type": {"tools": [{"function": {"name": "now"}}]},
    "a tool with cache_control": {"tools": [_tool() | {"cache_control": {"type": "ephemeral"}}]},
    "a pattern with \\p{L}": _offered({"type": "string", "pattern": "^[\\p{L}\\p{N}]+$"}),
    "a pattern with a named group": _offered({"type": "string", "pattern": "(?<y>\\d{4})"}),
    "a long maxLength": _offered({"type": "string", "maxLength": 4000}),
    "a reference to another document": _offered({"$ref": "https://example.com/word.json"}),
    "seven nested objects": _offered(_deep(7)),
    "a format and a default": _offered({"type": "string", "format": "uri", "default": ""}),
    "streamed": {"tools": [_tool()], "stream": True},
}
_DEMANDED = {
    "by name": {"tools": [_tool()], **_FORCED},
    "by name, strict": {"tools": [_tool(strict=True)], **_FORCED},
    "by name of two": {"tools": [_tool(), _tool(name="other")], **_FORCED},
    "by name, streamed": {"tools": [_tool()], "stream": True, **_FORCED},
    "required": {"tools": [_tool()], "tool_choice": "required", **_LONG},
    "required, streamed": {"tools": [_tool()], "tool_choice": "required", "stream": True, **_LONG},
    "required, one at a time": {
        "tools": [_tool()],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        **_LONG,
    },
    "none after a result": {"tools": [_tool()], "messages": _RESULT},
}
_FORMATS = {
    "null": {"response_format": None},
    "text": {"response_format": {"type": "text"}},
    "a schema": _shaped(_SCHEMA),
    "a schema, strict": _shaped(_SCHEMA, strict=True),
    "strict of null and a description": _shaped(_SCHEMA, strict=None, description="A verdict."),
    "streamed": _shaped(_SCHEMA) | {"stream": True},
    "two answers": _shaped(_SCHEMA) | {"n": 2, "temperature": 1, "seed": 3},
    "nested objects": _shaped(_object(first=_SCHEMA, second=_object(answer=_ANSWER))),
    "a list with bounds": _shaped(_object(answers={"type": "array", "items": _ANSWER, "minItems": 1, "maxItems": 3})),
    "alternatives": _shaped(_object(answer={"anyOf": [_ANSWER, {"type": "null"}]})),
    "definitions": _shaped(_object(answer={"$ref": "#/$defs/Answer"}) | {"$defs": {"Answer": _ANSWER}}),
    "a constant": _shaped(_object(kind={"const": "verdict"}, answer=_ANSWER)),
    "a bounded number": _shaped(_object(number={"type": "integer", "minimum": 1, "maximum": 9})),
    "several types": _shaped(_object(answer={"type": ["boolean", "null"]})),
    "a name with a space": _shaped(_SCHEMA, name="a verdict"),
    "titles and defaults": _shaped(_object(answer=_ANSWER | {"title": "Answer", "default": "no"})),
    "a pattern": _shaped(_object(code={"type": "string", "pattern": "^[A-Z]{3}$"})),
    "a fixed list": _shaped(
        _object(pair={"type": "array", "prefixItems": [_ANSWER, _ANSWER], "minItems": 2, "maxItems": 2, "items": False})
    ),
}
_WRONG = {
    "a tool that is not there": {"tools": [_tool()], "tool_choice": _named("other")},
    "a choice without tools": {"tool_choice": "required"},
    "a choice that is no word": {"tools": [_tool()], "tool_choice": "maybe"},
    "a tool without a function": {"tools": [{"type": "function"}]},
    "a format of an unknown kind": {"response_format": {"type": "poem"}},
    "a schema that is missing": {"response_format": {"type": "json_schema"}},
    "a schema that is no object": {"response_format": {"type": "json_schema", "json_schema": VERDICT | {"schema": 7}}},
}

CHECKS: list[Check] = [
    *chats("tools offered", _OFFERED),
    *chats("tools demanded", _DEMANDED),
    *chats("formats", _FORMATS),
    replace(chats("formats", {"parse() with pydantic": _LONG | {"response_format": Verdict}})[0], helper="parse"),
    *chats("wrong shapes", _WRONG, "BadRequestError"),
]
