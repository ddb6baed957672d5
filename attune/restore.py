"""`attune restore`: what `attune backup` has written becomes a home folder, on this machine or another."""

import json
import shutil
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from alignment import manifest
from alignment.durable import sync
from alignment.errors import DamagedArtefact
from attune.backup import ABOUT, FORMAT, LEDGER, SECRET, VERSIONS, check_version, opened
from attune.errors import AttuneError
from attune.first_start import prepare_home, write_secret
from ledger import versions
from ledger.records import ModelVersion


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        made: The versions whose folders were in the backup.
        absent: The models that were served and are not on this machine.
    """

    made: tuple[ModelVersion, ...]
    absent: tuple[ModelVersion, ...]


def restore(file: Path, home: Path, ledger: Path) -> Restored:
    """Restores a backup into a home folder that has no ledger yet.

    The ledger comes last: without it nothing has happened.

    Args:
        file: What `attune backup` wrote.
        home: ATTUNE_HOME.
        ledger: Where the SQLite file is to lie.

    Raises:
        AttuneError: A ledger is there already, or the file is no whole backup, or cannot be written here.
        LedgerError: The ledger in it is damaged, or of a newer Attune.
    """
    for present in (ledger, Path(f"{ledger}-wal"), Path(f"{ledger}-shm")):
        if present.exists():
            raise AttuneError(
                f"{present} is there already, and a restore overwrites nothing. Stop Attune and move the ledger away "
                "(all of ledger.db*), or restore into another ATTUNE_HOME."
            )
    try:
        prepare_home(home)
        ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".attune-restore-", dir=ledger.parent) as scratch:
            return _restore(file, Path(scratch), home, ledger)
    except (OSError, zipfile.BadZipFile, zlib.error, KeyError, ValueError) as error:
        raise AttuneError(
            f"{file} cannot be restored into {home}: {error}. Nothing was changed in a ledger."
        ) from error


def _restore(file: Path, scratch: Path, home: Path, ledger: Path) -> Restored:
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read(ABOUT))
        if about["format"] != FORMAT:
            raise AttuneError(
                f"{file} has the format {about['format']}; this Attune knows {FORMAT}. Restore with a newer one."
            )
        archive.extractall(scratch)  # compares every checksum, and keeps names within the folder
    _place_versions(scratch / VERSIONS, home / VERSIONS)
    with opened(scratch / LEDGER) as database:
        database.verify()
        with database.write() as connection:
            versions.relocate(connection, Path(about["home"]), home)
            known = versions.list_all(connection)
    made = [version for version in known if version.form != "base" and Path(version.path).is_dir()]
    for version in made:
        check_version(version)
    if (scratch / SECRET).is_file():
        write_secret(home / SECRET, (scratch / SECRET).read_text().strip())
    (scratch / LEDGER).chmod(0o600)
    (scratch / LEDGER).replace(ledger)
    sync(ledger.parent)
    # An upstream's model lies at an address, which may answer here too.
    absent = [version for version in known if version.path.startswith("/") and not Path(version.path).is_dir()]
    return Restored(tuple(made), tuple(absent))


def _place_versions(found: Path, place: Path) -> None:
    """Moves the versions' folders to where they belong. One that is there already must be the same.

    Raises:
        AttuneError: A folder of the same name holds something else.
    """
    for folder in sorted(found.iterdir()) if found.is_dir() else ():
        wanted = manifest.verify(folder)
        there = place / folder.name
        if there.exists():
            try:
                same = manifest.verify(there) == wanted
            except DamagedArtefact:
                same = False
            if not same:
                raise AttuneError(f"{there} is there already and holds something else: move it away first.")
            continue
        place.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, there)
        sync(place)
