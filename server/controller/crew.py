"""The keepers that are at work, and what becomes of a version that none of them can serve."""

import asyncio
import logging
from collections.abc import Collection
from typing import Generic, TypeVar

from ledger import deployments
from ledger.database import Database
from ledger.deployments import Change
from ledger.errors import Conflict, Impossible
from ledger.records import ModelVersion
from server.controller.keeper import Keeper, Release
from server.controller.observed import HEARTBEAT_S

KeeperType = TypeVar("KeeperType", bound=Keeper)

log = logging.getLogger(__name__)

GIVE_UP_AFTER = 3
"""So many failures in a row, while the version before it runs, are taken for the version's own fault."""
GATEWAYS_KNOW_S = 2.0
"""Gateways learn within a second that an engine drains, and may send it something until then."""


class Crew(Generic[KeeperType]):
    """Keepers and their tasks, one for each version.

    Attributes:
        keepers: By the version's number.
    """

    def __init__(self) -> None:
        self.keepers: dict[int, KeeperType] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def employ(self, number: int, keeper: KeeperType) -> None:
        """Sets a keeper to work."""
        self.keepers[number] = keeper
        self._tasks[number] = asyncio.create_task(keeper.run())

    def release_all_but(self, numbers: Collection[int], release: Release) -> None:
        """Lets every other version go."""
        for number in set(self.keepers) - set(numbers):
            self.keepers[number].release(release)

    async def bury(self) -> bool:
        """Forgets the keepers that have ended; whether there were any."""
        ended = [number for number, task in self._tasks.items() if task.done()]
        for number in ended:
            del self.keepers[number]
            await self._tasks.pop(number)
        return bool(ended)

    async def heartbeats(self) -> None:
        """Says of each keeper's row, again and again, that it is still true: whatever the keeper waits for."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            rows = [keeper.observed for keeper in self.keepers.values() if keeper.observed is not None]
            await asyncio.gather(*(row.heartbeat() for row in rows))

    async def ended(self, bound_s: float) -> None:
        """Waits until all have ended, or `bound_s` seconds have passed; then the log says who is left."""
        if not self._tasks:
            return
        done, left = await asyncio.wait(self._tasks.values(), timeout=bound_s)
        for number, task in self._tasks.items():
            if task in left:
                state = self.keepers[number].state
                log.error("attune@v%d has not been let go within %.0f s: it is %s; going on", number, bound_s, state)
                task.cancel()
        for task in done:
            task.result()

    async def abandon(self) -> None:
        """Ends all where they stand: what they have served is served on without them."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def rows(self) -> set[str]:
        """The ids of the rows that they write."""
        return {keeper.observed.row.id for keeper in self.keepers.values() if keeper.observed is not None}


def roll_back_failed(database: Database, version: ModelVersion, keeper: Keeper) -> None:
    """Rolls a version back that failed again and again, with the last failure as the reason."""
    failures = keeper.failures
    reason = f"Its engine failed {failures} times in a row, while the version before it runs. {keeper.failure or ''}"
    change = Change("controller", reason.strip(), {"failures": failures})
    try:
        with database.write() as connection:
            deployments.roll_back(connection, version.number, change)
        log.warning("%s is rolled back: %s", version.name, reason)
    except (Conflict, Impossible) as error:
        log.info("%s is not rolled back: %s", version.name, error)
