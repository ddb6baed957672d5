"""Automatic backups of a SQLite ledger: a copy beside it, made before a newer Attune changes its tables.

They lie in the folder `backups` beside the ledger, which only its owner can read:

    backups/ledger-before-0006-20261130T173600Z.db      ledger.db as it was before migration 0006

A copy is whole or not there: it is written under another name, synced and renamed. What is erased from the ledger would
live on in its copies, so an erasure deletes them all.
"""

import logging
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from ledger.clock import FILE_NAME_FORMAT, for_file_name, utc_now
from ledger.dialects import Dialect, Sqlite
from ledger.errors import Unavailable

KEPT = 3

# The copy, and as much again for what the migration writes until SQLite has checkpointed it.
_ROOM = 2
_SPARE_BYTES = 16 * 2**20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackupFolder:
    """The automatic backups of the ledger `ledger`, whose name their names begin with."""

    ledger: Path

    @property
    def path(self) -> Path:
        """Where they lie; the folder may be missing."""
        return self.ledger.parent / "backups"

    def name(self, newest: str, taken_at: datetime) -> Path:
        """A backup from before the migration `newest`; `taken_at` is aware."""
        return self.path / f"{self._prefix}{newest}-{for_file_name(taken_at)}.db"

    def finished(self) -> list[tuple[datetime, Path]]:
        """Lists when each backup was made, as its name says, and its path; the oldest first."""
        found = []
        for path in self.files():
            try:
                at = datetime.strptime(path.name.rpartition("-")[2], f"{FILE_NAME_FORMAT}.db").replace(tzinfo=UTC)
            except ValueError:
                continue
            found.append((at, path))
        return sorted(found)

    def files(self) -> list[Path]:
        """Lists the backups and what a process has left that was killed while it made one."""
        if not self.path.is_dir():
            return []
        return [path for path in self.path.iterdir() if path.name.startswith(self._prefix)]

    @property
    def _prefix(self) -> str:
        return f"{self.ledger.stem}-before-"


def back_up(dialect: Dialect, current: str, newest: str, *, now: datetime | None = None) -> None:
    """Copies a ledger before it is migrated. The caller holds the write lock, so that nothing is written meanwhile.

    For PostgreSQL it only logs that the operator's own backup is the only one.

    Args:
        dialect: Of the ledger.
        current: The migration that the ledger is at.
        newest: The migration that it is brought to.
        now: Aware; for the name.

    Raises:
        Unavailable: There is too little space, or the copy cannot be written. The ledger must not be migrated then.
    """
    if not isinstance(dialect, Sqlite):
        logger.warning(
            "The ledger goes from migration %s to %s. It is in PostgreSQL, whose backups are its operator's.",
            current,
            newest,
        )
        return
    folder = BackupFolder(dialect.path)
    target = folder.name(newest, now or utc_now())
    unfinished = Path(f"{target}.partial")
    try:
        folder.path.mkdir(mode=0o700, exist_ok=True)
        _make_room(folder)
        dialect.copy_to(unfinished)
        unfinished.replace(target)
        _sync(folder.path)
    except (OSError, Unavailable) as error:
        with suppress(OSError):
            unfinished.unlink()
        raise Unavailable(
            f"The ledger {dialect.path} is at migration {current} and needs {newest}, and the backup that comes first "
            f"cannot be made: {error} Nothing was changed."
        ) from error
    logger.warning("The ledger goes from migration %s to %s; a copy from before is %s.", current, newest, target)


def older_than(connection: Connection, moment: datetime) -> list[Path]:
    """Returns the automatic backups of a ledger that were made before then; none of one in PostgreSQL."""
    database = connection.engine.url.database
    if connection.dialect.name != "sqlite" or database is None:
        return []
    return [path for taken_at, path in BackupFolder(Path(database)).finished() if taken_at < moment]


def delete_all(connection: Connection) -> None:
    """Deletes every automatic backup of the ledger that a transaction works on, because something is erased from it.

    It is called inside the transaction that erases. Backups are made under the same lock, so none can slip through.

    Raises:
        Unavailable: One cannot be deleted; the transaction must not be committed then.
    """
    database = connection.engine.url.database
    if connection.dialect.name != "sqlite" or database is None:
        return
    try:
        for path in BackupFolder(Path(database)).files():
            path.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(
            f"Nothing was erased: the backup {error.filename} holds it too and cannot be deleted: {error.strerror}. "
            "Correct the folder's owner and rights, and erase again."
        ) from error


def _make_room(folder: BackupFolder) -> None:
    """Deletes unfinished backups, and of the others all but the newest; they may hold the space that is needed.

    Raises:
        Unavailable: There is too little space all the same.
    """
    kept = {path for _, path in folder.finished()[-(KEPT - 1) :]}
    for path in folder.files():
        if path not in kept:
            path.unlink(missing_ok=True)
    log = Path(f"{folder.ledger}-wal")
    size = folder.ledger.stat().st_size + (log.stat().st_size if log.exists() else 0)
    needed, free = _ROOM * size + _SPARE_BYTES, shutil.disk_usage(folder.path).free
    if free < needed:
        raise Unavailable(
            f"{needed / 2**20:.0f} MiB are needed in {folder.path}, and {free / 2**20:.0f} MiB are free. Make space "
            "and start again."
        )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
