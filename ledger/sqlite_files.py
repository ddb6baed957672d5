"""SQLite's files as a whole: copied without what was deleted, and rewritten so that nothing deleted is left in them."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pysqlite3

from ledger.errors import Unavailable

_CHECKPOINT_TIMEOUT_MS = 500


def copy(path: Path, to: Path, *, lock_timeout_s: float) -> None:
    """Writes every row into a new file with VACUUM INTO: one file without a log beside it and without free pages.

    Raises:
        Unavailable: The database could not be read, or the copy not be written.
    """
    os.close(os.open(to, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(_connected(path, lock_timeout_s)) as source:
            source.execute("VACUUM INTO ?", (str(to),))  # reads one moment; in WAL mode no writer waits for it
        with closing(_connected(to, lock_timeout_s)) as copied:
            copied.execute("PRAGMA journal_mode = DELETE")
    except pysqlite3.dbapi2.Error as error:
        raise Unavailable(f"The ledger {path} could not be copied to {to}: {error}.") from error


def rewrite(path: Path, *, lock_timeout_s: float) -> None:
    """Rewrites a file with VACUUM, and empties the write-ahead log.

    `secure_delete` alone is not enough: when SQLite moves rows to another page, it leaves their old bytes in the unused
    part of the first, where a later DELETE does not find them. SQLite's VACUUM holds a copy of the database in memory,
    as this driver is compiled.

    Raises:
        Unavailable: Memory is short, a writer held the file, or a reader still needs the log.
    """
    size, free = path.stat().st_size, _available_memory()
    if size > free / 2:
        raise Unavailable(
            f"Rewriting the ledger needs {size / 2**20:.0f} MiB of memory, at most half of what is free, and "
            f"{free / 2**20:.0f} MiB are free."
        )
    try:
        with closing(_connected(path, lock_timeout_s)) as connection:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # holds for the rewritten file
            connection.execute("VACUUM")
            # Writers wait while this waits for readers, so it does not wait long: somebody tries again.
            connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_TIMEOUT_MS}")
            (kept, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except pysqlite3.dbapi2.Error as error:
        raise Unavailable(f"The ledger {path} could not be rewritten: {error}.") from error
    if kept:
        raise Unavailable(f"A reader still needs {path}-wal, so the log was not emptied.")


def _connected(path: Path, lock_timeout_s: float) -> Any:
    """A connection of its own, without the driver's transactions."""
    connection = pysqlite3.dbapi2.connect(str(path), timeout=lock_timeout_s, isolation_level=None)
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _available_memory() -> int:
    """Bytes that the kernel could give a process without swapping."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        found = next(line for line in lines if line.startswith("MemAvailable:"))
    return int(found.split()[1]) * 1024
