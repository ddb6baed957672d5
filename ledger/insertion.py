"""Inserting a row that may already be there, without a race between looking and inserting.

The statements are built once for each table: building one takes longer than SQLite needs to run it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_if_absent(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts a row unless one of the table's unique keys is taken.

    Returns:
        Whether the row was inserted.
    """
    return connection.execute(_insert_if_absent(connection.dialect.name, table), row).first() is not None


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Inserts a row with a value for every column, or overwrites the one with the same primary key."""
    connection.execute(_upsert(connection.dialect.name, table), row)


@cache
def _insert_if_absent(dialect_name: str, table: Table) -> Executable:
    return _insert(dialect_name, table).on_conflict_do_nothing().returning(*table.primary_key)


@cache
def _upsert(dialect_name: str, table: Table) -> Executable:
    new = _insert(dialect_name, table)
    others = {column.name: new.excluded[column.name] for column in table.columns if not column.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


def _insert(dialect_name: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The two databases spell ON CONFLICT alike, but SQLAlchemy has it per database."""
    return sqlite.insert(table) if dialect_name == "sqlite" else postgresql.insert(table)
