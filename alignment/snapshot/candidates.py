"""Rows on their way into a snapshot, and what was left behind."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from alignment.preferences import Comparison, Thumb

VOTE_SEPARATOR = "+"
"""Stands in a row's id between the votes that it was made of."""


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
    """Rows in the order of their votes, and how many were dropped for which reason."""

    candidates: list[Candidate] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
