"""Answers that must have a shape, from eighteen seeds: how many end, and fit."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema
import openai

SEEDS = range(18)
_MESSAGES: Any = [{"role": "user", "content": "Is the sky blue, and how many people are there?"}]
_COUNT: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "boolean"}, "n": {"type": "integer"}},
    "required": ["a", "n"],
}
_PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "mood": {"enum": ["good", "bad"]},
        "tags": {"type": "array", "items": {"enum": ["x", "y"]}, "maxItems": 3},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
    },
    "required": ["mood", "tags", "age"],
}


@dataclass(frozen=True)
class Shaped:
    """One way to ask for a shape.

    Attributes:
        way: What was asked.
        ended: Answers that came to an end before their tokens ran out.
        fitted: Answers that fit the schema.
        asked: How many there were.
    """

    way: str
    ended: int
    fitted: int
    asked: int


def measure(client: openai.OpenAI) -> list[Shaped]:
    """Asks with each seed in each way, without any penalty."""
    found = []
    for name, schema in {"a boolean and an integer": _COUNT, "an enum, a list, a bounded integer": _PERSON}.items():
        for way, ask in _WAYS.items():
            for closed in (True, False):
                asked = schema | {"additionalProperties": False} if closed else schema
                answers = [ask(client, asked, seed) for seed in SEEDS]
                fitted = sum(_fits(text, schema) for _, text in answers)
                ended = sum(end != "length" for end, _ in answers)
                said = f"{name}; {way}; {'closed' if closed else 'other properties not spoken of'}"
                found.append(Shaped(said, ended, fitted, len(answers)))
    return found


def _by_format(client: openai.OpenAI, schema: dict[str, Any], seed: int) -> tuple[str, str]:
    form: Any = {"type": "json_schema", "json_schema": {"name": "shape", "schema": schema}}
    answer = client.chat.completions.create(
        model="attune", messages=_MESSAGES, response_format=form, seed=seed, max_tokens=200
    )
    return answer.choices[0].finish_reason, answer.choices[0].message.content or ""


def _by_tool(client: openai.OpenAI, schema: dict[str, Any], seed: int) -> tuple[str, str]:
    tool: Any = {"type": "function", "function": {"name": "shape", "parameters": schema}}
    choice: Any = {"type": "function", "function": {"name": "shape"}}
    answer = client.chat.completions.create(
        model="attune", messages=_MESSAGES, tools=[tool], tool_choice=choice, seed=seed, max_tokens=200
    )
    calls: Any = answer.choices[0].message.tool_calls or [None]
    return answer.choices[0].finish_reason, calls[0].function.arguments if calls[0] else ""


_WAYS: Mapping[str, Callable[[openai.OpenAI, dict[str, Any], int], tuple[str, str]]] = {
    "response_format": _by_format,
    "a demanded call": _by_tool,
}


def _fits(text: str, schema: dict[str, Any]) -> bool:
    try:
        jsonschema.validate(json.loads(text), schema)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True
