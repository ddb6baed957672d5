"""Erased feedback leaves the files of runs too: they hold what people wrote."""

import shutil
from pathlib import Path

from alignment import manifest
from alignment.errors import DamagedArtefact
from alignment.snapshot.stage import content_sha256
from ledger import erased_files, snapshots
from ledger.database import Database


def forget_erased(database: Database, home: Path) -> None:
    """Removes what the runs below `home` hold of feedback that was erased, and the snapshots that were never finished.

    A snapshot that was never finished is in no table, so nobody could know what it holds; a run makes it again. To be
    called only by the process that holds the lock for alignment runs.
    """
    erased_files.remove(database, home)
    with database.read() as connection:
        erased = {snapshot.content_sha256 for snapshot in snapshots.erased(connection)}
    for folder in sorted(home.glob("runs/*/snapshot")):
        try:
            gone = content_sha256(manifest.read(folder)) in erased
        except DamagedArtefact:
            gone = True
        if gone:
            shutil.rmtree(folder)
            shutil.rmtree(folder.with_name("gate"), ignore_errors=True)  # the report shows prompts of the snapshot
