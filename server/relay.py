"""One answer's way from the engine to the client: bytes as they come, the record before the last of them."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ledger.records import Completion, Engine, Status
from server.admission import Admission
from server.answer_identity import AnswerIdentity
from server.compiling import Compiling
from server.endpoints import Endpoint
from server.error_conversion import to_gateway_error
from server.errors import GatewayError, NotTaken, Overloaded, UpstreamBroken, UpstreamTimeout
from server.hang_up import ClientGone, HangUp
from server.metrics import Metrics
from server.recording import Recorder, Timing, finished
from server.refusal import refusal
from server.sse import EventGate
from server.transcript import Transcript
from server.upstream import Upstream
from server.usage import UsageRefused, asks_for_usage, is_about_usage, with_usage, without_usage

logger = logging.getLogger(__name__)

_EVENTS = b"text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Job:
    """A request that was checked and can be sent.

    Attributes:
        endpoint: Where it came in, and goes to.
        engines: Who can answer: at least one, all with the same version.
        identity: Of who asks, as for the canary: people who come back find what their engine has cached.
        sharer: With whom it shares places: all that counts as one in the queue has the same.
        places: How many it takes at the engines.
        schema_s: What its JSON schema costs the engine, in seconds.
        body: What the engine is sent, but for its own name of the model.
        request_id: Of the request, in hex; the answer's id is made of it.
        draft: The answer's row, as far as it is known.
        began: When the request came, on the performance counter.
    """

    endpoint: Endpoint
    engines: tuple[Engine, ...]
    identity: str
    sharer: str
    places: int
    schema_s: float
    body: dict[str, Any]
    request_id: str
    draft: Completion
    began: float

    @property
    def version_number(self) -> int:
        """The version that answers."""
        return self.engines[0].version_number

    @property
    def model(self) -> str:
        """The version's name for clients."""
        return f"attune@v{self.version_number}"

    @property
    def engine_request_id(self) -> str:
        """What an engine calls the request, so that vLLM makes the answer's id of it."""
        return self.draft.id.removeprefix(self.endpoint.id_prefix)

    @property
    def adds_usage(self) -> bool:
        """Whether the answer is a stream whose usage only the gateway wants to know."""
        return self.endpoint.usage_if_asked and bool(self.body.get("stream")) and not asks_for_usage(self.body)

    def body_for(self, engine: Engine, held: int, *, adds_usage: bool) -> bytes:
        """What this engine is sent.

        Args:
            engine: Which; our own take requests of those who hold less first.
            held: Places that the sharer held already.
            adds_usage: Whether to ask for usage though the client did not.
        """
        own = {} if engine.pid is None or not self.endpoint.recorded else {"priority": held}
        body = with_usage(self.body) if adds_usage else self.body
        return orjson.dumps(body | {"model": engine.upstream_model} | own)


@dataclass(frozen=True, slots=True)
class Lines:
    """What an answer passes on its way, the same for all."""

    upstream: Upstream
    admission: Admission
    compiling: Compiling
    recorder: Recorder
    metrics: Metrics
    request_timeout_s: float
    max_answer_bytes: int


