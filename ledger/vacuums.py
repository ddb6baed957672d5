"""Erased rows leave the database's files: which rewriting of them is still to come, and doing it.

A DELETE leaves bytes behind: in the write-ahead log, in free pages, and where SQLite has moved rows between pages. Each
erasing therefore requests a rewriting in its own transaction, so that it comes even if this process dies; one rewriting
fulfils all requests that came before it.
"""

from datetime import datetime

from sqlalchemy import Connection, select, update

from ledger.database import Database
from ledger.schema import vacuums


def request(connection: Connection, at: datetime) -> None:
    """Asks for the database's files to be rewritten after this transaction."""
    connection.execute(update(vacuums).values(requested=vacuums.c.requested + 1, requested_at=at))


def waiting_since(connection: Connection) -> datetime | None:
    """Returns when the latest request came that is not fulfilled; None where nothing waits."""
    return connection.execute(select(vacuums.c.requested_at).where(vacuums.c.requested > vacuums.c.done)).scalar()


def fulfil(database: Database) -> None:
    """Rewrites the database's files if somebody has asked for it.

    Raises:
        Unavailable: It could not be done now; the request stays.
    """
    with database.read() as connection:
        requested, done = connection.execute(select(vacuums.c.requested, vacuums.c.done)).one()
    if requested == done:
        return
    database.vacuum()
    with database.write() as connection:
        connection.execute(update(vacuums).where(vacuums.c.done < requested).values(done=requested))
