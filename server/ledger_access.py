"""The gateway's way to the ledger: reads in a few threads, writes through the group-commit writer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from ledger.database import Database
from ledger.errors import Busy
from ledger.group_commit import Batch, GroupCommit
from server.errors import Overloaded

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)

READERS = 4
MOST_WAITING_READS = 256


class LedgerAccess:
    """Reads and writes for coroutines. Close it after the last request."""

    def __init__(self, database: Database, *, on_commit: Callable[[Batch], None] | None = None) -> None:
        self._database = database
        self._writer = GroupCommit(database, on_commit=on_commit)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="ledger-read")
        self._reading = 0

    async def read(self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs `function(connection, *args, **kwargs)` in a reading transaction.

        Raises:
            Overloaded: Too many reads wait already.
        """
        if self._reading >= MOST_WAITING_READS:
            raise Overloaded(f"{self._reading} reads wait for the ledger already.", retry_after_s=1)

        def run() -> R:
            with self._database.read() as connection:
                return function(connection, *args, **kwargs)

        self._reading += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, run)
        finally:
            self._reading -= 1

    async def busy(self, name: str) -> bool:
        """Whether a process does now what only one may do; see `Database.exclusive`."""

        def taken() -> bool:
            try:
                with self._database.exclusive(name):
                    return False
            except Busy:
                return True

        return await asyncio.get_running_loop().run_in_executor(self._readers, taken)

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncIterator[None]:
        """Keeps every other process from doing the same while the block runs; see `Database.exclusive`.

        Raises:
            Busy: Another process holds the lock.
        """
        lock = self._database.exclusive(name)
        await asyncio.to_thread(lock.__enter__)
        try:
            yield
        finally:
            await asyncio.to_thread(lock.__exit__, None, None, None)

    async def write(self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs `function(connection, *args, **kwargs)`; when this returns, its changes are on disk."""
        return await self._writer.run(function, *args, **kwargs)

    async def maintain(self, function: Callable[[Database], R]) -> R:
        """Runs `function(database)` while nothing is written; writes that come meanwhile wait."""
        return await self._writer.maintain(function)

    async def with_database(self, function: Callable[[Database], R]) -> R:
        """Runs `function(database)` in a thread of its own, beside reads and writes."""
        return await asyncio.to_thread(function, self._database)

    def write_later(
        self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[R]":
        """As `write`, for those who cannot wait; a failure is logged."""
        future = self._writer.submit(function, *args, **kwargs)
        future.add_done_callback(_log_failure)
        return future

    def close(self) -> None:
        """Writes what waits, and ends the threads."""
        self._writer.close()
        self._readers.shutdown(wait=True)


def _log_failure(future: "Future[R]") -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        logger.error("A write to the ledger failed: %s", error)
