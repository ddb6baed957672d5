"""What the controller writes down in the ledger's `engines` table; no failure of the database stops it."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import replace

from ledger import engines
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.records import Engine, EngineState

log = logging.getLogger(__name__)


class ObservedEngine:
    """The row of one engine, or of one version on an engine that has several.

    A database that is away does not make a running engine worse: what could not be written is written with the next
    heartbeat.

    Attributes:
        row: As it should stand in the ledger.
        written: Whether it stands there like that.
    """

    def __init__(self, database: Database, row: Engine) -> None:
        self.row = row
        self.written = False
        self._database = database
        self._writing = asyncio.Lock()

    async def report(self, state: EngineState, message: str) -> None:
        """Writes down a new state or message; nothing if both are as they were."""
        if self.written and (self.row.state, self.row.message) == (state, message):
            return
        log.info("engine %s of attune@v%d is %s: %s", self.row.id, self.row.version_number, state, message)
        await self._write(replace(self.row, state=state, message=message, updated_at=utc_now()))

    async def started(self, pid: int) -> None:
        """Writes down the process that it runs in."""
        await self._write(replace(self.row, pid=pid, updated_at=utc_now()))

    async def heartbeat(self) -> None:
        """Says that the row is still true."""
        await self._write(replace(self.row, updated_at=utc_now()))

    async def _write(self, row: Engine) -> None:
        self.row, self.written = row, False
        async with self._writing:  # else an older row could be written after a newer one
            row = self.row
            try:
                await asyncio.to_thread(self._upsert, row)
                self.written = row is self.row
            except Unavailable as error:
                log.warning("the engine's state could not be written down; trying again soon: %s", error)

    def _upsert(self, row: Engine) -> None:
        with self._database.write() as connection:
            engines.upsert(connection, row)


async def forget_others(database: Database, known: Callable[[], Collection[str]] = tuple) -> None:
    """Removes the rows of all engines but those with the ids `known`: there is one controller, so nothing else runs.

    Args:
        database: The ledger.
        known: Asked after the rows are read, so that a row which is written meanwhile is known too.
    """
    await asyncio.to_thread(_forget_others, database, known)


def _forget_others(database: Database, known: Callable[[], Collection[str]]) -> None:
    with database.read() as connection:
        found = [row.id for row in engines.list_all(connection)]
    if strangers := set(found) - set(known()):
        with database.write() as connection:
            for stranger in strangers:
                engines.remove(connection, stranger)
