"""The database that a ledger moves into: what it holds, and how far an unfinished move has come.

While a move is unfinished, the version in `alembic_version` ends in `-moving`, so that no Attune takes a part of a
ledger for a whole one (`ledger.migrations.upgrade`), and two tables say where the rows come from and how far each is.
"""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, inspect, select, text

from ledger.column_types import SafeJson, SafeText
from ledger.errors import Misconfigured
from ledger.insertion import upsert
from ledger.migrations.upgrade import MOVING, current, upgrade
from ledger.moving.rows import Key, tables

_own = MetaData()
_move = Table("attune_move", _own, Column("source", SafeText, nullable=False))
_progress = Table(
    "attune_move_progress",
    _own,
    Column("table_name", SafeText, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("last_key", SafeJson, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one table is.

    Attributes:
        last_key: Primary key of the last row that is there; None before the first.
    """

    rows: int = 0
    last_key: Key | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a database holds before a move.

    Attributes:
        migration: Of the ledger in it, whole or in part; None if there is no ledger.
        source: Where the rows of an unfinished move come from; None if there is none.
        others: Tables that are no ledger's.
    """

    migration: str | None
    source: str | None
    others: tuple[str, ...]


def look(connection: Connection) -> Found:
    """Say what a database holds."""
    names = set(inspect(connection).get_table_names())
    migration = current(connection)
    source = connection.execute(select(_move.c.source)).scalar() if _move.name in names else None
    known = {table.name for table in (*tables(), *_own.sorted_tables)} | {"alembic_version"}
    others = names if migration is None else names - known
    return Found(migration and migration.removesuffix(MOVING), source, tuple(sorted(others - {"alembic_version"})))


def require_usable(found: Found, newest: str, source: str, place: str) -> None:
    """Refuse what no move may be written into.

    Args:
        found: As `look` returned it; not a whole ledger.
        newest: The migration of the source.
        source: The ledger that is moved.
        place: The target, for people.

    Raises:
        Misconfigured: It holds something; the message says what, and what to do.
    """
    if found.migration is None:
        if found.others:
            some = ", ".join(found.others[:3])
            raise Misconfigured(f"{place} is not empty: it holds the tables {some}. Give an empty database.")
    elif found.source is None:
        raise Misconfigured(
            f"{place} is not empty: it holds a ledger at migration {found.migration}, with other rows than {source}. "
            "Give an empty database, or move that ledger away."
        )
    elif found.source != source:
        raise Misconfigured(
            f"{place} holds an unfinished move of {found.source}, not of {source}. Finish that one, give an empty "
            "database, or clear it with --restart."
        )
    elif found.migration != newest:
        raise Misconfigured(
            f"{place} holds an unfinished move of a ledger at migration {found.migration}, and {source} is at "
            f"{newest}: clear it with --restart."
        )


def begin(connection: Connection, source: str) -> None:
    """Make a ledger's tables, empty, and mark them as a part of a ledger.

    Raises:
        Misconfigured: The database cannot hold every character.
    """
    if connection.dialect.name == "postgresql":
        encoding = connection.execute(text("show server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise Misconfigured(f"The database has the encoding {encoding}: make one with `encoding 'UTF8'`.")
    upgrade(connection, lambda _current, _newest: None)
    for table in reversed(tables()):
        connection.execute(table.delete())  # the migrations have made the rows of those that have one
    _own.create_all(connection)
    connection.execute(_move.insert(), {"source": source})
    connection.execute(text(f"update alembic_version set version_num = version_num || '{MOVING}'"))


def progress(connection: Connection, table: Table) -> Progress:
    """Return how far a table is."""
    row = connection.execute(select(_progress).where(_progress.c.table_name == table.name)).first()
    return Progress() if row is None else Progress(row.rows, row.last_key)


def advance(connection: Connection, table: Table, to: Progress) -> None:
    """Keep how far a table is, in the transaction that has written its rows."""
    upsert(connection, _progress, {"table_name": table.name, "rows": to.rows, "last_key": to.last_key})


def finish(connection: Connection) -> None:
    """Make a whole ledger of the tables: counters go on after the last row, and the marks go."""
    if connection.dialect.name == "postgresql":
        for table in tables():
            _set_counter(connection, table)
    _own.drop_all(connection)
    connection.execute(text(f"update alembic_version set version_num = replace(version_num, '{MOVING}', '')"))


def clear(connection: Connection) -> None:
    """Drop every table and view."""
    for view in inspect(connection).get_view_names():
        connection.execute(text(f'drop view "{view}"'))
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)


def _set_counter(connection: Connection, table: Table) -> None:
    """Let PostgreSQL's sequence of a counting key go on after the largest; SQLite counts from the rows by itself."""
    column = table.autoincrement_column
    if column is None:
        return
    largest = connection.execute(select(func.max(column))).scalar()
    counter = func.pg_get_serial_sequence(table.name, column.name)
    connection.execute(select(func.setval(counter, largest or 1, largest is not None)))
