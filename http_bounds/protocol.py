"""Uvicorn's protocol with bounds where bytes arrive, before any application sees them.

Uvicorn itself collects headers without end, waits for them without end, and parses all that a client pipelined at once.
"""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from http_bounds.connections import Connections
from http_bounds.refusal import Refusal
from http_bounds.settings import BoundSettings

_SLICE = 4096  # bytes given to the parser at once: so few requests at most wait parsed behind one that is answered
_BYTES_PER_BODY_BYTE = 16  # on the wire: a chunk of one byte takes six, and its length may have zeros before it
_MOST_SMALL_CHUNKS, _SMALL_CHUNK = 2048, 64  # each chunk costs as much as many bytes, however few it brings
_MOST_UNPARSED = 2**19  # what may wait unparsed; a read brings half of that at most, and then reading pauses


@dataclass(frozen=True, slots=True)
class _Awaited:
    """What the client owes: the head or the body of its n-th message."""

    part: str
    message: int


class BoundedProtocol(HttpToolsProtocol):
    """Bounds connections, the bytes of a message besides its body, and the time until head and body are complete.

    What goes beyond is refused in OpenAI's shape, as is what is no HTTP at all.
    """

    bounds: ClassVar[BoundSettings]
    open_connections: ClassVar[Connections]

    _counted = False
    _in_head = False
    _in_body = False
    _messages = 0
    _parts = 0  # heads and messages that ended
    _named_bytes = 0  # of the target, the headers and the trailers that the parser has reported
    _other_bytes = 0  # of slices within a head or a body, but for the body's: what does not end is not reported
    _slice_body_bytes = 0
    _body_bytes = 0
    _chunks = 0  # of the body: pieces that the parser has reported
    _unparsed = b""
    _awaited: _Awaited | None = None
    _timer: asyncio.TimerHandle | None = None

    @classmethod
    def bounded_by(cls, bounds: BoundSettings, most_connections: int | None = None) -> "type[BoundedProtocol]":
        """Returns the protocol with these bounds and a count of its own.

        Args:
            bounds: The settings.
            most_connections: What the machine allows, if that is less.
        """
        most = min(bounds.max_connections, most_connections or bounds.max_connections)
        counted = Connections(most, bounds.max_connections_per_client, bounds.trusted_proxies)
        return type(cls.__name__, (cls,), {"bounds": bounds, "open_connections": counted})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Lets the connection in, if there is room for it."""
        super().connection_made(transport)
        refusal = self.open_connections.enter(self._address)
        if refusal is not None:
            self._refuse(refusal)
            return
        self._counted = True
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends what was counted and awaited."""
        if self._counted:
            self._counted = False
            self.open_connections.leave(self._address)
        self._unparsed = b""
        self._await(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses what came, as far as it can be answered now."""
        if self.transport.is_closing():
            return
        if self._unparsed:
            self._hold(self._unparsed + data)
            return
        self._parse(data)

    def on_response_complete(self) -> None:
        """Goes on with what waits unparsed."""
        super().on_response_complete()
        if self._unparsed and not self.transport.is_closing():
            data, self._unparsed = self._unparsed, b""
            self._parse(data)

    def on_message_begin(self) -> None:
        """Begins to count a head."""
        super().on_message_begin()
        self._in_head = True
        self._messages += 1
        self._named_bytes = self._other_bytes = self._body_bytes = self._chunks = 0

    def on_url(self, url: bytes) -> None:
        """Counts the request's target."""
        super().on_url(url)
        self._named_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts a header, and leaves out what comes after the body: the application has seen the headers by then."""
        if self._in_head:
            super().on_header(name, value)
        self._named_bytes += len(name) + len(value)

    def on_headers_complete(self) -> None:
        """Ends the head, and begins the answer unless the head was too long."""
        if self._is_head_too_long():
            raise ValueError("the request was refused")  # stops the parser
        self._in_head, self._in_body = False, True
        self._parts += 1
        self._other_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Counts a piece of a body."""
        self._slice_body_bytes += len(body)
        self._body_bytes += len(body)
        self._chunks += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends the message."""
        self._in_body = False
        self._parts += 1
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is not HTTP."""
        self._refuse(Refusal(400, msg, "invalid_http"))

    def timeout_keep_alive_handler(self) -> None:
        """Ends an idle connection, also of a client that does not read what it was sent."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.bounds.body_timeout_s, self.transport.abort)

    @property
    def _address(self) -> str | None:
        return self.client[0] if self.client else None

    @property
    def _responding(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _parse(self, data: bytes) -> None:
        """Gives the parser slices, until requests wait for the one that is answered now."""
        for start in range(0, len(data), _SLICE):
            if self.pipeline:
                self._hold(data[start:])
                break
            if not self._feed(data[start : start + _SLICE]):
                return
        self._watch()

    def _feed(self, data: bytes) -> bool:
        """Parses one slice; False if the connection ends."""
        parts, self._slice_body_bytes = self._parts, 0
        super().data_received(data)
        if self.transport.is_closing():
            return False
        if self._parts == parts and (self._in_head or self._in_body):  # else what goes on began within this slice
            self._other_bytes += max(0, len(data) - _BYTES_PER_BODY_BYTE * self._slice_body_bytes)
        return not (self._is_head_too_long() or self._are_chunks_too_small())

    def _is_head_too_long(self) -> bool:
        """Refuses a head that is, or what stands around a body: extensions of chunks, and trailers."""
        if max(self._named_bytes, self._other_bytes) <= self.bounds.max_header_bytes:
            return False
        what = "headers" if self._in_head else "trailers and chunk extensions"
        message = f"The {what} have more than {self.bounds.max_header_bytes} bytes."
        self._refuse(Refusal(431, message, "headers_too_large"))
        return True

    def _are_chunks_too_small(self) -> bool:
        """Refuses a body of very many small chunks: one connection that sends them without end would fill a core."""
        if self._chunks <= _MOST_SMALL_CHUNKS + self._body_bytes // _SMALL_CHUNK:
            return False
        message = f"The body comes in more than {_MOST_SMALL_CHUNKS} chunks of less than {_SMALL_CHUNK} bytes."
        self._refuse(Refusal(400, f"{message} Send larger ones.", "chunks_too_small"))
        return True

    def _hold(self, data: bytes) -> None:
        if len(data) > _MOST_UNPARSED:
            self.transport.abort()
            return
        self._unparsed = data
        self.flow.pause_reading()

    def _watch(self) -> None:
        """Sets the time for what the client owes now."""
        if self._in_head:
            self._await(_Awaited("head", self._messages))
        elif self._in_body:
            self._await(_Awaited("body", self._messages))
        elif not self._responding and self.timeout_keep_alive_task is None:
            self._await(_Awaited("head", self._messages + 1))
        else:
            self._await(None)

    def _await(self, awaited: _Awaited | None) -> None:
        if awaited == self._awaited:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._awaited = awaited
        if awaited is not None:
            seconds = self.bounds.head_timeout_s if awaited.part == "head" else self.bounds.body_timeout_s
            self._timer = self.loop.call_later(seconds, self._too_late, awaited)

    def _too_late(self, awaited: _Awaited) -> None:
        """Ends the connection, unless it is we who do not read."""
        self._timer = self._awaited = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused or (awaited.part == "head" and self._responding):
            self._await(awaited)
        elif awaited.part == "body" and (self.cycle.response_started or self.cycle.response_complete):
            self.transport.abort()
        else:
            seconds = self.bounds.head_timeout_s if awaited.part == "head" else self.bounds.body_timeout_s
            message = f"The {awaited.part} of the request was not complete within {seconds:g} s."
            self._refuse(Refusal(408, message, "request_timeout"))

    def _refuse(self, refusal: Refusal) -> None:
        """Ends the connection, with an answer unless another one is on its way."""
        if self.transport.is_closing():
            return
        if self.pipeline or (self._responding and self.cycle.response_started):
            self.transport.abort()
            return
        self.transport.write(refusal.raw)
        self.transport.close()
