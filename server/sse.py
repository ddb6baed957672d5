"""Server-sent events as bytes: where an event ends, and which of them must wait for the record.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import Iterator, Sequence

_BLANK_LINES = (b"\n\n", b"\r\n\r\n")


class EventGate:
    """Lets whole events through as they come, and holds the last one back.

    An event that is cut by the network waits for its rest: so nothing of ours, such as an error event, is ever written
    into the middle of one. From the first line that begins with an entry of `held` on, everything is held.
    """

    def __init__(self, held: Sequence[bytes]) -> None:
        """Prepares one stream.

        Args:
            held: What the lines begin with that must not leave before the record is on disk.
        """
        self._held = tuple(b"\n" + mark for mark in held)
        self._rest = b""
        self._holding = False

    def feed(self, chunk: bytes) -> bytes:
        """Takes what the engine sent; returns what may be sent on now."""
        if self._rest:
            chunk = self._rest + chunk
            self._rest = b""
        if self._holding:
            self._rest = chunk
            return b""
        # At a line's beginning only: what a model writes stands inside JSON, where a newline is escaped.
        for mark in self._held:
            if chunk.startswith(mark[1:]):
                return self._cut(chunk, 0, holding=True)
            if mark in chunk:
                return self._cut(chunk, chunk.index(mark) + 1, holding=True)
        if chunk.endswith(_BLANK_LINES):
            return chunk
        return self._cut(chunk, end_of_events(chunk), holding=False)

    def held(self) -> bytes:
        """Returns what was held back at the end of the stream."""
        return self._rest

    def _cut(self, chunk: bytes, at: int, *, holding: bool) -> bytes:
        self._rest = chunk[at:]
        self._holding = holding
        return chunk[:at]


def data_of_events(raw: bytes) -> Iterator[bytes]:
    """Yields the data of each event; several `data:` lines are joined by newlines, as the specification says."""
    data: list[bytes] = []
    lines = raw.replace(b"\r\n", b"\n") if b"\r" in raw else raw
    for line in lines.split(b"\n"):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            yield b"\n".join(data)
            data = []


def end_of_events(raw: bytes) -> int:
    """Returns where the last event that is complete ends, and with it the part that can be read; 0 if none is."""
    return max(raw.rfind(blank) + len(blank) if blank in raw else 0 for blank in _BLANK_LINES)
