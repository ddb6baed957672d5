"""Reading a request's body within bounds: its own length, and what all unfinished bodies together may hold."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive

_SENDERS_SHARE = 4  # one sender may hold a quarter of what all may


class BodyTooLong(Exception):
    """The body has more bytes than the route takes; the rest was not read."""


class BodiesTooMany(Exception):
    """Unfinished bodies hold as much memory as they may."""


class HungUp(Exception):
    """The client left before its request was complete."""


class BodyReader:
    """Reads bodies; all unfinished ones of one server share one budget of bytes, and no sender takes all of it."""

    def __init__(self, most_held_bytes: int) -> None:
        self._most = most_held_bytes
        self._held: Counter[str] = Counter()
        self._total = 0

    async def read(self, receive: Receive, announced: str, limit: int, sender: str) -> bytes:
        """Reads one body to its end.

        Args:
            receive: Of the request.
            announced: The header Content-Length, or an empty string.
            limit: Most bytes that the route takes.
            sender: Who sends it, as far as is known.

        Raises:
            BodyTooLong: There are more bytes than `limit`.
            BodiesTooMany: This sender's unfinished bodies, or all, hold as much as they may.
            HungUp: The client left.
        """
        if announced.isdigit() and int(announced[:20]) > limit:
            raise BodyTooLong
        body = bytearray()
        with self._holding(sender) as hold:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise HungUp
                chunk: bytes = message.get("body", b"")
                if len(body) + len(chunk) > limit:
                    raise BodyTooLong
                more = message.get("more_body", False)
                if more:
                    hold(len(chunk))
                body += chunk
        return bytes(body)

    @contextmanager
    def _holding(self, sender: str) -> Iterator["_Hold"]:
        hold = _Hold(self, sender)
        try:
            yield hold
        finally:
            self._count(sender, -hold.size)

    def _count(self, sender: str, size: int) -> None:
        self._total += size
        self._held[sender] += size
        if not self._held[sender]:
            del self._held[sender]

    def _add(self, sender: str, size: int) -> None:
        if self._total + size > self._most or self._held[sender] + size > self._most // _SENDERS_SHARE:
            raise BodiesTooMany
        self._count(sender, size)


class _Hold:
    """What one unfinished body holds of the budget."""

    def __init__(self, reader: BodyReader, sender: str) -> None:
        self.size = 0
        self._reader = reader
        self._sender = sender

    def __call__(self, size: int) -> None:
        self._reader._add(self._sender, size)
        self.size += size
