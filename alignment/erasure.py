"""Erased feedback leaves the snapshots' files too: they hold what people wrote."""

import shutil
from pathlib import Path

from alignment import manifest
from alignment.errors import DamagedArtefact
from alignment.snapshot.stage import content_sha256
from ledger import snapshots
from ledger.database import Database


def forget_erased(database: Database, home: Path) -> None:
    """Removes the snapshots below `home` that hold feedback which was erased since, and those that were never finished.

    The report of the gate goes with them: it shows what the snapshot held out.

    A snapshot that was never finished is in no table, so nobody could know what it holds; a run makes it again. To be
    called only by the process that holds the lock for alignment runs.
    """
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
