"""An engine whose answers are known: what a larger model would do, in vLLM's wire format.

Offered a tool that was not called yet, it calls it; asked for a shape, it gives an instance of the schema; else it
answers in a sentence. `python -m benchmarks.clients.scripted_engine PORT` serves until killed.
"""

import asyncio
import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from tests import fake_wire as wire
from tests.fake_engine import FakeEngine
from tests.fake_exchange import Behaviour, ChatExchange, ResponseExchange

ANSWER = "The capital of France is Paris."
AFTER_A_TOOL = "It is sunny in Paris."


class ScriptedEngine(FakeEngine):
    """The fake engine with answers that depend on the request."""

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await _ScriptedChat(self, request, "chatcmpl-").answer()

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        return await _ScriptedResponse(self, request, "resp_").answer()


class _ScriptedChat(ChatExchange):
    def _make_answer(self, index: int) -> wire.Answer:
        if (function := _next_tool(self.body)) is not None:
            arguments = json.dumps(instance(function.get("parameters") or {}))
            call = {"name": function["name"], "arguments": arguments}
            return wire.Answer(index, ("", arguments, ""), "tool_calls", tool_call=call)
        form = self.body.get("response_format") or {}
        told = self.body["messages"][-1]["role"] == "tool"
        self.behaviour = _saying(form.get("json_schema"), AFTER_A_TOOL if told else ANSWER)
        return dataclasses.replace(super()._make_answer(index), tool_call=None)


class _ScriptedResponse(ResponseExchange):
    def _make_answer(self, index: int) -> wire.Answer:
        form = (self.body.get("text") or {}).get("format") or {}
        self.behaviour = _saying(form if form.get("type") == "json_schema" else None, ANSWER)
        return super()._make_answer(index)


def _saying(named_schema: dict[str, Any] | None, text: str) -> Behaviour:
    return Behaviour(text=json.dumps(instance(named_schema["schema"])) if named_schema else text)


def _next_tool(body: dict[str, Any]) -> dict[str, Any] | None:
    """The first tool that was not called yet; None if the request is to be answered in words."""
    choice = body.get("tool_choice")
    if choice == "none":
        return None
    called = {call["function"]["name"] for message in body["messages"] for call in message.get("tool_calls") or ()}
    functions: Iterator[dict[str, Any]] = (tool["function"] for tool in body.get("tools") or ())
    if isinstance(choice, dict):
        return next(function for function in functions if function["name"] == choice["function"]["name"])
    return next((function for function in functions if function["name"] not in called), None)


def instance(schema: dict[str, Any], root: dict[str, Any] | None = None) -> Any:
    """Return a value that fits a JSON schema of objects, enums, numbers, texts and references, always the same one."""
    root = schema if root is None else root
    if "$ref" in schema:
        return instance(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if options := schema.get("anyOf") or schema.get("allOf"):
        return instance(options[0], root)
    if "const" in schema or "enum" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    if schema.get("type") == "array":
        return [instance(schema.get("items") or {}, root)]
    scalars = {"string": "Paris", "integer": 7, "number": 7.5, "boolean": True, "null": None}
    if schema.get("type") in scalars:
        return scalars[schema["type"]]
    return {name: instance(below, root) for name, below in (schema.get("properties") or {}).items()}


async def _serve(port: int) -> None:
    async with ScriptedEngine(port=port) as engine:
        print(f"scripted engine on {engine.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
