"""Requests per minute, of keys and of their users, counted by the library `limits` in a moving window."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from ledger.records import ApiKey
from server.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of its rate a key has left.

    Attributes:
        limit: Requests a minute.
        remaining: Requests that it may send now.
        reset_s: Seconds until the oldest of the counted ones no longer counts.
    """

    limit: int
    remaining: int
    reset_s: int

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers in which OpenAI says it."""
        values = {"limit": f"{self.limit}", "remaining": f"{self.remaining}", "reset": f"{self.reset_s}s"}
        return [(f"x-ratelimit-{name}-requests".encode(), value.encode()) for name, value in values.items()]


class RateLimits:
    """Counts the requests of each key that has a limit, and of each user that a key names."""

    def __init__(self, storage_uri: str, *, user_requests_per_minute: int) -> None:
        """Opens the storage.

        Args:
            storage_uri: Of `limits`, asynchronous: `async+memory://`, or a shared one for several gateways.
            user_requests_per_minute: Of one user by one key, so that nobody uses up a key that serves many; 0 for any.
        """
        self._limiter = MovingWindowRateLimiter(storage_from_string(storage_uri))
        self._user_requests_per_minute = user_requests_per_minute

    async def count(self, key: ApiKey) -> Standing | None:
        """Counts one request, and returns where the key stands then; None for a key without a limit.

        Raises:
            RateLimited: The key has sent its requests of this minute.
        """
        if key.requests_per_minute is None:
            return None
        return await self._count(key.requests_per_minute, "This API key", key.id)

    async def count_user(self, key: ApiKey, user: str) -> None:
        """Counts one request of a user by a key.

        Raises:
            RateLimited: This user has sent their requests of this minute.
        """
        if self._user_requests_per_minute:
            await self._count(self._user_requests_per_minute, "One user by this API key", key.id, user)

    async def _count(self, per_minute: int, who: str, *identifiers: str) -> Standing:
        limit = RateLimitItemPerMinute(per_minute)
        taken = await self._limiter.hit(limit, *identifiers)
        window = await self._limiter.get_window_stats(limit, *identifiers)
        reset_s = max(1, math.ceil(window.reset_time - time.time()))
        if not taken:
            raise RateLimited(
                f"{who} may send {per_minute} requests a minute, and has done so.",
                code="rate_limit_exceeded",
                retry_after_s=reset_s,
            )
        return Standing(per_minute, window.remaining, reset_s)
