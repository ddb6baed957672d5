"""Erased feedback leaves the files of alignment runs and evaluation reports too: they hold what people wrote."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger import runs
from ledger.database import Database
from ledger.scratch import remove_abandoned

KEPT = ("config.json", "*/metrics.jsonl", "*/*.png")
"""Of a run: its settings, its figures and their curves. They hold numbers only."""


def remove(database: Database, home: Path) -> list[Path]:
    """Removes what the runs below `home` hold of feedback that was erased since, and reports on the same prompts.

    Of such a run, everything but `KEPT` goes: snapshot, trained weights, checkpoints, reports, traces. No manifest
    stays, so nothing takes the rest for a whole artefact. Where nothing is to be removed, nothing is touched.

    Returns:
        What was removed, sorted.
    """
    remove_abandoned(home)
    with database.read() as connection:
        erased = runs.erased(connection)
    removed: list[Path] = []
    for folder in (home / "runs" / run_id for run_id in sorted(erased)):
        doomed = _files_of_people(folder)
        if not doomed:
            continue
        removed += _remove_reports(home / "evals", _prompts_of(folder / "snapshot"))
        # The prompts last: a removal that is cut short finds the reports again by them.
        for path in sorted(doomed, key=lambda path: path.parent.name == "snapshot"):
            path.unlink(missing_ok=True)
        _remove_empty_folders(folder)
        removed += doomed
    return sorted(removed)


def left(database: Database, home: Path) -> list[Path]:
    """Lists what `remove` would remove of the runs."""
    with database.read() as connection:
        erased = runs.erased(connection)
    return [path for run_id in sorted(erased) for path in _files_of_people(home / "runs" / run_id)]


def _files_of_people(folder: Path) -> list[Path]:
    """The files of a run that are not among `KEPT`, links too."""
    if not folder.is_dir() or folder.is_symlink():
        return []
    kept = {path for pattern in KEPT for path in folder.glob(pattern)}
    return [path for path in folder.rglob("*") if (path.is_symlink() or not path.is_dir()) and path not in kept]


def _remove_empty_folders(folder: Path) -> None:
    for below in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(below.iterdir()):
            below.rmdir()


def _prompts_of(snapshot: Path) -> set[str]:
    return {_key(row["prompt"]) for path in snapshot.glob("prompts.*.jsonl") for row in _rows(path)}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _remove_reports(reports: Path, prompts: set[str]) -> list[Path]:
    """Removes the evaluation reports that show answers to one of the prompts, however they came there."""
    found = []
    for answers in reports.glob("*/answers.json") if prompts else ():
        pairs = json.loads(answers.read_text(encoding="utf-8")).get("pairs", ())
        if any(_key(pair["prompt"]) in prompts for pair in pairs):
            shutil.rmtree(answers.parent)
            found.append(answers.parent)
    return found


def _key(prompt: list[dict[str, str]]) -> str:
    return json.dumps([[message["role"], message["content"]] for message in prompt])
