"""What an engine answered, read from a copy of its bytes: choices, usage, and whether it came to its end.

Nothing is parsed while a stream runs. The copy is read at the end, or whenever it has grown long, so that memory stays
bounded.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson

from ledger.records import Choice
from server.sse import data_of_events, end_of_events

FOLD_AT_BYTES = 2**18


@dataclass(slots=True)
class _Draft:
    """A choice that is being put together from its pieces."""

    text: list[str] = field(default_factory=list)
    finish_reason: str | None = None
    tool_calls: dict[int, dict[str, Any]] = field(default_factory=dict)

    def choice(self, index: int) -> Choice:
        calls = [self.tool_calls[position] for position in sorted(self.tool_calls)]
        return Choice(index, "".join(self.text), self.finish_reason, calls or None)


class Transcript(ABC):
    """The answer to one request; the subclasses know an endpoint's objects.

    Attributes:
        id: The answer's id, as the client sees it.
        usage: OpenAI's usage object, where the engine sent one.
        error: The message of an error that the engine sent within a stream.
        ended: Whether a stream came to its last event.
    """

    held: ClassVar[tuple[bytes, ...]]
    """Marks of the events that must not leave before the record is on disk; see `server.sse.EventGate`."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.usage: dict[str, Any] | None = None
        self.error: str | None = None
        self.ended = False
        self._drafts: dict[int, _Draft] = {}
        self._copy: list[bytes] = []
        self._copied = 0

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The answers, by index."""
        return tuple(self._drafts[index].choice(index) for index in sorted(self._drafts))

    def add(self, chunk: bytes) -> None:
        """Takes a piece of a stream."""
        self._copy.append(chunk)
        self._copied += len(chunk)
        if self._copied > FOLD_AT_BYTES:
            self.fold()

    def fold(self) -> None:
        """Reads what was copied so far; an event that is not complete waits."""
        raw = b"".join(self._copy)
        end = end_of_events(raw)
        whole, rest = raw[:end], raw[end:]
        self._copy, self._copied = [rest], len(rest)
        for data in data_of_events(whole):
            if data == b"[DONE]":
                self.ended = True
                continue
            try:
                event = orjson.loads(data)
            except ValueError:
                self.error = "The engine sent an event that is not JSON."
                continue
            if isinstance(event, dict):
                self._read_any_event(event)

    def read_whole(self, body: bytes) -> None:
        """Reads an answer that was not streamed.

        Raises:
            ValueError: It is not what the endpoint answers.
        """
        answer = orjson.loads(body)
        try:
            self._read_answer(answer)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"unexpected answer: {type(error).__name__} {error}") from error
        self.ended = True

    def _read_any_event(self, event: dict[str, Any]) -> None:
        if (error := event.get("error")) is not None:
            self.error = str(error.get("message", error) if isinstance(error, dict) else error)
            return
        try:
            self._read_event(event)
        except (KeyError, TypeError, AttributeError) as error:
            self.error = f"The engine sent an unexpected event: {type(error).__name__} {error}."

    @abstractmethod
    def _read_event(self, event: dict[str, Any]) -> None:
        """Reads one event of a stream."""

    @abstractmethod
    def _read_answer(self, answer: dict[str, Any]) -> None:
        """Reads an answer that was not streamed."""

    def _draft(self, index: int) -> _Draft:
        return self._drafts.setdefault(index, _Draft())


class ChatTranscript(Transcript):
    """/v1/chat/completions."""

    held = (b"data: [DONE]",)

    def _read_event(self, event: dict[str, Any]) -> None:
        self.id = event.get("id") or self.id
        self.usage = event.get("usage") or self.usage
        for choice in event.get("choices") or ():
            draft = self._draft(choice["index"])
            delta = choice.get("delta") or {}
            if delta.get("content"):
                draft.text.append(delta["content"])
            for piece in delta.get("tool_calls") or ():
                _add_to_call(draft.tool_calls, piece)
            draft.finish_reason = choice.get("finish_reason") or draft.finish_reason

    def _read_answer(self, answer: dict[str, Any]) -> None:
        self.id, self.usage = answer.get("id"), answer.get("usage")
        for choice in answer["choices"]:
            message = choice["message"]
            draft = self._draft(choice["index"])
            draft.text.append(message.get("content") or "")
            draft.tool_calls = dict(enumerate(message.get("tool_calls") or ()))
            draft.finish_reason = choice.get("finish_reason")


class TextTranscript(Transcript):
    """/v1/completions."""

    held = ChatTranscript.held

    def _read_event(self, event: dict[str, Any]) -> None:
        self.id = event.get("id") or self.id
        self.usage = event.get("usage") or self.usage
        for choice in event.get("choices") or ():
            draft = self._draft(choice["index"])
            draft.text.append(choice.get("text") or "")
            draft.finish_reason = choice.get("finish_reason") or draft.finish_reason

    def _read_answer(self, answer: dict[str, Any]) -> None:
        self._read_event(answer)


class ResponseTranscript(Transcript):
    """/v1/responses. Its last event holds the whole answer; the pieces before it matter when it never comes."""

    held = (b"event: response.completed", b"event: response.incomplete", b"event: response.failed")

    def _read_event(self, event: dict[str, Any]) -> None:
        kind = event.get("type", "")
        if kind in {"response.completed", "response.incomplete", "response.failed"}:
            self._drafts.clear()
            self._read_answer(event["response"])
            self.ended = True
        elif kind == "response.output_text.delta":
            self._draft(0).text.append(event["delta"])
        elif kind == "response.created":
            self.id = event["response"].get("id")

    def _read_answer(self, answer: dict[str, Any]) -> None:
        self.id, self.usage = answer.get("id"), answer.get("usage")
        draft = self._draft(0)
        for item in answer["output"]:
            if item.get("type") == "message":
                draft.text.extend(part.get("text") or "" for part in item.get("content") or ())
            elif item.get("type") == "function_call":
                function = {"name": item["name"], "arguments": item["arguments"]}
                call = {"id": item["call_id"], "type": "function", "function": function}
                draft.tool_calls[len(draft.tool_calls)] = call
        draft.finish_reason = _finish_reason(answer, bool(draft.tool_calls))
        if answer.get("status") == "failed":
            self.error = str((answer.get("error") or {}).get("message", "The engine failed."))


class EmbeddingsTranscript(Transcript):
    """/v1/embeddings. Vectors are not kept."""

    held = ()

    def _read_event(self, event: dict[str, Any]) -> None:
        raise TypeError("embeddings are not streamed")

    def _read_answer(self, answer: dict[str, Any]) -> None:
        self.usage = answer.get("usage")


def _add_to_call(calls: dict[int, dict[str, Any]], piece: Mapping[str, Any]) -> None:
    """Adds a piece of a call: its id and name come once, its arguments in parts."""
    call = calls.setdefault(
        piece.get("index") or 0, {"id": None, "type": "function", "function": {"name": "", "arguments": ""}}
    )
    call["id"] = piece.get("id") or call["id"]
    function = piece.get("function") or {}
    call["function"]["name"] += function.get("name") or ""
    call["function"]["arguments"] += function.get("arguments") or ""


def _finish_reason(answer: Mapping[str, Any], called: bool) -> str | None:
    """The finish reason that chat completions would give."""
    if answer.get("status") == "incomplete":
        return "length"
    if answer.get("status") != "completed":
        return None
    return "tool_calls" if called else "stop"
