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
        usage: OpenAI's usage object, where the engine sent one.
        error: The message of an error that the engine sent within a stream.
        ended: Whether a stream came to its last event.
    """

    end_event: ClassVar[bytes] = b"data: [DONE]"
    held: ClassVar[tuple[bytes, ...]]
    """Marks of the events that must not leave before the record is on disk; see `server.sse.EventGate`."""

    def __init__(self) -> None:
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

    def finish(self) -> bytes:
        """Read the rest at the end of a stream; return the last event where a server leaves it out."""
        self._copy.append(b"\n\n")
        self.fold()
        finished = bool(self._drafts) and all(draft.finish_reason for draft in self._drafts.values())
        if self.ended or not finished or self.end_event not in self.held:
            return b""
        self.ended = True
        return self.end_event + b"\n\n"

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

    def as_events(self, body: bytes) -> bytes:
        """Return an answer that was not streamed as the events of a stream, for a client that asked for one."""
        return b"data: " + body + b"\n\n" + self.end_event + b"\n\n"

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

    held = (Transcript.end_event,)

    def _read_event(self, event: dict[str, Any]) -> None:
        self.usage = event.get("usage") or self.usage
        for choice in event.get("choices") or ():
            draft = self._draft(choice.get("index") or 0)
            delta = choice.get("delta") or {}
            if delta.get("content"):
                draft.text.append(delta["content"])
            for piece in delta.get("tool_calls") or ():
                _add_to_call(draft.tool_calls, piece)
            draft.finish_reason = choice.get("finish_reason") or draft.finish_reason

    def _read_answer(self, answer: dict[str, Any]) -> None:
        self.usage = answer.get("usage")
        for choice in answer["choices"]:
            message = choice["message"]
            draft = self._draft(choice.get("index") or 0)
            draft.text.append(message.get("content") or "")
            for call in message.get("tool_calls") or ():
                _add_to_call(draft.tool_calls, {key: value for key, value in call.items() if key != "index"})
            draft.finish_reason = choice.get("finish_reason")

    def as_events(self, body: bytes) -> bytes:
        """Return the answer as one chunk: the same object, but that each choice has a delta."""
        answer = orjson.loads(body)
        choices = [
            {key: value for key, value in choice.items() if key != "message"} | {"delta": choice["message"]}
            for choice in answer["choices"]
        ]
        chunk = answer | {"object": "chat.completion.chunk", "choices": choices}
        return super().as_events(orjson.dumps(chunk))


class TextTranscript(Transcript):
    """/v1/completions."""

    held = ChatTranscript.held

    def _read_event(self, event: dict[str, Any]) -> None:
        self.usage = event.get("usage") or self.usage
        for choice in event.get("choices") or ():
            draft = self._draft(choice.get("index") or 0)
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

    def _read_answer(self, answer: dict[str, Any]) -> None:
        self.usage = answer.get("usage")
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

    def as_events(self, body: bytes) -> bytes:
        """Return the answer as its last event, which holds the whole of it."""
        answer = orjson.loads(body)
        kind = "response.incomplete" if answer.get("status") == "incomplete" else "response.completed"
        event = orjson.dumps({"type": kind, "sequence_number": 0, "response": answer})
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), event)


class UnrecordedTranscript(Transcript):
    """/v1/embeddings, /tokenize and /detokenize: nothing of their answers is kept."""

    held = ()

    def _read_event(self, event: dict[str, Any]) -> None:
        raise TypeError("this endpoint does not stream")

    def _read_answer(self, answer: dict[str, Any]) -> None:
        self.usage = answer.get("usage")


def _add_to_call(calls: dict[int, dict[str, Any]], piece: Mapping[str, Any]) -> None:
    """Adds a piece of a call: its id and name come once, its arguments in parts.

    Some servers leave out the index, and send each call whole; some send the arguments as an object.
    """
    index = piece.get("index")
    if index is None:
        index = len(calls) if piece.get("id") or not calls else len(calls) - 1
    call = calls.setdefault(index, {"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
    call["id"] = piece.get("id") or call["id"]
    function = piece.get("function") or {}
    call["function"]["name"] += function.get("name") or ""
    arguments = function.get("arguments") or ""
    call["function"]["arguments"] += arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()


def _finish_reason(answer: Mapping[str, Any], called: bool) -> str | None:
    """The finish reason that chat completions would give."""
    if answer.get("status") == "incomplete":
        return "length"
    if answer.get("status") != "completed":
        return None
    return "tool_calls" if called else "stop"
