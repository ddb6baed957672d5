"""Requests per minute and key, counted by the library `limits` in a moving window."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from ledger.records import ApiKey
from server.errors import RateLimited


class RateLimits:
    """Counts the requests of each key that has a limit."""

    def __init__(self, storage_uri: str) -> None:
        """Opens the storage.

        Args:
            storage_uri: Of `limits`, asynchronous: `async+memory://`, or a shared one for several gateways.
        """
        self._limiter = MovingWindowRateLimiter(storage_from_string(storage_uri))

    async def count(self, key: ApiKey) -> None:
        """Counts one request.

        Raises:
            RateLimited: The key has sent its requests of this minute.
        """
        if key.requests_per_minute is None:
            return
        limit = RateLimitItemPerMinute(key.requests_per_minute)
        if await self._limiter.hit(limit, key.id):
            return
        window = await self._limiter.get_window_stats(limit, key.id)
        raise RateLimited(
            f"This API key may send {key.requests_per_minute} requests a minute, and has done so.",
            code="rate_limit_exceeded",
            retry_after_s=max(1, math.ceil(window.reset_time - time.time())),
        )
