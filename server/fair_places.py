"""Who gets which of a bounded number of places: in turns by key, and the last few for those who hold little.

It knows no clock and no event loop; `server/admission.py` lets requests wait for it.
"""

from collections import Counter, deque
from typing import Generic, TypeVar

Ticket = TypeVar("Ticket")


class FairPlaces(Generic[Ticket]):
    """Places of which a request takes one or more, and the requests that wait for them.

    Requests of one key are served in the order in which they came, and keys in turns. `reserved` places more are only
    for keys that then hold at most a quarter of them, so that nobody with many requests can keep out who has few.

    Attributes:
        running: Places that are taken.
        waiting: Requests that wait.
    """

    def __init__(self, capacity: int, reserved: int = 0) -> None:
        self.running = 0
        self.waiting = 0
        self._capacity = capacity
        self._reserved = reserved
        self._held: Counter[str] = Counter()
        self._queues: dict[str, deque[tuple[int, Ticket]]] = {}  # in the order of the keys' turns

    def held_by(self, key: str) -> int:
        """How many places a key holds."""
        return self._held[key]

    def waiting_of(self, key: str) -> int:
        """How many requests of a key wait."""
        return len(self._queues.get(key, ()))

    def fitting(self, weight: int) -> int:
        """How many places a request counts as: at least one, and no more than there are for a single key."""
        return max(1, min(weight, self._capacity))

    def join(self, key: str, weight: int, ticket: Ticket) -> None:
        """Puts a request in the queue; `admit` says when it has its places."""
        self._queues.setdefault(key, deque()).append((self.fitting(weight), ticket))
        self.waiting += 1

    def give_up(self, key: str, ticket: Ticket) -> bool:
        """Takes a request out of the queue; returns False if it has its places already."""
        queue = self._queues.get(key, deque())
        for entry in queue:
            if entry[1] is ticket:
                queue.remove(entry)
                self.waiting -= 1
                if not queue:
                    del self._queues[key]
                return True
        return False

    def leave(self, key: str, weight: int) -> None:
        """Gives places back."""
        self.running -= self.fitting(weight)
        self._held[key] -= self.fitting(weight)
        if not self._held[key]:
            del self._held[key]

    def admit(self) -> list[Ticket]:
        """Gives free places to those who wait, and returns who got them."""
        admitted: list[Ticket] = []
        while (key := self._next()) is not None:
            queue = self._queues.pop(key)
            weight, ticket = queue.popleft()
            if queue:
                self._queues[key] = queue  # behind the others
            self.waiting -= 1
            self.running += weight
            self._held[key] += weight
            admitted.append(ticket)
        return admitted

    def _next(self) -> str | None:
        """The first key whose first request fits. One that needs many places is not overtaken by others that do."""
        overtaken = False
        for key, queue in self._queues.items():
            weight = queue[0][0]
            small = self._held[key] + weight <= self._reserved // 4
            if not small and overtaken:
                continue
            if self.running + weight <= self._capacity + (self._reserved if small else 0):
                return key
            overtaken = overtaken or not small
        return None
