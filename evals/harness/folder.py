"""Writes what lm-eval reads: a folder with rows, tasks and scorers, complete in itself."""

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from random import Random

from evals.harness.forms.row import Row
from evals.harness.sets import Loaded

_SCORERS = ("row", "words", "options", "labels", "totals", "instructions", "figures")
_COPIED = (
    "evals/harness/driver.py",
    *(f"evals/harness/scoring/{name}.py" for name in _SCORERS),
    "evals/tasks/text.py",
    "ledger/refusals.py",
)
"""Modules that run in lm-eval's environment; without `__init__.py`, so that no other file of ours is asked for."""


def some(rows: Sequence[Row], limit: int | None) -> tuple[Row, ...]:
    """At most `limit` rows, whole groups drawn by chance, always the same; all rows without a limit.

    Rows of one group are compared with each other. The first group is taken even if it is larger than the limit.
    """
    if limit is None:
        return tuple(rows)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    order = list(groups)
    Random(17).shuffle(order)
    taken: list[Row] = []
    for group in order:
        if taken and len(taken) + len(groups[group]) > limit:
            break
        taken += groups[group]
    return tuple(taken)


def limited(chosen: Sequence[Loaded], limit: int | None) -> tuple[Loaded, ...]:
    """The sets with at most `limit` rows each."""
    return tuple(replace(one, rows=some(one.rows, limit)) for one in chosen)


def write(folder: Path, chosen: Sequence[Loaded]) -> None:
    """Writes rows, tasks and scorers into an empty folder."""
    rows, tasks = folder / "rows", folder / "tasks"
    rows.mkdir()
    tasks.mkdir()
    for file in (files("evals.harness") / "tasks").iterdir():
        if file.name.endswith(".yaml"):
            (tasks / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    for one in chosen:
        path = rows / f"{one.name}.jsonl"
        path.write_text("".join(_line(row) for row in one.rows), encoding="utf-8")
        (tasks / f"{one.name}.set.yaml").write_text(_task(one, path), encoding="utf-8")
    for name in _COPIED:
        package, *inner = name.split("/")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files(package).joinpath(*inner).read_text(encoding="utf-8"), encoding="utf-8")


def _task(one: Loaded, rows: Path) -> str:
    return "\n".join(
        (
            f"include: {one.kind}.yaml",
            f"task: {one.name}",
            "dataset_kwargs:",
            "  data_files:",
            f"    test: {json.dumps(str(rows))}",
            "",
        )
    )


def _line(row: Row) -> str:
    chat = json.dumps([message.model_dump() for message in row.chat], ensure_ascii=False)
    key = json.dumps(dict(row.key), ensure_ascii=False)
    return json.dumps({"id": row.id, "group": row.group, "messages": chat, "key": key}, ensure_ascii=False) + "\n"
