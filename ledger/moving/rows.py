"""A ledger's rows in one order and one form on every database, so that two ledgers can be compared row by row.

Text is ordered by its bytes in UTF-8, whatever collation a database has. A row's form is a line of JSON with the values
of its columns in the order of `ledger.schema`, times in UTC: what the ledger's own code reads, not what a driver sends.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, collate, func, select, tuple_

from ledger.column_types import SafeText
from ledger.errors import LedgerError
from ledger.schema import metadata

BATCH = 1000
"""Rows that are read at once, and written in one transaction."""

Row = Mapping[str, Any]
Key = Sequence[Any]


class Different(LedgerError):
    """Two ledgers do not hold the same rows."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """What a table holds.

    Attributes:
        sha256: Over the forms of all rows in their order, in hex.
    """

    rows: int
    sha256: str


def tables() -> list[Table]:
    """Return every table of a ledger, each after those that it refers to."""
    return metadata.sorted_tables


def count(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def stream(connection: Connection, table: Table, after: Key | None = None) -> Iterator[Row]:
    """Yield a table's rows in the order of their primary key.

    A row that another one of the same table refers to (a message's parent, a version's) has the smaller key.

    Args:
        connection: Of a reading transaction.
        table: One of `tables`.
        after: The key that the first row follows; None for all rows.
    """
    key = [_ordered(column, connection.dialect.name) for column in table.primary_key]
    query = select(table).order_by(*key)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    with connection.execution_options(yield_per=BATCH).execute(query) as rows:
        for row in rows.mappings():
            yield dict(row)


def key_of(table: Table, row: Row) -> list[Any]:
    """Return a row's primary key."""
    return [row[column.name] for column in table.primary_key]


def form(table: Table, row: Row) -> bytes:
    """Return a row as a line of JSON that is the same on every database."""
    return (json.dumps([row[column.name] for column in table.columns], default=_time) + "\n").encode()


def compare(one: Connection, other: Connection, table: Table) -> Iterator[TableDigest]:
    """Compare a table in two ledgers; yield what was compared so far now and then, and at the end.

    Raises:
        Different: It does not hold the same rows; the message names the first key that differs.
    """
    digest, rows = hashlib.sha256(), 0
    for mine, theirs in zip_longest(stream(one, table), stream(other, table)):
        said = None if mine is None else form(table, mine)
        if said is None or theirs is None or said != form(table, theirs):
            named = key_of(table, mine or theirs)
            raise Different(f"the table {table.name} differs from the key {', '.join(map(str, named))} on")
        digest.update(said)
        rows += 1
        if rows % BATCH == 0:
            yield TableDigest(rows, digest.hexdigest())
    yield TableDigest(rows, digest.hexdigest())


def _ordered(column: Column[Any], dialect_name: str) -> ColumnElement[Any]:
    """The column as it is ordered: SQLite compares bytes by itself."""
    if dialect_name == "sqlite" or not isinstance(column.type, Text | SafeText):
        return column
    return collate(column, "C")


def _time(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form: give it one here.")
