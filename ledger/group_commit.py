"""Many small writes, one commit.

A commit waits for the disk. One thread takes all operations that have come in since its last commit, runs them in one
transaction, commits once, and only then tells those who wait. When one of them fails, all are rolled back and run
again, each under a savepoint, so that the one that fails takes only its own changes with it.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from ledger.database import Database, is_outage
from ledger.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Operation:
    """What to run, and who waits for it."""

    run: Callable[[Connection], Any]
    future: "Future[Any]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Maintenance:
    """What to do with the database while no transaction of this writer is open, and who waits for it."""

    run: Callable[[], Any]
    future: "Future[Any]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a commit was like, for metrics: how many operations it held, and how long it took from begin to end."""

    size: int
    duration_s: float


class GroupCommit:
    """A thread that writes for all others.

    Operations are functions of the ledger, called with a connection. They must change nothing else: after an error, the
    transaction is rolled back and operations run again.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_batch: int = 256,
        max_pending: int = 4096,
        on_commit: Callable[[Batch], None] | None = None,
    ) -> None:
        """Starts the thread.

        Args:
            database: To write to.
            max_batch: How many operations one commit holds at most.
            max_pending: How many operations may wait; more are refused, so that memory stays bounded.
            on_commit: Called in the thread after each commit.
        """
        self._database = database
        self._max_batch = max_batch
        self._on_commit = on_commit
        self._pending: queue.Queue[_Operation | _Maintenance | None] = queue.Queue(max_pending)
        self._taken: _Maintenance | None = None  # from the queue, after operations that come first
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="ledger-group-commit", daemon=True)
        self._thread.start()

    def submit(
        self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[R]":
        """Hands in `function(connection, *args, **kwargs)`. Callbacks of the future run in the thread: keep them short.

        Returns:
            A future of the function's result, done once it is on disk. Its exception is the function's own, or
            `Unavailable` where the database could not commit.

        Raises:
            Unavailable: Too many operations wait, or this was closed.
        """
        operation = _Operation(lambda connection: function(connection, *args, **kwargs))
        self._put(operation)
        return operation.future

    async def maintain(self, function: Callable[[Database], R]) -> R:
        """Runs `function(database)` between two commits: what waits meanwhile is written afterwards, late but safe.

        Raises:
            Unavailable: As with `submit`; else what the function raises.
        """
        work = _Maintenance(lambda: function(self._database))
        self._put(work)
        result: R = await asyncio.shield(asyncio.wrap_future(work.future))
        return result

    def _put(self, item: _Operation | _Maintenance) -> None:
        with self._closing:
            if self._closed:
                raise Unavailable("The ledger's writer is closed: the process is shutting down.")
            try:
                self._pending.put_nowait(item)
            except queue.Full:
                raise Unavailable(
                    f"{self._pending.maxsize} operations wait for the ledger already: its disk is too slow or away."
                ) from None

    async def run(self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """As `submit`, for coroutines. One that is cancelled stops waiting; the operation is written all the same.

        Raises:
            Unavailable: As with `submit`, or the database could not commit.
        """
        return await asyncio.shield(asyncio.wrap_future(self.submit(function, *args, **kwargs)))

    def close(self) -> None:
        """Writes what waits, and ends the thread. More cannot be handed in."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._pending.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._next()) is not None:
            if isinstance(first, _Maintenance):
                _maintain(first)
                continue
            batch, last = self._take(first)
            self._commit([operation for operation in batch if operation.future.set_running_or_notify_cancel()])
            if last:
                return

    def _next(self) -> _Operation | _Maintenance | None:
        """What comes first now; None at the end."""
        taken, self._taken = self._taken, None
        return taken or self._pending.get()

    def _take(self, first: _Operation) -> tuple[list[_Operation], bool]:
        """Takes what waits now, up to the next maintenance; the second value says that nothing comes after."""
        batch = [first]
        while len(batch) < self._max_batch:
            try:
                item = self._pending.get_nowait()
            except queue.Empty:
                return batch, False
            if item is None:
                return batch, True
            if isinstance(item, _Maintenance):
                self._taken = item
                return batch, False
            batch.append(item)
        return batch, False

    def _commit(self, batch: list[_Operation]) -> None:
        """Runs operations in one transaction, and resolves their futures."""
        # A savepoint costs about as much as the inserts under it, and nearly all operations succeed.
        try:
            self._commit_with(_run_bare, batch)
        except _SavepointsNeeded:
            self._commit_with(_run_under_savepoint, batch)

    def _commit_with(self, run: "_Run", batch: list[_Operation]) -> None:
        """Commits what can be committed.

        Raises:
            _SavepointsNeeded: From `run`; the operations that are still in `batch` were not committed.
        """
        while batch:
            spoiled = self._try_commit(run, batch)
            if spoiled is None:
                return
            # The whole transaction is gone because of one operation. Alone it gets a second chance, for it can be
            # innocent: in a deadlock, the database picks its victim.
            batch.remove(spoiled.by)
            again = self._try_commit(_run_under_savepoint, [spoiled.by])
            if again is not None:
                again.by.future.set_exception(again.error)

    def _try_commit(self, run: "_Run", batch: list[_Operation]) -> "_Spoiled | None":
        """Runs one transaction and resolves its futures.

        Returns:
            The operation in which the database failed; then nothing is stored and no future resolved.

        Raises:
            _SavepointsNeeded: From `run`; nothing is stored and no future resolved.
        """
        began = time.monotonic()
        running: _Operation | None = None
        outcomes: list[_Outcome] = []
        try:
            with self._database.write() as connection:
                for operation in batch:
                    running = operation
                    outcomes.append(run(connection, operation))
                running = None
        except _SavepointsNeeded:
            raise
        except Unavailable as error:
            if running is not None:
                return _Spoiled(running, error)
            outcomes = [_Outcome(error=error)] * len(batch)
        except Exception as error:  # whatever it is, somebody waits for every one of these futures
            logger.exception("A commit of %d operations failed.", len(batch))
            outcomes = [_Outcome(error=error)] * len(batch)
        else:
            self._report(Batch(len(batch), time.monotonic() - began))
        for operation, outcome in zip(batch, outcomes, strict=True):
            outcome.resolve(operation.future)
        return None

    def _report(self, batch: Batch) -> None:
        if self._on_commit is None:
            return
        try:
            self._on_commit(batch)
        except Exception:  # what is committed is committed
            logger.exception("The hook of the ledger's writer failed.")


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Any = None
    error: Exception | None = None

    def resolve(self, future: "Future[Any]") -> None:
        if self.error is None:
            future.set_result(self.result)
        else:
            future.set_exception(self.error)


