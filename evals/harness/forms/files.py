"""Records out of published files: JSON lines, CSV, plain lines; each may be packed with gzip."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from evals.errors import MissingSet, UnusableTask
from evals.harness.forms.row import Record
from evals.lines import lines_of
from ledger.unusable_paths import reason_of

Records = Callable[[Path], Iterator[Record]]
"""From the folder with all sets to the records of one."""


def json_lines(*patterns: str) -> Records:
    """Reads the files of the first pattern that has any; a record for each line."""

    def read(folder: Path) -> Iterator[Record]:
        for path in found(folder, *patterns):
            for number, line in enumerate(lines_of(text(path)), start=1):
                file, where = str(path.relative_to(folder)), f"line {number}"
                try:
                    fields = json.loads(line)
                except ValueError as error:
                    raise UnusableTask(f"{file}, {where}: this is no JSON: {error}.") from error
                if not isinstance(fields, dict):
                    raise UnusableTask(f"{file}, {where}: a JSON object is wanted, and this is {line[:60]!r}.")
                yield Record(fields, file, where)

    return read


def csv_rows(*patterns: str) -> Records:
    """The same for CSV with a line of headings."""

    def read(folder: Path) -> Iterator[Record]:
        for path in found(folder, *patterns):
            rows = csv.DictReader(io.StringIO(text(path)))
            for number, fields in enumerate(rows, start=1):
                yield Record(fields, str(path.relative_to(folder)), f"row {number}")

    return read


def found(folder: Path, *patterns: str) -> list[Path]:
    """The files of the first pattern that has any, packed or not, by name.

    Raises:
        MissingSet: There are none.
    """
    for pattern in patterns:
        if paths := sorted({*folder.glob(pattern), *folder.glob(f"{pattern}.gz")}):
            return paths
    looked_for = " or ".join(patterns)
    raise MissingSet(f"{folder} has no {looked_for} (.gz too): put the set there as it is published.")


def text(path: Path) -> str:
    """A file's text, unpacked.

    Raises:
        UnusableTask: It cannot be read.
    """
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UnusableTask(f"{path} cannot be read: {reason_of(error)}.") from error