class Relay(Response):
    """The response to one request: it asks the engine when the server runs it.

    Every way out records what came: complete, partial where the client hung up, error where the engine failed.
    """

    def __init__(self, job: Job, lines: Lines) -> None:
        # Starlette's own constructor would build headers and a body that this response does not have.
        self.background = None
        self._job = job
        self._lines = lines
        self._transcript: Transcript = job.endpoint.transcript()
        self._identity = AnswerIdentity(job.draft.id if job.endpoint.recorded else None, job.model)
        self._timing = Timing(job.began)
        self._asked = False
        self._held = 0
        self._started = False
        self._recorded = not job.endpoint.recorded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers.

        Raises:
            GatewayError: It failed before the response began.
        """
        status: Status = "complete"
        try:
            async with HangUp(receive):
                await self._within_time(send)
        except ClientGone:
            status = "partial"
            scope["state"]["outcome_status"] = 499
            self._record_later("partial", None)
        except asyncio.CancelledError:  # the time for draining is over
            status = "error"
            self._record_later("error", "The gateway was shut down.")
            if self._started:
                await _end(send, Overloaded("The gateway is shutting down.", code="shutting_down").event)
            raise
        except Exception as error:
            status = "error"
            await self._fail(to_gateway_error(error), error, send)
        finally:
            scope["state"]["log_fields"] = self._log_fields(status)

    async def _within_time(self, send: Send) -> None:
        job = self._job
        await self._lines.compiling.turn(job.sharer, job.schema_s)
        async with self._lines.admission.place(job.sharer, job.places) as self._held:
            try:
                async with asyncio.timeout(self._lines.request_timeout_s) as limit:
                    await self._ask(send)
            except TimeoutError:
                if not limit.expired():
                    raise
                raise UpstreamTimeout(
                    f"The engine did not finish within {self._lines.request_timeout_s:g} s.", code="request_timeout"
                ) from None

    async def _ask(self, send: Send) -> None:
        """Asks one engine, and the next only where one took nothing of the request.

        An engine that broke off may have been ended by the request, which must not end the others too.
        """
        self._asked = True
        *others, last = self._lines.upstream.in_order(self._job.engines, self._job.identity)
        for engine in others:
            with suppress(NotTaken):
                return await self._ask_one(engine, send)
        await self._ask_one(last, send)

    async def _ask_one(self, engine: Engine, send: Send) -> None:
        without_usage = self._lines.upstream.without_usage
        if self._job.adds_usage and engine.url not in without_usage:
            with suppress(UsageRefused):
                return await self._post(engine, send, adds_usage=True)
            without_usage.add(engine.url)
        await self._post(engine, send, adds_usage=False)

    async def _post(self, engine: Engine, send: Send, *, adds_usage: bool) -> None:
        """Sends the request to one engine, and its answer to the client.

        Raises:
            UsageRefused: It does not know how to add the usage; it can be asked without.
        """
        job = self._job
        body = job.body_for(engine, self._held, adds_usage=adds_usage)
        async with self._lines.upstream.post(engine, job.endpoint.path, body, job.engine_request_id) as response:
            if response.status != 200:
                said = await _read(response, 2**20)
                if adds_usage and is_about_usage(response.status, said):
                    raise UsageRefused
                raise refusal(response.status, said, constrained=job.endpoint.constrained(job.draft.params))
            streamed = bool(job.body.get("stream"))
            # Some servers name another type for a stream, and some send none though they were asked for one.
            if response.content_type == "text/event-stream" or (streamed and "json" not in response.content_type):
                await self._stream(response, send)
            else:
                await self._whole(response, send, as_events=streamed)

    async def _stream(self, response: aiohttp.ClientResponse, send: Send) -> None:
        gate = EventGate(self._transcript.held)
        transcript, timing, identity = self._transcript, self._timing, self._identity
        async for chunk in response.content.iter_any():
            if timing.first_token is None:
                timing.first_token = time.perf_counter()
                await self._start(send, _EVENTS)
            transcript.add(chunk)
            if passed := identity.in_events(self._asked_for(gate.feed(chunk))):
                await send({"type": "http.response.body", "body": passed, "more_body": True})
        last = transcript.finish()
        if transcript.error is not None:
            raise UpstreamBroken(transcript.error, code="engine_error")
        if not transcript.ended:
            raise UpstreamBroken("The engine broke off in the middle of its answer.", code="engine_broke_off")
        await self._record("complete", None)
        await _end(send, identity.in_events(self._asked_for(gate.held())) + last)

    def _asked_for(self, events: bytes) -> bytes:
        """What of whole events the client asked for."""
        return without_usage(events) if self._job.adds_usage else events

    async def _whole(self, response: aiohttp.ClientResponse, send: Send, *, as_events: bool) -> None:
        """Answers with one object; as a stream of one event where a client asked for one and got none."""
        body = await _read(response, self._lines.max_answer_bytes)
        try:
            self._transcript.read_whole(body)
        except ValueError as error:
            raise UpstreamBroken(f"The engine's answer cannot be read: {error}.", code="engine_error") from error
        body = self._identity.in_object(body)
        await self._record("complete", None)
        if as_events:
            body = self._transcript.as_events(body)
        await self._start(send, _EVENTS if as_events else b"application/json", len(body))
        await _end(send, body)

    async def _start(self, send: Send, content_type: bytes, length: int | None = None) -> None:
        headers = [
            (b"content-type", content_type),
            (b"x-attune-version", self._job.model.encode()),
        ]
        if self._job.endpoint.recorded:
            headers.append((b"x-attune-kept", self._job.draft.kept.encode()))
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        self._started = True
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _fail(self, error: GatewayError, cause: Exception, send: Send) -> None:
        """Records what came before the failure, and tells the client."""
        if error.status == 500:
            logger.error("An answer failed.", exc_info=cause, extra={"request_id": self._job.request_id})
        if self._asked and error.status in (500, 502, 504):
            self._lines.metrics.upstream_errors.labels(error.status).inc()
            await self._record_failure(error)
        if not self._started:
            raise error from cause
        # An error event of the engine itself has been passed on with the rest.
        await _end(send, b"" if error.code == "engine_error" and self._transcript.error else error.event)

    async def _record_failure(self, error: GatewayError) -> None:
        try:
            await self._record("error", error.message)
        except Exception:  # the client learns of the first failure; this one is counted and logged
            logger.exception("A failed answer could not be recorded.", extra={"request_id": self._job.request_id})

    async def _record(self, status: Status, error: str | None) -> None:
        if not self._recorded:
            self._recorded = True
            await self._lines.recorder.record(self._row(status, error))

    def _record_later(self, status: Status, error: str | None) -> None:
        if self._asked and not self._recorded:
            self._recorded = True
            self._lines.recorder.record_later(self._row(status, error))

    def _row(self, status: Status, error: str | None) -> Completion:
        self._transcript.fold()
        return finished(self._job.draft, self._transcript, self._timing, status, error)

    def _log_fields(self, status: Status) -> dict[str, object]:
        usage = self._transcript.usage or {}
        ttft_ms = self._timing.ttft_ms
        return {
            "version": self._job.version_number,
            "outcome": status,
            "kept": self._job.draft.kept if self._job.endpoint.recorded else None,
            "ttft_ms": None if ttft_ms is None else round(ttft_ms, 1),
            "completion_tokens": usage.get("completion_tokens", usage.get("output_tokens")),
        }


async def _end(send: Send, last: bytes) -> None:
    await send({"type": "http.response.body", "body": last, "more_body": False})


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Reads a whole answer.

    Raises:
        UpstreamBroken: It is longer than allowed.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise UpstreamBroken(
                f"The answer is longer than {limit} bytes. Ask for fewer tokens.", code="answer_too_long"
            )
        chunks.append(chunk)
    return b"".join(chunks)