@dataclass(frozen=True, slots=True)
class _Spoiled:
    """A transaction that the database ended within an operation."""

    by: _Operation
    error: Unavailable


def _maintain(work: _Maintenance) -> None:
    if not work.future.set_running_or_notify_cancel():
        return
    try:
        work.future.set_result(work.run())
    except Exception as error:  # whatever it is, somebody waits for the future
        work.future.set_exception(error)


_Run = Callable[[Connection, _Operation], _Outcome]


class _SavepointsNeeded(Exception):
    """An operation failed by itself, and its changes cannot be told from those of the others."""


def _run_bare(connection: Connection, operation: _Operation) -> _Outcome:
    """Runs an operation, hoping that it succeeds.

    Raises:
        DBAPIError: The database itself failed, and with it the transaction.
        _SavepointsNeeded: The operation failed.
    """
    try:
        return _Outcome(result=operation.run(connection))
    except Exception as error:
        if is_outage(error):
            raise
        raise _SavepointsNeeded from error


def _run_under_savepoint(connection: Connection, operation: _Operation) -> _Outcome:
    """Runs an operation under a savepoint, so that its changes go with it when it fails.

    Raises:
        DBAPIError: The database itself failed, and with it the transaction.
    """
    try:
        with connection.begin_nested():
            return _Outcome(result=operation.run(connection))
    except Exception as error:
        if is_outage(error):
            raise
        return _Outcome(error=error)
