"""What people preferred, as every stage reads it: comparisons of two answers, and thumbs on one.

The vocabulary is the field's: `chosen` and `rejected` answer the same prompt (Rafailov et al. 2023, DPO,
arXiv:2305.18290), and a thumb is an unpaired label (Ethayarajh et al. 2024, KTO, arXiv:2402.01306).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

Source = Literal["thumb", "regenerated", "preferred_over", "correction", "file", "file_correction"]
"""Where a row comes from: see `docs/alignment.md`."""

FROM_FILE: frozenset[Source] = frozenset({"file", "file_correction"})
CORRECTIONS: frozenset[Source] = frozenset({"correction", "file_correction"})


class InvalidRow(ValueError):
    """A line of a file of preferences that cannot be used; the message names file, line and what to do."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(_Row):
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class Comparison(_Row):
    """Two answers to one prompt, of which a rater prefers the first.

    Attributes:
        id: Of the feedback it was made from, or of the line of a file.
        rater: Who; an opaque id, empty where nobody is known.
    """

    id: str
    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    rater: str
    source: Source


class Thumb(_Row):
    """One answer and whether a rater liked it."""

    id: str
    prompt: tuple[Message, ...]
    completion: str
    liked: bool
    rater: str
    source: Source


R = TypeVar("R", Comparison, Thumb)


def write_rows(path: Path, rows: Iterable[Comparison] | Iterable[Thumb]) -> None:
    """Writes rows as JSON lines, in the order given, so that equal rows give an equal file."""
    path.write_text("".join(row.model_dump_json() + "\n" for row in rows), encoding="utf-8")


def read_rows(path: Path, kind: type[R]) -> Iterator[R]:
    """Yields the rows of a file that `write_rows` wrote.

    Raises:
        InvalidRow: A line is not such a row.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                raise InvalidRow(f"{path}, line {number}, is not a {kind.__name__}: {error}") from error
