"""What the controller writes down in the ledger's `engines` table: one row, and no failure of the database stops it."""

import asyncio
import logging
from dataclasses import replace

from ledger import engines
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.records import Engine, EngineState

log = logging.getLogger(__name__)


class ObservedState:
    """The row of the engine that is looked after.

    A database that is away does not make a running engine worse: what could not be written is written with the next
    heartbeat.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._row: Engine | None = None
        self._written: Engine | None = None

    async def clear(self) -> None:
        """Removes every row: none of the engines they tell of runs any more, because there is one controller only."""
        await asyncio.to_thread(self._clear)

    async def replace(self, row: Engine) -> None:
        """Puts a new engine's row in the place of all others."""
        self._row = row
        await self._write()

    async def report(self, state: EngineState, message: str) -> None:
        """Writes down a new state or message; nothing if both are as they were."""
        if self._row is None or (self._row.state, self._row.message) == (state, message):
            return
        log.info("engine %s is %s: %s", self._row.id, state, message)
        self._row = replace(self._row, state=state, message=message, updated_at=utc_now())
        await self._write()

    async def heartbeat(self) -> None:
        """Says that the row is still true."""
        if self._row is not None:
            self._row = replace(self._row, updated_at=utc_now())
            await self._write()

    async def _write(self) -> None:
        try:
            await asyncio.to_thread(self._upsert)
        except Unavailable as error:
            log.warning("the engine's state could not be written down; trying again soon: %s", error)

    def _upsert(self) -> None:
        assert self._row is not None
        with self._database.write() as connection:
            for other in engines.list_all(connection):
                if other.id != self._row.id:
                    engines.remove(connection, other.id)
            engines.upsert(connection, self._row)

    def _clear(self) -> None:
        with self._database.write() as connection:
            for row in engines.list_all(connection):
                engines.remove(connection, row.id)
