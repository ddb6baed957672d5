"""`attune backup`: the ledger and what alignment runs made, in one file, while everything runs.

The file is a zip archive of mode 0600:

    backup.json      its format, the home folder that it was made from, and size and SHA-256 of every other file
    ledger.db        the ledger, as it was at one moment
    versions/RUN/    the folder of every version that the ledger knew at that moment
    ui.secret        what signs the browsers' cookies: without it nobody finds their conversations again

Models that were served but not made here are not in it, nor are `runs/`, which the ledger's feedback can make again.
Beside the archive, `tombstones.jsonl` lists what has been erased so far, also after earlier backups in the same folder.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alignment import manifest
from alignment.durable import sync
from alignment.errors import DamagedArtefact
from attune.errors import AttuneError, WrongUsage
from ledger import tombstone_list, versions
from ledger.database import Database
from ledger.records import ModelVersion
from ledger.scratch import remove_abandoned, scratch_folder
from ledger.unusable_paths import is_mistake, reason_of

FORMAT = 1
ABOUT, LEDGER, SECRET, VERSIONS = "backup.json", "ledger.db", "ui.secret", "versions"
_FASTEST = 1  # of zlib's levels


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        kept: The versions whose folders are in it.
        damaged: Why the folder of a version is not in it, for each that should be.
        size_bytes: Of the file.
    """

    kept: tuple[ModelVersion, ...]
    damaged: tuple[str, ...]
    size_bytes: int


def back_up(database: Database, home: Path, file: Path) -> Backup:
    """Writes a backup. Everything that was committed before the call is in it.

    Raises:
        WrongUsage: The file is there already, or may not be written there.
        AttuneError: It cannot be written now.
        LedgerError: The ledger cannot be copied; for PostgreSQL the message says how to do it.
    """
    if file.exists():
        raise WrongUsage(f"{file} is there already, and a backup is not overwritten: name another file.")
    try:
        remove_abandoned(file.parent)
        with scratch_folder(file.parent, "backup") as scratch:
            copy, archive = scratch / LEDGER, scratch / "archive"
            database.copy_to(copy)
            # After the copy: a version's folder is whole before the ledger knows the version.
            kept, damaged = _versions(copy, home)
            archive.touch(mode=0o600)
            _write(archive, copy, home, kept)
            sync(archive)
            archive.replace(file)
        sync(file.parent)
        tombstone_list.bring_up_to_date(file.parent / tombstone_list.NAME, database)
    except OSError as error:
        kind = WrongUsage if is_mistake(error) else AttuneError
        raise kind(f"The backup {file} cannot be written: {reason_of(error)}.") from error
    return Backup(tuple(kept), tuple(damaged), file.stat().st_size)


@contextmanager
def opened(ledger: Path) -> Iterator[Database]:
    """Opens the copy of a ledger, brought up to date, while the block runs."""
    database = Database.open(f"sqlite:///{ledger}", back_up=False)
    try:
        yield database
    finally:
        database.close()


def check_version(version: ModelVersion) -> None:
    """Compares a version's folder with what was registered.

    Raises:
        DamagedArtefact: A file is missing or differs.
    """
    if manifest.verify(Path(version.path)).sha256 != version.sha256:
        raise DamagedArtefact(f"{version.path} is not what {version.name} was registered with.")


def _versions(ledger: Path, home: Path) -> tuple[list[ModelVersion], list[str]]:
    """The versions below `home` that are whole, and what is wrong with the others."""
    kept, damaged = [], []
    with opened(ledger) as copy, copy.read() as connection:
        made = [version for version in versions.list_all(connection) if version.form != "base"]
    for version in made:
        if not Path(version.path).is_relative_to(home / VERSIONS):
            damaged.append(f"{version.name}: {version.path} is not below {home / VERSIONS}")
            continue
        try:
            check_version(version)
            kept.append(version)
        except DamagedArtefact as error:
            damaged.append(f"{version.name}: {error}")
    return kept, damaged


def _write(archive: Path, ledger: Path, home: Path, kept: list[ModelVersion]) -> None:
    """Writes the archive. Weights do not get smaller by packing."""
    packed = {LEDGER: ledger} | ({SECRET: home / SECRET} if (home / SECRET).is_file() else {})
    stored = {
        path.relative_to(home).as_posix(): path
        for version in kept
        for path in sorted(Path(version.path).rglob("*"))
        if path.is_file()
    }
    files = {
        name: {"bytes": path.stat().st_size, "sha256": manifest.file_sha256(path)}
        for name, path in (packed | stored).items()
    }
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=_FASTEST) as to:
        to.writestr(ABOUT, json.dumps({"format": FORMAT, "home": str(home), "files": files}))
        for name, path in packed.items():
            to.write(path, name)
        for name, path in stored.items():
            to.write(path, name, compress_type=zipfile.ZIP_STORED)
