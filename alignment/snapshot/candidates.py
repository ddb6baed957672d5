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
        places: Of a file, where those stood that were dropped as they were read: `line 3`, `item 3`.
    """

    candidates: list[Candidate] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, reason: str, place: str | None = None) -> None:
        """Count a row that is left behind."""
        self.dropped[reason] += 1
        if place is not None:
            self.places.setdefault(reason, []).append(place)
