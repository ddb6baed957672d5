"""Streams count their tokens: the gateway asks engines for usage, and drops the event that a client did not ask for.

Without `stream_options` a stream says nothing of its tokens, and most clients leave them out.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from server.sse import data_of_events

_EVENT = re.compile(rb".+?(?:\r?\n\r?\n|\Z)", re.DOTALL)
# Within a text of the model the quotes would be escaped.
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')


class UsageRefused(Exception):
    """An engine does not know the option, and has taken nothing of the request."""


def asks_for_usage(body: Mapping[str, Any]) -> bool:
    """Return whether a client asked for the usage of its stream."""
    return bool((body.get("stream_options") or {}).get("include_usage"))


def with_usage(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a stream with the wish for one event of usage at its end, and for no others."""
    return {**body, "stream_options": {"include_usage": True}}


def is_about_usage(status: int, answer: bytes) -> bool:
    """Return whether a refusal blames the option; servers that do not know it name it, or its field, in some shape."""
    return status in (400, 422) and (b"stream_options" in answer or b"include_usage" in answer)


def without_usage(raw: bytes) -> bytes:
    """Return whole server-sent events without the one that holds nothing but usage."""
    if b'"usage"' not in raw or not _NO_CHOICES.search(raw):
        return raw
    return b"".join(event for event in _EVENT.findall(raw) if not _is_usage(event))


def _is_usage(event: bytes) -> bool:
    for data in data_of_events(event + b"\n\n"):
        try:
            chunk = orjson.loads(data)
        except ValueError:
            return False
        return isinstance(chunk, dict) and chunk.get("choices") == [] and bool(chunk.get("usage"))
    return False
