"""How much room Attune takes on this machine's disk, and how much is left."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from ledger.clock import iso
from ledger.database import Database
from ledger.retention import record
from ledger.retention.record import Record

ENOUGH_DISK_BYTES = 2 * 2**30
FOLDERS = ("logs", "runs", "versions", "evals", "merged", "backups")


@dataclass(frozen=True, slots=True)
class Sizes:
    """What lies where.

    Attributes:
        bytes: By part: the ledger, with SQLite's log of writes, and the folders of the home that are there.
        free_bytes: Left on the disk of the home.
        pruned: What retention has removed last.
    """

    bytes: Mapping[str, int]
    free_bytes: int
    pruned: Record

    @property
    def in_words(self) -> str:
        """The sizes in one line."""
        parts = ", ".join(f"{part} {size / 2**20:.1f} MiB" for part, size in self.bytes.items())
        return f"{parts}; {self.free_bytes / 2**30:.1f} GiB free"

    @property
    def pruned_in_words(self) -> str:
        """When what was last pruned."""
        if self.pruned.looked_at is None:
            return "never, on this machine"
        last = [f"{found.amount.count} {kind} on {iso(found.at)}" for kind, found in self.pruned.kinds.items()]
        return f"{', '.join(last) or 'nothing yet'}; looked at {iso(self.pruned.looked_at)}"

    @property
    def warning(self) -> str | None:
        """What to do about a disk that is short; None where there is room."""
        if self.free_bytes >= ENOUGH_DISK_BYTES:
            return None
        return (
            f"Only {self.free_bytes / 2**30:.1f} GiB are free: make room, lower the settings in [retention] and run "
            "`attune prune`, or move ATTUNE_HOME."
        )


def measure(database: Database, home: Path) -> Sizes:
    """Measures the parts; of a ledger in PostgreSQL its server is asked."""
    found = {"ledger": _ledger_bytes(database)}
    found |= {name: size for name in FOLDERS if (size := bytes_below(home / name))}
    return Sizes(found, free_bytes(home), record.read(home))


def free_bytes(home: Path) -> int:
    """Returns how much is left on the disk of the home, which need not be there yet."""
    return shutil.disk_usage(next(path for path in (home, *home.parents) if path.exists())).free


def bytes_below(folder: Path) -> int:
    """Returns the bytes of all files below a folder; 0 where there is none."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # it goes while we look
            if not path.is_dir():
                total += path.lstat().st_size
    return total


def _ledger_bytes(database: Database) -> int:
    with database.read() as connection:
        if database.dialect_name == "postgresql":
            return int(connection.execute(text("select pg_database_size(current_database())")).scalar_one())
        file = Path(str(connection.engine.url.database))
    return sum(path.stat().st_size for path in (file, Path(f"{file}-wal")) if path.exists())
