"""Moving a whole ledger: every table is copied in batches, compared row by row, and only then is the copy a ledger.

Each batch and how far it leads are one transaction of the target, so that a move which was killed goes on after the
last batch that was committed. The source is only read.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.exc import ProgrammingError

from ledger.database import Database
from ledger.dialects import dialect_of
from ledger.errors import LedgerError, Misconfigured
from ledger.migrations.upgrade import current, newest
from ledger.moving import target as state
from ledger.moving.alone import alone
from ledger.moving.rows import BATCH, Different, Row, TableDigest, compare, count, key_of, stream, tables
from ledger.moving.target import Progress

COPYING, COMPARING = "copying", "comparing"

Report = Callable[[str, str, int, int], None]
"""Is told `COPYING` or `COMPARING`, the table, and how many rows of all its rows are done."""


class Changed(LedgerError):
    """The ledger is not what was copied."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A finished move.

    Attributes:
        source: Where the ledger was and still lies; without a password.
        target: Where it is now.
        before: Whether an earlier move had finished already.
        digests: What every table holds, the same in both.
    """

    source: str
    target: str
    before: bool
    digests: Mapping[str, TableDigest]


def move(source_url: str, target_url: str, report: Report, *, restart: bool = False, batch_rows: int = BATCH) -> Moved:
    """Move a ledger into an empty database, or go on with a move that was interrupted.

    Args:
        source_url: Of the ledger; nobody else may have it open.
        target_url: Of an empty database; a SQLite file is made.
        report: Is told of the progress.
        restart: Whether to clear the target of an unfinished move first.
        batch_rows: Rows of a transaction.

    Raises:
        NoLedger: There is no ledger at the source.
        Misconfigured: The target is not empty, or the ledger is of another release, or both are the same.
        Busy: Somebody has the ledger open, or another move into the target runs.
        Changed: The ledger is not what was copied: somebody has written to it since the move began.
        Unavailable: One of them cannot be reached, read or written.
    """
    source, target = dialect_of(source_url), dialect_of(target_url)
    if source.place == target.place:
        raise Misconfigured(f"The ledger is in {source.place} already: give another database to move it into.")
    with _opened(source_url) as old:
        target.prepare()
        new = Database(target.create_engine(), target)
        try:
            with new.exclusive("move"):
                if digests := _of_copy(old, new):
                    return Moved(source.place, target.place, True, digests)
                _begin(old, new, restart)
                _copy(old, new, report, batch_rows)
                digests = _compared(old, new, report)
                with new.write() as connection:
                    state.finish(connection)
        finally:
            new.close()
    return Moved(source.place, target.place, False, digests)


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    """The ledger to move, opened alone, at this Attune's migration."""
    Database.open(url, create=False, migrate=False).close()
    with alone(dialect_of(url)) as old:
        with old.read() as connection:
            found, wanted = current(connection), newest()
        if found != wanted:
            raise Misconfigured(
                f"The ledger {old.place} is at migration {found}, and this Attune moves ledgers at {wanted}. Bring "
                "it up to date with `attune prepare` first, or use the Attune that made it."
            )
        yield old


def _of_copy(old: Database, new: Database) -> dict[str, TableDigest]:
    """What the target holds where it is a whole ledger with the same rows: the move was killed after its last step."""
    with new.read() as connection:
        found = state.look(connection)
    if found.source is not None or found.migration != newest():
        return {}
    try:
        return _compared(old, new, lambda *_: None)
    except Changed:
        return {}


def _begin(old: Database, new: Database, restart: bool) -> None:
    """Makes the target's tables, unless a move from the same ledger has."""
    try:
        with new.write() as connection:
            found = state.look(connection)
            if restart and found.source is not None:
                state.clear(connection)
                found = state.look(connection)
            state.require_usable(found, newest(), old.place, new.place)
            if found.migration is None:
                state.begin(connection, old.place)
    except ProgrammingError as error:  # PostgreSQL: the role may not
        raise Misconfigured(f"The tables cannot be made in {new.place}: {str(error.orig).splitlines()[0]}.") from error


def _copy(old: Database, new: Database, report: Report, batch_rows: int) -> None:
    """Copies what is not there yet, as the ledger is at one moment."""
    with old.read() as reading:
        for table in tables():
            with new.read() as connection:
                done = state.progress(connection, table)
            total = count(reading, table)
            report(COPYING, table.name, done.rows, total)
            for rows in _batches(stream(reading, table, done.last_key), batch_rows):
                done = Progress(done.rows + len(rows), key_of(table, rows[-1]))
                with new.write() as connection:
                    connection.execute(table.insert(), rows)
                    state.advance(connection, table, done)
                report(COPYING, table.name, done.rows, total)


def _compared(old: Database, new: Database, report: Report) -> dict[str, TableDigest]:
    """Compares all rows, as both are now.

    Raises:
        Changed: They are not the same.
    """
    digests = {}
    with old.read() as mine, new.read() as theirs:
        for table in tables():
            total = count(mine, table)
            try:
                for digest in compare(mine, theirs, table):
                    report(COMPARING, table.name, digest.rows, total)
            except Different as error:
                raise Changed(
                    f"{old.place} has changed since the move into {new.place} began: {error}. Nothing is lost: stop "
                    "whoever uses it, and begin again with --restart."
                ) from error
            digests[table.name] = digest
    return digests


def _batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while batch := list(islice(rows, size)):
        yield batch
