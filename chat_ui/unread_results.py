"""Results of events that no page fetches. Gradio keeps them for 2,000 sessions, and its ids of events for ever.

Private parts of `gradio.queueing.Queue` of 6.31 are used: those that its own route for the results changes, too. This
can go when Gradio forgets them by itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

KEPT_S = 60.0


class UnreadResults:
    """Knows which sessions are read, and forgets the results of the others after a minute."""

    def __init__(self, queue: Any, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes what holds the results.

        Args:
            queue: Of the `gr.Blocks`.
            clock: In seconds.
        """
        self._queue = queue
        self._clock = clock
        self._read: Counter[str] = Counter()
        self._used_at: dict[str, float] = {}

    def used(self, session: str) -> None:
        """Note that a session had an event, whose result is to be fetched."""
        self._used_at[session] = self._clock()

    @contextmanager
    def reading(self, session: str) -> Iterator[None]:
        """Keep a session's results, as its page fetches them."""
        self._read[session] += 1
        try:
            yield
        finally:
            self._read[session] -= 1
            if not self._read[session]:
                del self._read[session]
            self.used(session)

    async def forget_old(self) -> None:
        """Forget what was not fetched in time; events of such a session that still run are given up."""
        now = self._clock()
        old = [name for name, at in self._used_at.items() if now - at >= KEPT_S and name not in self._read]
        for session in old:
            del self._used_at[session]
            await self._queue.clean_events(session_hash=session)
            self._queue.pending_event_ids_session.pop(session, None)
            if session in self._queue.pending_messages_per_session:
                del self._queue.pending_messages_per_session[session]
