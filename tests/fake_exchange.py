"""One request to the fake engine and its answer: what it says on each endpoint, how fast, and how it breaks off."""

import asyncio
import dataclasses
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from tests import fake_wire as wire


@dataclass(frozen=True)
class Behaviour:
    """What the engine does with the requests that come from now on. Counts of tokens are per choice.

    Attributes:
        tokens: Length of an answer that is not cut by `max_tokens`.
        text: The answer instead of counted words; it is split into words.
        echo: Answer with the last message.
        first_token_delay_s: Wait before the first token.
        token_delay_s: Wait before each further token.
        die_after: Break off the connection after that many tokens; 0 means before any answer.
        hang_after: After that many tokens say nothing more until the client goes.
        error_after: After that many tokens send vLLM's error event and `[DONE]`, as vLLM does.
        status: Refuse with this status instead of answering.
        message: The message of that refusal.
        force_include_usage: As vLLM's `--enable-force-include-usage`.
        healthy: What /health says.
    """

    tokens: int = 16
    text: str | None = None
    echo: bool = False
    first_token_delay_s: float = 0.0
    token_delay_s: float = 0.0
    die_after: int | None = None
    hang_after: int | None = None
    error_after: int | None = None
    status: int | None = None
    message: str = "the fake engine was told to refuse"
    force_include_usage: bool = False
    healthy: bool = True


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: wire.Body


class Engine(Protocol):
    """What an exchange needs of the engine that it belongs to."""

    behaviour: Behaviour
    model: str
    max_model_len: int
    adapters: dict[str, str]
    received: list[Received]
    generated: int

    def weights_of(self, model: str) -> str:
        """What stands for the weights of a model that it serves."""

    def counted(self) -> AbstractContextManager[None]:
        """Count a request as running."""


class BrokenOff(Exception):
    """The engine was told to die here."""


class Exchange:
    """One request and its answer; the subclasses know the endpoint's objects."""

    max_tokens_fields: tuple[str, ...] = ("max_tokens",)

    def __init__(self, engine: Engine, request: web.Request, id_prefix: str) -> None:
        self.engine = engine
        self.request = request
        self.behaviour = engine.behaviour
        suffix = request.headers.get("X-Request-Id") or uuid.uuid4().hex
        self.head = wire.Head(id_prefix + suffix, int(time.time()), engine.model)
        self.body: wire.Body = {}
        self.answers: list[wire.Answer] = []

    async def answer(self) -> web.StreamResponse:
        try:
            self.body = json.loads(await self.request.read())
        except ValueError as unreadable:
            return _refusal(400, f"1 validation error:\n  {unreadable}", "Bad Request")
        if self.body.get("model") in self.engine.adapters:
            self.head = dataclasses.replace(self.head, model=self.body["model"])
        self.engine.received.append(Received(self.request.path, dict(self.request.headers), self.body))
        if refusal := self._refuse():
            return refusal
        self.answers = [self._make_answer(index) for index in range(self.body.get("n") or 1)]
        with self.engine.counted():
            try:
                return await (self._stream() if self.body.get("stream") else self._whole())
            except BrokenOff:
                if self.request.transport is not None:
                    self.request.transport.abort()
                raise asyncio.CancelledError from None

    def prompt(self) -> str:
        raise NotImplementedError

    def whole(self) -> wire.Body:
        raise NotImplementedError

    def events(self) -> AsyncIterator[bytes]:
        raise NotImplementedError

    def error_events(self) -> bytes:
        return wire.event(wire.error(500, "Internal server error", "InternalServerError")) + b"data: [DONE]\n\n"

    async def paced(self) -> AsyncIterator[int]:
        """Positions of tokens, at the pace and to the end that the behaviour asks for."""
        behaviour = self.behaviour
        for position in range(max(len(answer.tokens) for answer in self.answers)):
            if position == behaviour.die_after:
                raise BrokenOff
            if position == behaviour.hang_after:
                await asyncio.Event().wait()
            await asyncio.sleep(behaviour.token_delay_s if position else behaviour.first_token_delay_s)
            self.engine.generated += len(self.answers)
            yield position

    def counts(self) -> tuple[int, int]:
        """Tokens of the prompt and of the answers, a token being a word."""
        return len(self.prompt().split()) + 3, sum(len(answer.tokens) for answer in self.answers)

    @property
    def logprobs(self) -> int | None:
        return self.body.get("top_logprobs") or 0 if self.body.get("logprobs") else None

    @property
    def include_usage(self) -> bool:
        options = self.body.get("stream_options") or {}
        return bool(options.get("include_usage")) or self.behaviour.force_include_usage

    def _refuse(self) -> web.Response | None:
        model = self.body.get("model")
        if self.behaviour.status is not None:
            return _refusal(self.behaviour.status, self.behaviour.message, "InternalServerError")
        if model not in (None, self.engine.model, *self.engine.adapters):
            return _refusal(404, f"The model `{model}` does not exist.", "NotFoundError", "model")
        if (temperature := self.body.get("temperature")) is not None and temperature < 0:
            message = f"temperature must be non-negative, got {float(temperature)}."
            return _refusal(400, message, param="temperature")
        limit = self.engine.max_model_len
        for field in self.max_tokens_fields:
            if (self.body.get(field) or 0) > limit:
                message = f"{field}={self.body[field]} cannot be greater than max_model_len={limit}."
                return _refusal(400, message, param="max_tokens")
        if (length := len(self.prompt().split())) > limit:
            message = f"This model's maximum context length is {limit} tokens. However, your prompt contains {length}."
            return _refusal(400, message, param="input_tokens")
        return None

    def _make_answer(self, index: int) -> wire.Answer:
        tokens = self._natural_tokens(index)
        limits = [self.body[field] for field in self.max_tokens_fields if self.body.get(field) is not None]
        limit = min(limits, default=self.engine.max_model_len)
        if self.body.get("ignore_eos") and limits:
            tokens = [tokens[position % len(tokens)] for position in range(limit)]
        finish_reason = "length" if len(tokens) >= limit else "stop"
        tokens = tokens[:limit] or [""]
        for stop in _stops(self.body):
            text = "".join(tokens)
            if (at := text.find(stop)) >= 0:
                tokens, finish_reason = _words(text[:at]), "stop"
        return wire.Answer(index, tuple(tokens), finish_reason)

    def _natural_tokens(self, index: int) -> list[str]:
        if self.behaviour.echo:
            return _words(self.prompt())
        if self.behaviour.text is not None:
            return _words(self.behaviour.text)
        start = (self.body.get("seed") or 0) + 1000 * index
        return [f"word{start + position} " for position in range(self.behaviour.tokens)]

    async def _whole(self) -> web.Response:
        async for position in self.paced():
            if position == self.behaviour.error_after:
                return _refusal(500, "Internal server error", "InternalServerError")
        return web.json_response(self.whole(), dumps=lambda data: json.dumps(data, ensure_ascii=False))

    async def _stream(self) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        if self.behaviour.die_after == 0:
            raise BrokenOff
        await response.prepare(self.request)
        async for data in self.events():
            await response.write(data)
        await response.write_eof()
        return response


