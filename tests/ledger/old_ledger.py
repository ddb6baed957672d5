"""Ledgers that older versions made: on SQLite from what their own code wrote, on PostgreSQL with the same rows."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, create_engine, make_url, text

import ledger.migrations

# Written by `python -m benchmarks.old_home --sql FILE`: the code of revision 4e4d00a, all kinds of rows.
SQL = Path(__file__).with_name("ledger_of_0002.sql")
OF_0002 = ("ratings", "rating_items")
Rows = dict[str, list[dict[str, object]]]


def write_sqlite(path: Path, migration: str) -> Path:
    """A ledger at migration `0002`, or at `0001`, which had no ratings."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SQL.read_text())
        if migration == "0001":
            for table in OF_0002:
                connection.execute(f"drop table {table}")
            connection.execute("update alembic_version set version_num = '0001'")
        connection.commit()
    path.chmod(0o600)
    return path


def write_postgresql(url: str, source: Path, migration: str) -> None:
    """Migrates an empty PostgreSQL database as far as `migration`, and copies the rows of a SQLite ledger into it."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("set timezone = 'UTC'"))
        _migrate(connection, migration)
        wanted = MetaData()
        wanted.reflect(connection)
        for name, rows in rows_of(f"sqlite:///{source}").items():
            if name == "deployments":
                connection.execute(wanted.tables[name].delete())
            if name != "alembic_version":
                connection.execute(wanted.tables[name].insert(), rows)
    engine.dispose()


def rows_of(url: str) -> Rows:
    """All rows of all tables, each table before those that refer to it, in the order of their keys."""
    if url.startswith("postgresql"):
        url = make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    engine = create_engine(url)
    found, tables = {}, MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        for table in tables.sorted_tables:
            query = table.select().order_by(*table.primary_key)
            found[table.name] = [dict(row) for row in connection.execute(query).mappings()]
    engine.dispose()
    return found


def _migrate(connection: Connection, migration: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.migrations.__path__[0])))
    config.attributes["connection"] = connection
    command.upgrade(config, migration)
