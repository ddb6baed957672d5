"""`attune restore`: what `attune backup` has written becomes a home folder, on this machine or another.

What was erased after the backup is erased again, by the lists of tombstones that are kept outside the archive.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from alignment import manifest
from alignment.durable import sync
from alignment.errors import DamagedArtefact
from attune.archive import Archive, opened_archive
from attune.backup import LEDGER, SECRET, VERSIONS, check_version, opened
from attune.errors import AttuneError, WrongUsage
from attune.first_start import write_secret
from ledger import engines, erase, runs, tombstone_list, vacuums, versions
from ledger.clock import iso
from ledger.errors import LedgerError, Unavailable
from ledger.home_rights import make_home
from ledger.records import ModelVersion, Tombstone
from ledger.scratch import scratch_folder
from ledger.unusable_paths import describe, is_mistake

_MANY = 1_000_000  # runs: all of them
_NOT_IN_BACKUP = "It was not finished when the backup was made, which holds nothing of its files."


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a backup goes.

    Attributes:
        home: ATTUNE_HOME.
        ledger: The SQLite file that it is to have.
        tombstones: The home's own list of tombstones.
    """

    home: Path
    ledger: Path
    tombstones: Path


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        made: The versions whose folders were in the backup.
        absent: The models that were served and are not on this machine.
        erased_again: How many users, conversations and completions were erased again.
        unknown_runs: Folders of runs that lie in the home and that the backup does not know.
    """

    made: tuple[ModelVersion, ...]
    absent: tuple[ModelVersion, ...]
    erased_again: int
    unknown_runs: tuple[Path, ...]


def restore(file: Path, to: Destination, erased: set[Tombstone]) -> Restored:
    """Restores a backup into a home folder that has no ledger yet.

    The ledger comes last: without it nothing has happened. A restore that fails takes away what it has put there.

    Args:
        file: What `attune backup` wrote.
        to: Where it goes.
        erased: What was erased since, or before: it is erased again.

    Raises:
        WrongUsage: A ledger is there already, or the file is no whole backup, or may not be written here.
        AttuneError: It cannot be written here now, or the ledger in it is damaged or of a newer Attune.
    """
    for present in (to.ledger, Path(f"{to.ledger}-wal"), Path(f"{to.ledger}-shm")):
        if present.exists():
            raise WrongUsage(
                f"{present} is there already, and a restore overwrites nothing. Stop Attune and move the ledger away "
                "(all of ledger.db*), or restore into another ATTUNE_HOME."
            )
    with opened_archive(file) as archive, _undone_on_failure() as undo:
        try:
            _make_folders(to, undo)
            with scratch_folder(to.home, "restore") as scratch:
                archive.unpack(scratch)
                return _place(archive, scratch, to, erased, undo)
        except DamagedArtefact as error:
            raise WrongUsage(f"{file} cannot be restored into {to.home}: {error} Nothing was changed.") from error
        except LedgerError as error:
            raise AttuneError(f"{file} cannot be restored into {to.home}: {error} Nothing was changed.") from error
        except OSError as error:
            kind = WrongUsage if is_mistake(error) else AttuneError
            said = f"{file} cannot be restored into {to.home}: {describe(error)} Nothing was changed."
            raise kind(said) from error


@dataclass(frozen=True, slots=True)
class ErasedSince:
    """What the lists of tombstones name.

    Attributes:
        described: The lists, and when each was written last.
    """

    erased: set[Tombstone]
    described: str


def erased_since(backup: Path, own: Path, given: Path | None) -> ErasedSince:
    """Reads the list that was given, or else the home's own and the one beside the backup.

    Raises:
        WrongUsage: There is none.
        UnreadableList: One cannot be read.
    """
    places = [own, backup.parent / tombstone_list.NAME] if given is None else [given]
    lists = [place for place in dict.fromkeys(places) if place.is_file()]
    if not lists:
        raise WrongUsage(
            f"There is no list of tombstones in {' or '.join(map(str, places))}, so people who were erased after the "
            "backup would be back. Copy the old home's tombstones.jsonl there or name it with --tombstones; with "
            "--no-tombstones the backup is restored as it is."
        )
    erased = {tombstone for path in lists for tombstone in tombstone_list.read(path)}
    written = [f"{path} of {iso(datetime.fromtimestamp(path.stat().st_mtime, UTC))}" for path in lists]
    return ErasedSince(erased, " and ".join(written))


@contextmanager
def _undone_on_failure() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Gives a function that takes what undoes a step; on an error all of them are called, the last step's first."""
    with ExitStack() as steps:

        def undo(step: Callable[[], object]) -> None:
            def quietly() -> None:
                with suppress(OSError):
                    step()

            steps.callback(quietly)

        yield undo
        steps.pop_all()


