"""Opening a ledger that nobody else has open: who writes to it while it moves would write to what is left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pysqlite3.dbapi2 import OperationalError
from sqlalchemy import Connection, event, text

from ledger.database import Database
from ledger.dialects import Dialect, Sqlite
from ledger.errors import Busy

_WAIT_MS = 2000
"""As long as a command that only looks may take."""

_OTHERS = """
select count(*) from pg_stat_activity
where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
"""


@contextmanager
def alone(dialect: Dialect) -> Iterator[Database]:
    """Open a ledger while nobody else of Attune has it open; hold one connection of it at a time.

    A SQLite file is locked against everybody else. On PostgreSQL sessions of the same role in the same database are
    looked for once.

    Raises:
        Busy: A gateway, a controller, an alignment run or another command has it open.
        Unavailable: It cannot be reached or read.
    """
    engine = dialect.create_engine()
    if isinstance(dialect, Sqlite):
        # Before any other look at the file, after which it could not be locked any more.
        event.listen(engine, "connect", partial(_lock_file, dialect.place), insert=True)
    database = Database(engine, dialect)
    try:
        with database.read() as connection:
            if not isinstance(dialect, Sqlite):
                _require_no_sessions(connection, dialect.place)
        yield database
    finally:
        database.close()


def _lock_file(place: str, dbapi_connection: Any, _record: object) -> None:
    """Locks the file as long as the connection lives: https://www.sqlite.org/wal.html (without shared memory)."""
    dbapi_connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    dbapi_connection.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
    try:
        dbapi_connection.execute("select count(*) from sqlite_master").fetchall()
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        raise Busy(f"Another process has {place} open.") from error


def _require_no_sessions(connection: Connection, place: str) -> None:
    if others := connection.execute(text(_OTHERS)).scalar_one():
        raise Busy(f"Other sessions of its role are open in {place} ({others}).")
