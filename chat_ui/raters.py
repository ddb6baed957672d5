"""How many raters one client can make: past the limit, its browsers chat on, and their votes count as one rater's.

A client is known by the network prefix of its address, and the prefix only by its HMAC under a key that is drawn anew
twice a day and never leaves this process. What is left for the ledger is a random id: the rater.
"""

import asyncio
import hmac
import ipaddress
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

DAY_S = 86_400.0
RENEW_EVERY_S = 600.0
KEY_LIFETIME_S = DAY_S / 2 - RENEW_EVERY_S  # a hash outlives its key by one more, and so is kept for a day at most
MOST_CLIENTS = 100_000  # per key; about 30 MB
IPV6_PREFIX_BITS = 56  # what a household is given at least; its computers choose the other bits as they like

_WITH_PORT = re.compile(r"\[(?P<v6>[^\[\]]+)\](?::\d+)?|(?P<v4>[\d.]+):\d+")  # as some proxies write clients
_USER = re.compile(r"(browser-[0-9a-f]{32})-[0-9a-f]{32}")
_REST = b"all clients above MOST_CLIENTS"


@dataclass(slots=True)
class _Bucket:
    """A token bucket: `tokens` raters may be made at `at`, and `rater` is the one that was made last."""

    tokens: float
    at: float
    rater: str = ""


@dataclass(slots=True)
class _Generation:
    """What is known of clients under one key."""

    made_at: float
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    buckets: dict[bytes, _Bucket] = field(default_factory=dict)

    def hashed(self, client: str) -> bytes:
        """The keyed hash of a client's network."""
        return hmac.digest(self.key, network(client).encode(), "sha256")


class RaterLimit:
    """Gives new browsers their user id, and so many of one client a rater of their own.

    Attributes:
        burst: Raters that a client can make at once.
        per_day: Raters that it can make in the long run.
    """

    def __init__(self, burst: int, per_day: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst, self.per_day = burst, per_day
        self._clock = clock
        self._now = _Generation(clock())
        self._before = _Generation(clock())

    def new_user(self, client: str) -> str:
        """Return the id of a new browser at a client's address; `rater_of` says which rater it counts as."""
        now = self._clock()
        bucket = self._bucket(client, now)
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.at) * self.per_day / DAY_S)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            bucket.rater = f"browser-{secrets.token_hex(16)}"
        return f"{bucket.rater}-{secrets.token_hex(16)}"

    async def renew_for_ever(self) -> None:
        """Forget old clients in time, also while no new browser comes."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            self._renew(self._clock())

    def _renew(self, now: float) -> None:
        """Draw another key where the present one is old enough, and forget what stands under the one before it."""
        age_s = now - self._now.made_at
        if age_s >= KEY_LIFETIME_S:
            self._before = self._now if age_s < 2 * KEY_LIFETIME_S else _Generation(now)
            self._now = _Generation(now)

    def _bucket(self, client: str, now: float) -> _Bucket:
        """The client's bucket, taken over from the key before where it stands there."""
        self._renew(now)
        buckets, name = self._now.buckets, self._now.hashed(client)
        if name not in buckets and len(buckets) >= MOST_CLIENTS:
            return buckets.setdefault(_REST, _Bucket(self.burst, now))
        if name not in buckets:
            known = self._before.buckets.pop(self._before.hashed(client), None)
            buckets[name] = known or _Bucket(self.burst, now)
        return buckets[name]


def rater_of(user_id: str) -> str:
    """Return the rater as which a browser's votes count: its own id for one from before raters were limited."""
    shared = _USER.fullmatch(user_id)
    return user_id if shared is None else shared[1]


def network(client: str) -> str:
    """Return what makes a client one: an IPv4 address, the first 56 bits of an IPv6 one, or a text that is neither.

    A port does not count: a client has a new one for each connection.
    """
    found = _WITH_PORT.fullmatch(client)
    try:
        address = ipaddress.ip_address(client if found is None else found["v6"] or found["v4"])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return f"{int(address) >> (128 - IPV6_PREFIX_BITS):x}"
        address = address.ipv4_mapped
    return str(address)
