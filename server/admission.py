"""How much is with the engines at once, what waits, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.errors import Overloaded, RateLimited
from server.fair_places import FairPlaces

_Turn = asyncio.Future[None]


class Admission:
    """A bounded number of places, and a bounded queue before them, fair by key (`server/fair_places.py`)."""

    def __init__(self, *, max_concurrent: int, max_queue: int, timeout_s: float, reserved: int = 0) -> None:
        """Makes the places.

        Args:
            max_concurrent: Places.
            max_queue: Requests that may wait; one key may fill three quarters of it.
            timeout_s: How long a request waits at most.
            reserved: Further places, for keys that hold little.
        """
        self._places: FairPlaces[_Turn] = FairPlaces(max_concurrent, reserved)
        self._max_queue = max_queue
        self._timeout_s = timeout_s

    @property
    def running(self) -> int:
        """Places that are taken."""
        return self._places.running

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return self._places.waiting

    @asynccontextmanager
    async def place(self, key: str = "", weight: int = 1) -> AsyncIterator[int]:
        """Holds places; yields how many the key held before.

        Raises:
            RateLimited: The queue is full.
            Overloaded: The places did not become free in time.
        """
        held = await self.enter(key, weight)
        try:
            yield held
        finally:
            self.leave(key, weight)

    async def enter(self, key: str, weight: int) -> int:
        """Takes places, which `leave` gives back; as `place` otherwise."""
        turn: _Turn = asyncio.get_running_loop().create_future()
        held = self._places.held_by(key)
        self._places.join(key, weight, turn)
        self._admit()
        if not turn.done():
            await self._wait(key, weight, turn)
        return held

    def leave(self, key: str, weight: int) -> None:
        """Gives places back, and hands them to those who wait."""
        self._places.leave(key, weight)
        self._admit()

    async def _wait(self, key: str, weight: int, turn: _Turn) -> None:
        own = self._places.waiting_of(key) - 1
        room = self._max_queue if own < max(1, self._max_queue // 16) else self._max_queue - self._max_queue // 4
        if self._places.waiting > room:
            self._places.give_up(key, turn)
            raise RateLimited(
                f"{self.running} answers are being generated and {self.waiting} requests wait, {own} of them with this "
                "key. Try again later.",
                code="queue_full",
                retry_after_s=1,
            )
        try:
            async with asyncio.timeout(self._timeout_s):
                await turn
        except TimeoutError:
            self._give_up(key, weight, turn)
            raise Overloaded(
                f"No place became free within {self._timeout_s:g} s. Try again later.",
                code="queue_timeout",
                retry_after_s=1,
            ) from None
        except asyncio.CancelledError:
            self._give_up(key, weight, turn)
            raise

    def _give_up(self, key: str, weight: int, turn: _Turn) -> None:
        """Leaves the queue, or hands on places that came in the same moment."""
        if not self._places.give_up(key, turn):
            self._places.leave(key, weight)
        self._admit()  # who stood behind it may fit

    def _admit(self) -> None:
        for turn in self._places.admit():
            if not turn.done():
                turn.set_result(None)
