"""The list of tombstones that is kept outside the ledger, so that a restored older ledger learns what was erased since.

A JSON line for each: `{"kind": "user", "id": "usr_…", "erased_at": "2026-11-30T12:00:00+00:00"}`. The ids are opaque;
nothing that a person wrote, nor their name, stands in it.
"""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ledger import erase
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.records import Tombstone
from ledger.unusable_paths import reason_of

NAME = "tombstones.jsonl"
_KINDS = ("user", "conversation", "completion")


class UnreadableList(LedgerError):
    """A list of tombstones that cannot be used; the message says why and what to do."""


def read(path: Path) -> set[Tombstone]:
    """Returns what a list holds; nothing where there is no file. A last line that was cut by a crash is left out.

    Raises:
        UnreadableList: The file cannot be read, or a line is no tombstone.
    """
    if not path.exists():
        return set()
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableList(f"The list of tombstones {path} cannot be read: {reason_of(error)}.") from error
    whole = [(number, line) for number, line in enumerate(lines[:-1], 1) if line.strip()]
    return {_parsed(line, f"{path}, line {number}") for number, line in whole}


def add(path: Path, tombstones: Iterable[Tombstone]) -> None:
    """Appends to a list, which is made if need be, and has it on disk when this returns."""
    lines = "".join(
        json.dumps({"kind": row.kind, "id": row.id, "erased_at": row.erased_at.isoformat()}) + "\n"
        for row in sorted(tombstones, key=lambda row: (row.erased_at, row.kind, row.id))
    )
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end and lines and os.pread(file.fileno(), 1, end - 1) != b"\n":
            _cut_last_line(file.fileno(), end)
        file.write(lines.encode())
        file.flush()
        os.fsync(file.fileno())


def bring_up_to_date(path: Path, database: Database) -> None:
    """Adds what the ledger knows and the list lacks.

    Raises:
        UnreadableList: The list cannot be read or written.
    """
    known = read(path)
    with database.read() as connection:
        missing = set(erase.tombstones_since(connection, None)) - known
    if missing or not path.exists():
        try:
            add(path, missing)
        except OSError as error:
            raise UnreadableList(f"The list of tombstones {path} cannot be written: {error.strerror}.") from error


def _cut_last_line(descriptor: int, end: int) -> None:
    """Removes a line that a crash has cut: its tombstone stands in the ledger, which adds it again."""
    whole = os.pread(descriptor, end, 0).rfind(b"\n") + 1
    os.ftruncate(descriptor, whole)


def _parsed(line: str, where: str) -> Tombstone:
    try:
        row = json.loads(line)
        kind, erased_id, erased_at = row["kind"], row["id"], datetime.fromisoformat(row["erased_at"])
        if kind not in _KINDS or not isinstance(erased_id, str) or erased_at.tzinfo is None:
            raise ValueError(f"{line[:80]!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableList(
            f"{where}, is no tombstone: {error}. Give the list that Attune wrote, or remove the line."
        ) from error
    return Tombstone(kind, erased_id, erased_at)
