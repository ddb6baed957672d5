"""Inserting a row that may already be there, without a race between looking and inserting."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_if_absent(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts a row unless one of the table's unique keys is taken.

    Returns:
        Whether the row was inserted.
    """
    new = _insert(connection, table).values(**row).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(new).first() is not None


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Inserts a row, or overwrites the one with the same primary key."""
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in row.items() if name not in keys}
    new = _insert(connection, table).values(**row)
    connection.execute(new.on_conflict_do_update(index_elements=keys, set_=others))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The two databases spell ON CONFLICT alike, but SQLAlchemy has it per database."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
