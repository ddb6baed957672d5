"""Values that take long to compute: however often they are asked for, that takes a small share of the time."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SHORTEST_AGE_S = 3.0
MOST_OF_THE_TIME = 0.05
MOST_KEYS = 128


@dataclass(slots=True)
class _Entry(Generic[V]):
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    value: V | None = None
    good_until: float = 0.0


class Remembered(Generic[K, V]):
    """Keeps the last value of each key for `SHORTEST_AGE_S`, or longer where computing it took long.

    Callers who come while a value is computed wait for that one. Of more than `MOST_KEYS` keys the one that came first
    is forgotten.
    """

    def __init__(self, compute: Callable[[K], Awaitable[V]], clock: Callable[[], float] = time.monotonic) -> None:
        self._compute = compute
        self._clock = clock
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()

    async def get(self, key: K) -> V:
        """Returns the value of a key, computed now or a little earlier. What computing raises passes through."""
        entry = self._entries.setdefault(key, _Entry())
        if len(self._entries) > MOST_KEYS:
            self._entries.popitem(last=False)
        async with entry.lock:
            if entry.value is not None and self._clock() < entry.good_until:
                return entry.value
            began = self._clock()
            value = await self._compute(key)
            ended = self._clock()
            entry.value, entry.good_until = value, ended + max(SHORTEST_AGE_S, (ended - began) / MOST_OF_THE_TIME)
            return value
