"""Versions in the order of their strength, from what each comparison with a parent found."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.errors import UnusableEvidence
from evals.statistics import bradley_terry


@dataclass(frozen=True, slots=True)
class Duel:
    """How many prompts a candidate won, tied and lost against its parent."""

    candidate: str
    parent: str
    won: int
    tied: int
    lost: int


def strengths(duels: Sequence[Duel]) -> dict[str, float]:
    """Bradley-Terry strengths in natural logarithms with mean 0, the strongest first.

    To each duel a tie is added, so that a version which never lost gets a large strength and not an infinite one.

    Raises:
        UnusableEvidence: There are none, or the versions fall into groups that were never compared with each other.
    """
    if not duels:
        raise UnusableEvidence("No comparison is stored yet: `attune eval compare` makes and `--record` keeps one.")
    wins: dict[tuple[str, str], float] = {}
    for duel in duels:
        half_ties = (duel.tied + 1) / 2
        for pair, count in (((duel.candidate, duel.parent), duel.won), ((duel.parent, duel.candidate), duel.lost)):
            wins[pair] = wins.get(pair, 0.0) + count + half_ties
    try:
        found = bradley_terry(wins)
    except ValueError as error:
        raise UnusableEvidence(f"The versions cannot be put in one order: {error}.") from error
    return dict(sorted(found.items(), key=lambda item: -item[1]))
