"""How much schema the engines are given to compile at once: compiling blocks whoever sends a schema after it."""

import asyncio

from server.admission import Admission
from server.requests.json_schema import MOST_SECONDS

_PER_SECOND = 1000


class Compiling:
    """Lets requests with schemas pass at the rate at which an engine compiles, in turns by key.

    A schema holds its place for as long as it is reckoned to compile after those before it, also if its sender has hung
    up: the engine does not stop for that.
    """

    def __init__(self, *, max_queue: int, timeout_s: float) -> None:
        """Makes room for one schema of the highest cost, and a third more that only small ones get."""
        most = round(MOST_SECONDS * _PER_SECOND)
        self._admission = Admission(
            max_concurrent=most, max_queue=max_queue, timeout_s=timeout_s, reserved=round(most / 3)
        )
        self._done_at = 0.0

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return self._admission.waiting

    async def turn(self, key: str, seconds: float) -> None:
        """Waits until a schema of this cost may be sent; one of no cost may at once.

        Raises:
            RateLimited: Too many wait.
            Overloaded: The turn did not come in time.
        """
        if not seconds:
            return
        weight = max(1, round(seconds * _PER_SECOND))
        await self._admission.enter(key, weight)
        loop = asyncio.get_running_loop()
        self._done_at = max(self._done_at, loop.time()) + seconds
        loop.call_at(self._done_at, self._admission.leave, key, weight)