class ChatExchange(Exchange):
    max_tokens_fields = ("max_tokens", "max_completion_tokens")

    def prompt(self) -> str:
        content = (self.body.get("messages") or [{}])[-1].get("content") or ""
        return content if isinstance(content, str) else " ".join(str(part.get("text", "")) for part in content)

    def _refuse(self) -> web.Response | None:
        if not self.body.get("messages"):
            detail = "{'type': 'missing', 'loc': 'body.messages', 'msg': 'Field required'}"
            return _refusal(400, f"1 validation error:\n  {detail}", "Bad Request", "body.messages")
        return super()._refuse()

    def _make_answer(self, index: int) -> wire.Answer:
        choice = self.body.get("tool_choice")
        if isinstance(choice, dict):
            call = {"name": choice["function"]["name"], "arguments": "{}"}
            return wire.Answer(index, ("", "{}", ""), "stop", tool_call=call)
        return super()._make_answer(index)

    def whole(self) -> wire.Body:
        return wire.chat_completion(self.head, self.answers, wire.full_usage(*self.counts()), self.logprobs)

    async def events(self) -> AsyncIterator[bytes]:
        for answer in self.answers:
            yield wire.event(wire.chat_role_chunk(self.head, answer.index))
        async for position in self.paced():
            if position == self.behaviour.error_after:
                yield self.error_events()
                return
            for answer in self.answers:
                if position < len(answer.tokens):
                    choice = wire.chat_token_choice(answer, position, self.logprobs)
                    yield wire.event(wire.chat_chunk(self.head, [choice], **self._fingerprint(choice)))
        if self.include_usage:
            last = wire.chat_chunk(self.head, [], usage=wire.usage(*self.counts()))
            yield wire.event({**last, "system_fingerprint": wire.FINGERPRINT})
        yield b"data: [DONE]\n\n"

    def _fingerprint(self, choice: wire.Body) -> wire.Body:
        # vLLM puts it into the very last object only.
        last = choice["finish_reason"] is not None and not self.include_usage
        return {"system_fingerprint": wire.FINGERPRINT} if last else {}


