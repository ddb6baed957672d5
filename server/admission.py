"""How many requests are with the engines at once, how many wait, and for how long."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.errors import Overloaded, RateLimited


class Admission:
    """A bounded number of places, and a bounded queue before them, first come first served.

    Attributes:
        running: Places that are taken.
    """

    def __init__(self, *, max_concurrent: int, max_queue: int, timeout_s: float) -> None:
        self.running = 0
        self._max_concurrent = max_concurrent
        self._max_queue = max_queue
        self._timeout_s = timeout_s
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Holds a place.

        Raises:
            RateLimited: The queue is full.
            Overloaded: No place became free in time.
        """
        if self.running < self._max_concurrent and not self._waiting:
            self.running += 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._leave()

    async def _wait(self) -> None:
        if len(self._waiting) >= self._max_queue:
            raise RateLimited(
                f"{self.running} requests are being answered and {len(self._waiting)} wait. Try again later.",
                code="queue_full",
                retry_after_s=1,
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._timeout_s):
                await turn
        except TimeoutError:
            self._give_up(turn)
            raise Overloaded(
                f"No place became free within {self._timeout_s:g} s. Try again later.",
                code="queue_timeout",
                retry_after_s=1,
            ) from None
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def _give_up(self, turn: "asyncio.Future[None]") -> None:
        """Leaves the queue, or hands on a place that came in the same moment."""
        if turn.done() and not turn.cancelled():
            self._leave()
        elif turn in self._waiting:
            self._waiting.remove(turn)

    def _leave(self) -> None:
        """Hands the place to who has waited longest; else it is free."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)  # the place passes on, so `running` stays
                return
        self.running -= 1
