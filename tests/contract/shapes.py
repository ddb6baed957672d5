"""Compares JSON by keys and types, and reads server-sent events."""

import json
from typing import Any

# Objects whose keys are data: tokens of /v1/completions' log-probabilities.
_MAPS = {"top_logprobs"}


def shape(value: Any, name: str = "") -> Any:
    """The keys and types of a JSON value.

    A list becomes the set of its items' shapes, so that lists of different lengths compare equal; `{}` of data keys
    becomes the set of its values' shapes.
    """
    if isinstance(value, dict):
        if name in _MAPS:
            return ("map", frozenset(_frozen(shape(item)) for item in value.values()))
        return {key: shape(item, key) for key, item in value.items()}
    if isinstance(value, list):
        if name == "bytes":  # of a token, which may have none
            return "bytes"
        return ("list", frozenset(_frozen(shape(item, name)) for item in value))
    return type(value).__name__


def events(stream: bytes) -> list[tuple[str | None, Any]]:
    """The events of a stream: name (None if it has none) and JSON data (a string if it is not JSON, as `[DONE]`)."""
    found = []
    for block in stream.decode().split("\n\n"):
        if not block:
            continue
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data = fields["data"]
        found.append((fields.get("event"), json.loads(data) if data.startswith("{") else data))
    return found


def event_shapes(stream: bytes) -> list[Any]:
    """The shapes of a stream's events in order, repeated ones once."""
    found: list[Any] = []
    for name, data in events(stream):
        item = (name, shape(data) if isinstance(data, dict) else data)
        if item not in found[-1:]:
            found.append(item)
    return found


def _frozen(value: Any) -> Any:
    return tuple(sorted((key, _frozen(item)) for key, item in value.items())) if isinstance(value, dict) else value
