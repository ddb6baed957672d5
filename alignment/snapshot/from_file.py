"""Feedback from a JSONL file: rows that can be learned from, those that cannot, by their reason and their lines.

A file with a line that is in no known format is refused as a whole, before anything else of the run begins: somebody
meant it to count. What is understood and cannot be learned from is dropped and counted, as feedback of the ledger is.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import ValidationError

from alignment.errors import UnusableFeedback
from alignment.preferences import Thumb
from alignment.snapshot.candidates import Collected
from alignment.snapshot.config import SnapshotConfig
from alignment.snapshot.file_row import Unlearnable, parse

_SHOWN = 5
"""So many lines are named; the rest are counted."""


def from_file(path: Path, config: SnapshotConfig | None = None) -> Collected:
    """Read a file.

    Raises:
        UnusableFeedback: The file cannot be read, or lines are in no format; the message names and counts them.
    """
    config = config or SnapshotConfig()
    found, wrong = Collected(), dict[int, str]()
    ids: set[tuple[type, str]] = set()
    for number, line in _lines(path):
        try:
            candidate = parse(json.loads(line.decode()), f"line{number}", config)
            key = type(candidate.row), candidate.row.id
            if key in ids:
                raise ValueError(f"the id {candidate.row.id!r} came before")
        except Unlearnable as dropped:
            found.read[dropped.kind] += 1
            found.drop(dropped.reason, number)
        except (ValueError, TypeError, RecursionError) as error:
            wrong[number] = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        else:
            ids.add(key)
            found.read["thumbs" if isinstance(candidate.row, Thumb) else "comparisons"] += 1
            found.candidates.append(candidate)
    if wrong:
        raise UnusableFeedback(_refusal(path, wrong))
    return found


def say_dropped(path: Path, collected: Collected, say: Callable[[str], None]) -> None:
    """Say on which lines the rows stand that were dropped as they were read."""
    for reason, lines in collected.lines.items():
        named = ", ".join(map(str, lines[:_SHOWN]))
        more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
        say(f"{path}: {len(lines)} dropped as {reason}: line {named}{more}")


def _refusal(path: Path, wrong: dict[int, str]) -> str:
    named = "; ".join(f"line {number}: {said}" for number, said in list(wrong.items())[:_SHOWN])
    more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    lines = "1 line is" if len(wrong) == 1 else f"{len(wrong)} lines are"
    return (
        f"{path}: {lines} in no format that is read here: {named}{more}. Each line must be a JSON object in TRL's "
        "preference format (prompt, chosen, rejected) or unpaired format (prompt, completion, label). Mend or delete "
        "them, and start again."
    )


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield lines that are not empty, as bytes: a line that is no UTF-8 is named by its number, too."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if text.strip():
                    yield number, text
    except OSError as error:
        raise UnusableFeedback(f"{path} cannot be read: {error}. Give a JSONL file in UTF-8.") from error