def _make_folders(to: Destination, undo: Callable[[Callable[[], object]], None]) -> None:
    wanted = {folder for place in (to.home / "logs", to.ledger.parent) for folder in (place, *place.parents)}
    for folder in sorted(wanted, key=lambda folder: len(folder.parts)):  # the inner ones are undone first
        if not folder.exists():
            undo(folder.rmdir)
    make_home(to.home)
    to.ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _place(
    archive: Archive,
    scratch: Path,
    to: Destination,
    erased: set[Tombstone],
    undo: Callable[[Callable[[], object]], None],
) -> Restored:
    """Puts everything where it belongs."""
    _require_same_secret(scratch / SECRET, to.home / SECRET)
    _place_versions(scratch / VERSIONS, to.home / VERSIONS, undo)
    with opened(scratch / LEDGER) as database:
        database.verify()
        with database.write() as connection:
            versions.relocate(connection, Path(archive.about.home), to.home)
            erased_again = erase.replay(connection, erased)
            engines.remove_all(connection)  # as the backup has them, they ran then and there
            runs.end_unfinished(connection, _NOT_IN_BACKUP)
            known = versions.list_all(connection)
            known_runs = {run.id for run in runs.latest(connection, _MANY)}
        with suppress(Unavailable):  # memory is short: the request stays, and the gateway fulfils it
            vacuums.fulfil(database)
    made = [version for version in known if version.form != "base" and Path(version.path).is_dir()]
    for version in made:
        check_version(version)
    if (scratch / SECRET).is_file() and not (to.home / SECRET).exists():
        undo((to.home / SECRET).unlink)
        write_secret(to.home / SECRET, (scratch / SECRET).read_text(encoding="ascii").strip())
    _move_ledger(scratch / LEDGER, to.ledger)
    tombstone_list.add(to.tombstones, erased - tombstone_list.read(to.tombstones))
    # An upstream's model lies at an address, which may answer here too.
    absent = [version for version in known if version.path.startswith("/") and not Path(version.path).is_dir()]
    unknown = sorted(folder for folder in to.home.glob("runs/*") if folder.name not in known_runs)
    return Restored(tuple(made), tuple(absent), erased_again, tuple(unknown))


def _require_same_secret(found: Path, present: Path) -> None:
    """Raises WrongUsage where the home has a secret that is not the backup's."""
    if found.is_file() and present.exists() and found.read_text().strip() != present.read_text().strip():
        raise WrongUsage(
            f"{present} is there already and is not the backup's, and a restore overwrites nothing. Move it away first."
        )


def _move_ledger(found: Path, ledger: Path) -> None:
    """Puts the ledger in its place in one step, also where that is on another file system."""
    new = ledger.with_name(f".{ledger.name}.{os.getpid()}")
    try:
        shutil.move(found, new)
        new.chmod(0o600)
        sync(new)
        new.replace(ledger)
    finally:
        new.unlink(missing_ok=True)
    sync(ledger.parent)


def _place_versions(found: Path, place: Path, undo: Callable[[Callable[[], object]], None]) -> None:
    """Moves the versions' folders to where they belong. One that is there already must be the same.

    Raises:
        WrongUsage: A folder of the same name holds something else.
    """
    folders = sorted(found.iterdir()) if found.is_dir() else []
    if folders and not place.exists():
        undo(place.rmdir)
        place.mkdir(mode=0o700, parents=True)
    for folder in folders:
        wanted, there = manifest.verify(folder), place / folder.name
        if there.exists():
            if not _is_same(there, wanted):
                raise WrongUsage(f"{there} is there already and holds something else: move it away first.")
            continue
        folder.rename(there)
        undo(partial(shutil.rmtree, there))
    if folders:
        sync(place)


def _is_same(folder: Path, wanted: manifest.Manifest) -> bool:
    try:
        return manifest.verify(folder) == wanted
    except DamagedArtefact:
        return False
