"""Feedback from a file: rows that can be learned from, those that cannot, by their reason and their lines.

A file with a line that is in no known format is refused as a whole, before anything else of the run begins: somebody
meant it to count. What is understood and cannot be learned from is dropped and counted, as feedback of the ledger is.
"""

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from alignment.errors import UnusableFeedback, UnusableFile
from alignment.preferences import Thumb
from alignment.snapshot.candidates import Collected
from alignment.snapshot.config import SnapshotConfig
from alignment.snapshot.file_row import Unlearnable, parse
from ledger.errors import Misconfigured
from ledger.importing.files import Given, read

_SHOWN = 5
"""So many lines are named; the rest are counted."""


def from_file(path: Path, config: SnapshotConfig | None = None) -> Collected:
    """Read a file.

    Args:
        path: JSON Lines, or an export of another program.
        config: Of the snapshot.

    Raises:
        UnusableFile: It cannot be read.
        UnusableFeedback: Lines are in no format; the message names and counts them.
    """
    config = config or SnapshotConfig()
    found, wrong = Collected(), dict[str, str]()
    ids: set[tuple[type, str]] = set()
    try:
        for given in read(path):
            if given.ignored:
                found.drop(given.ignored, given.place)
            elif given.fault:
                wrong[given.place] = given.fault
            else:
                _take(given, config, found, wrong, ids)
    except Misconfigured as error:
        raise UnusableFile(str(error)) from error
    if wrong:
        raise UnusableFeedback(_refusal(path, wrong))
    return found


def say_dropped(path: Path, collected: Collected, say: Callable[[str], None]) -> None:
    """Say on which lines the rows stand that were dropped as they were read."""
    for reason, places in collected.places.items():
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        say(f"{path}: {len(places)} dropped as {reason}: {', '.join(places[:_SHOWN])}{more}")


def _take(
    given: Given, config: SnapshotConfig, found: Collected, wrong: dict[str, str], ids: set[tuple[type, str]]
) -> None:
    """Adds a row to what was found, or its place to what is wrong."""
    try:
        candidate = parse(given.value, given.place.replace(" ", ""), config)
        key = type(candidate.row), candidate.row.id
        if key in ids:
            raise ValueError(f"the id {candidate.row.id!r} came before")
    except Unlearnable as dropped:
        found.read[dropped.kind] += 1
        found.drop(dropped.reason, given.place)
    except (ValueError, TypeError) as error:
        wrong[given.place] = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
    else:
        ids.add(key)
        found.read["thumbs" if isinstance(candidate.row, Thumb) else "comparisons"] += 1
        found.candidates.append(candidate)


def _refusal(path: Path, wrong: dict[str, str]) -> str:
    named = "; ".join(f"{place}: {said}" for place, said in list(wrong.items())[:_SHOWN])
    more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    lines = "1 row is" if len(wrong) == 1 else f"{len(wrong)} rows are"
    return (
        f"{path}: {lines} in no format that is read here: {named}{more}. Each must be a JSON object in TRL's "
        "preference format (prompt, chosen, rejected) or unpaired format (prompt, completion, label), or the file an "
        "export of Open WebUI or Langfuse. Mend or delete them, and start again."
    )