class TextExchange(Exchange):
    def prompt(self) -> str:
        prompt = self.body.get("prompt") or ""
        return prompt if isinstance(prompt, str) else " ".join(str(part) for part in prompt)

    @property
    def logprobs(self) -> int | None:
        value = self.body.get("logprobs")
        return None if value is None else int(value)

    def whole(self) -> wire.Body:
        counts = wire.full_usage(*self.counts())
        completion = wire.text_completion(self.head, self.answers, counts, self.logprobs is not None)
        if self.body.get("prompt_logprobs") is not None:
            weights = self.engine.weights_of(self.body.get("model") or self.engine.model)
            for choice in completion["choices"]:
                choice["prompt_logprobs"] = wire.prompt_logprobs(weights, self.body["prompt"])
        return completion

    async def events(self) -> AsyncIterator[bytes]:
        async for position in self.paced():
            if position == self.behaviour.error_after:
                yield self.error_events()
                return
            for answer in self.answers:
                if position < len(answer.tokens):
                    choice = wire.text_token_choice(answer, position, self.logprobs is not None)
                    last = choice["finish_reason"] is not None and not self.include_usage
                    more = {"system_fingerprint": wire.FINGERPRINT} if last else {}
                    yield wire.event(wire.text_chunk(self.head, [choice], **more))
        if self.include_usage:
            last_chunk = wire.text_chunk(self.head, [], usage=wire.usage(*self.counts()))
            yield wire.event({**last_chunk, "system_fingerprint": wire.FINGERPRINT})
        yield b"data: [DONE]\n\n"


class ResponseExchange(Exchange):
    max_tokens_fields = ("max_output_tokens",)

    async def answer(self) -> web.StreamResponse:
        # vLLM takes the id of a response from the body, not from the header.
        body = await self.request.read()
        try:
            request_id = json.loads(body).get("request_id")
        except (ValueError, AttributeError):
            request_id = None
        self.head = dataclasses.replace(self.head, id=request_id or f"resp_{uuid.uuid4().hex[:16]}")
        return await super().answer()

    def prompt(self) -> str:
        given = self.body.get("input") or ""
        return given if isinstance(given, str) else json.dumps(given)

    def whole(self) -> wire.Body:
        return self._response(done=True)

    async def events(self) -> AsyncIterator[bytes]:
        number = 0

        def numbered(kind: str, **fields: Any) -> bytes:
            nonlocal number
            data = {**fields, "sequence_number": number, "type": f"response.{kind}"}
            number += 1
            return wire.named_event(data)

        at: wire.Body = {"content_index": 0, "item_id": self._item_id, "output_index": 0}
        part: wire.Body = {"annotations": [], "text": "", "type": "output_text", "logprobs": []}
        yield numbered("created", response=self._response(done=False))
        yield numbered("in_progress", response=self._response(done=False))
        yield numbered("output_item.added", item=wire.response_message(self._item_id, None), output_index=0)
        yield numbered("content_part.added", **at, part=part)
        async for position in self.paced():
            if position == self.behaviour.error_after:
                yield self.error_events()
                return
            yield numbered("output_text.delta", **at, delta=self.answers[0].tokens[position], logprobs=[])
        text = self.answers[0].text
        yield numbered("output_text.done", **at, logprobs=[], text=text)
        yield numbered("content_part.done", **at, part={**part, "text": text, "logprobs": None})
        yield numbered("output_item.done", item=wire.response_message(self._item_id, text), output_index=0)
        yield numbered("completed", response=self._response(done=True))

    @property
    def _item_id(self) -> str:
        return f"msg_{self.head.id[-16:]}"

    def _response(self, *, done: bool) -> wire.Body:
        if not done:
            return wire.response(self.head, self.body, None, None, "in_progress")
        message = wire.response_message(self._item_id, self.answers[0].text)
        status = "incomplete" if self.answers[0].finish_reason == "length" else "completed"
        return wire.response(self.head, self.body, message, wire.response_usage(*self.counts()), status)


def _refusal(status: int, message: str, kind: str = "BadRequestError", param: str | None = None) -> web.Response:
    return web.json_response(wire.error(status, message, kind, param), status=status)


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + [words[-1]]


def _stops(body: wire.Body) -> list[str]:
    stop = body.get("stop") or []
    return [stop] if isinstance(stop, str) else list(stop)
