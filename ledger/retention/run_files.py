"""Runs that ended long ago lose their large files: weights, checkpoints, event files, and the rows that they learned.

What tells how a run went stays: configuration, reports, figures, curves, the gate's report, and a note of what was
removed. So do the prompts of its snapshot, by which an erasing finds reports that show them, and all of `versions/`.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from ledger import runs
from ledger.errors import LedgerError
from ledger.retention.amount import Amount
from ledger.retention.rules import RetentionRules, days_before

NOTE = "pruned.json"
_KEPT = (
    *(NOTE, "config.json", "*.inputs.json", "traceback.txt", "gate/**/*"),
    *("*/report.json", "*/report.md", "*/metrics.jsonl", "*/*.png"),
    *("snapshot/manifest.json", "snapshot/prompts.*.jsonl"),
)
_EVER = 1_000_000


class Pruned(LedgerError):
    """The files that a run would need to go on were removed by retention."""


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run whose large files go, and which they are."""

    folder: Path
    files: tuple[Path, ...]

    @property
    def amount(self) -> Amount:
        """The files and their bytes."""
        return Amount(len(self.files), sum(path.lstat().st_size for path in self.files))


def due(connection: Connection, home: Path, rules: RetentionRules, now: datetime) -> list[DueRun]:
    """Returns the runs on this machine that have large files and are old enough.

    To be called only while no run goes on: nobody can tell an interrupted run from one that works.
    """
    oldest, found = days_before(now, rules.runs_days), []
    for place, run in enumerate(runs.latest(connection, _EVER)):
        too_old = oldest is not None and (run.finished_at or run.updated_at) < oldest
        if too_old or (rules.runs_kept and place >= rules.runs_kept):
            folder = home / "runs" / run.id
            if files := _large_files(folder):
                found.append(DueRun(folder, tuple(files)))
    return found


def remove(run: DueRun, reason: str, now: datetime) -> Amount:
    """Removes a run's large files, after a note about it; returns how much that was.

    Raises:
        OSError: A file cannot be removed.
    """
    found = run.amount
    note = {"pruned_at": now.isoformat(), "files": found.count, "bytes": found.bytes, "reason": reason}
    (run.folder / NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    for path in run.files:
        path.unlink(missing_ok=True)
    for below in sorted((path for path in run.folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(below.iterdir()):
            below.rmdir()
    return found


def require_whole(folder: Path) -> None:
    """Checks that a run can go on.

    Raises:
        Pruned: Its files were removed.
    """
    if (folder / NOTE).exists():
        raise Pruned(
            f"The large files of the run {folder.name} were removed, because it ended long ago ({folder / NOTE} says "
            "when). Start a new run."
        )


def _large_files(folder: Path) -> list[Path]:
    if not folder.is_dir() or folder.is_symlink():
        return []
    kept = {path for pattern in _KEPT for path in folder.glob(pattern)}
    return [path for path in folder.rglob("*") if (path.is_symlink() or not path.is_dir()) and path not in kept]
