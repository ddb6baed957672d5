"""How many events one browser may send: a token bucket for each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

BYTES_OF_ONE = 32 * 1024
"""So long an event counts as one, a longer one as more: the memory of what Gradio was given returns late."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class EventRate:
    """Allows half a minute's events at once, and the rate in the long run."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_minute / 60
        self._burst = max(1.0, per_minute / 2)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, user: str) -> float:
        """Count one event.

        Returns:
            0, or in how many seconds the user may send the next one; then this one is not counted.
        """
        now = self._clock()
        bucket = self._buckets.setdefault(user, _Bucket(self._burst, now))
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_s)
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_s
        bucket.tokens -= 1
        return 0

    def charge(self, user: str, size: int) -> None:
        """Count what an event of so many bytes takes beyond one; later ones wait for it."""
        if user in self._buckets:
            self._buckets[user].tokens -= size // BYTES_OF_ONE

    def forget_idle(self) -> None:
        """Forget the buckets that are full again."""
        now = self._clock()
        self._buckets = {
            user: one for user, one in self._buckets.items() if one.tokens + (now - one.at) * self._per_s < self._burst
        }
