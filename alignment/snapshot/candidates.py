"""Rows on their way into a snapshot, and what was left behind."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from alignment.preferences import Comparison, Thumb
from ledger.votes import VOTE_SEPARATOR


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row, and when its vote was given.

    Attributes:
        at: Seconds since 1970; None where it is not known.
    """

    row: Comparison | Thumb
    at: float | None

    @property
    def votes(self) -> Sequence[str]:
        """The feedback that the row was made of."""
        return self.row.id.split(VOTE_SEPARATOR)


@dataclass(slots=True)
class Collected:
    """Rows in the order of their votes, and how many were dropped for which reason.

    Attributes:
        lines: Of a file, where those stood that were dropped as they were read.
    """

    candidates: list[Candidate] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def drop(self, reason: str, line: int | None = None) -> None:
        """Count a row that is left behind."""
        self.dropped[reason] += 1
        if line is not None:
            self.lines.setdefault(reason, []).append(line)
