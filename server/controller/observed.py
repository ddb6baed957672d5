"""What the controller writes down in the ledger's `engines` table; no failure of the database stops it."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import replace

from ledger import engines
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.records import Engine, EngineState
from server.controller.own_thread import within

log = logging.getLogger(__name__)

HEARTBEAT_S = 5.0
"""How often the controller says of each row that it is still true."""
_WRITE_TAKES_S = 20.0


class ObservedEngine:
    """The row of one engine, or of one version on an engine that has several.

    A database that is away does not make a running engine worse: what could not be written is written with the next
    heartbeat.

    Attributes:
        row: As it should stand in the ledger.
        written: Whether it stands there like that.
    """

    def __init__(self, database: Database, row: Engine, bound_s: float | None = None) -> None:
        """Begins a row.

        Args:
            database: The ledger.
            row: As it stands at first.
            bound_s: How long its first state should last at most, in seconds.
        """
        self.row = row
        self.written = False
        self._database = database
        self._writing = asyncio.Lock()
        self._message = row.message
        self._since = time.monotonic()
        self._bound_s = bound_s

    async def report(self, state: EngineState, message: str, bound_s: float | None = None) -> None:
        """Writes down a new state or message; nothing if both are as they were.

        Args:
            state: What the engine does.
            message: The same for people.
            bound_s: How long the state should last at most, in seconds; None without a bound.
        """
        if self.written and (self.row.state, self._message) == (state, message):
            return
        if state != self.row.state:
            self._since = time.monotonic()
        self._message, self._bound_s = message, bound_s
        log.info("engine %s of attune@v%d is %s: %s", self.row.id, self.row.version_number, state, message)
        await self._write(replace(self.row, state=state, message=message + self._overdue(), updated_at=utc_now()))

    async def started(self, pid: int) -> None:
        """Writes down the process that it runs in."""
        await self._write(replace(self.row, pid=pid, updated_at=utc_now()))

    async def heartbeat(self) -> None:
        """Says that the row is still true, and in the row and in the log when its state lasts longer than it should."""
        message = self._message + self._overdue()
        if message != self.row.message:
            log.warning("engine %s of attune@v%d: %s", self.row.id, self.row.version_number, message)
        await self._write(replace(self.row, message=message, updated_at=utc_now()))

    def _overdue(self) -> str:
        if self._bound_s is None or time.monotonic() - self._since <= self._bound_s:
            return ""
        return f" ({self.row.state} for longer than the {self._bound_s:.0f} s that it should take)"

    async def _write(self, row: Engine) -> None:
        self.row, self.written = row, False
        async with self._writing:  # else an older row could be written after a newer one
            row = self.row
            try:
                await within(_WRITE_TAKES_S, self._upsert, row)
                self.written = row is self.row
            except (Unavailable, TimeoutError) as error:
                log.warning("the engine's state could not be written down; trying again soon: %r", error)

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
