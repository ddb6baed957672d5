"""Importing a file of feedback: every row is read before any is stored, and then stored in small transactions.

A process that is killed has stored some of the rows; the same file again adds the others.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ledger.database import Database
from ledger.errors import Misconfigured
from ledger.importing.files import Form, read
from ledger.importing.row import GivenRow, parse
from ledger.importing.store import Importer

_BATCH = 200
"""Rows of a transaction: a gateway that runs must not wait long for its turn."""

_SHOWN = 5
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file.

    Attributes:
        outcomes: Rows by what became of them: see `ledger.importing.store.Outcome`.
        ignored: Objects of another program's file that say nothing that counts, by what they are.
        skipped: Why a row was left out, by its place.
    """

    outcomes: dict[str, int]
    ignored: dict[str, int]
    skipped: dict[str, str]


def load(database: Database, path: Path, *, owner: str, form: Form | None = None, skip_bad: bool = False) -> Imported:
    """Store what a file says and the ledger lacks.

    Args:
        database: The ledger.
        path: An export of Attune, rows in TRL's formats, or an export of another program.
        owner: Whose the answers and votes are to be; nobody with keys of their own.
        form: Who has written it; None to see it from the first object.
        skip_bad: Whether to leave out rows that cannot be read; else nothing is stored where there is one.

    Raises:
        Misconfigured: The file or a row of it cannot be read, or the owner has keys of their own.
    """
    ignored, skipped = Counter[str](), dict[str, str]()
    rows = list(_rows(path, form, ignored, skipped))
    if skipped and not skip_bad:
        raise Misconfigured(
            f"{path}: rows that cannot be read: {len(skipped)} ({named(skipped)}). Nothing was stored: mend them, or "
            "leave them out with --skip-bad."
        )
    outcomes = Counter[str]()
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        with database.write() as connection:
            outcomes += Importer(connection, owner).add_all(batch)
    return Imported(dict(outcomes), dict(ignored), skipped)


def named(skipped: dict[str, str]) -> str:
    """Say which rows were left out and why: the first, and how many more."""
    more = f"; and {len(skipped) - _SHOWN} more" if len(skipped) > _SHOWN else ""
    return "; ".join(f"{place}: {why}" for place, why in list(skipped.items())[:_SHOWN]) + more


def _rows(path: Path, form: Form | None, ignored: Counter[str], skipped: dict[str, str]) -> Iterator[GivenRow]:
    for given in read(path, form):
        if given.ignored:
            ignored[given.ignored] += 1
        elif given.fault:
            skipped[given.place] = given.fault
        else:
            try:
                _require_storable(given.value)
                yield parse(given.value)
            except ValueError as error:
                skipped[given.place] = str(error)


def _require_storable(value: Any) -> None:
    """Raises ValueError where the ledger would have to change a character, and an export would not be the same."""
    if isinstance(value, str) and _NOT_STORABLE.search(value):
        raise ValueError("a text holds half a character (a lone surrogate) or NUL")
    if isinstance(value, dict):
        for key, item in value.items():
            _require_storable(key)
            _require_storable(item)
    elif isinstance(value, list):
        for item in value:
            _require_storable(item)
