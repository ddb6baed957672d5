"""How many items each threshold needs, and how many the shipped sets have.

A model that is as good as its parent should pass: 199 times in 200 for each threshold. A candidate that people prefer
on three prompts of five should show it four times in five. A model that is worse by a whole margin passes one time in
forty whatever the number, because the gate looks at the end of a 95 % interval; so more items do not make the gate
stricter, they spare honest models.
"""

from collections import Counter
from collections.abc import Sequence
from math import ceil, sqrt
from statistics import NormalDist

from pydantic import BaseModel, ConfigDict

from evals.favoured import ALPHA, LOOKS, RISE
from evals.statistics import upper_tail, wilson
from evals.tasks import shipped
from evals.thresholds import Threshold, Thresholds
from ledger.intervals import Z95

_HONEST, _BETTER = 0.995, 0.8
_TRUE_WIN_RATE = 0.6
_WORDS = 5000
# Standard deviations of the difference to the parent of one item, where nothing has changed but the seed. A score that
# is right or wrong has √q, where q is the share of the items that change sides; a score in between has less.
_SIDES_CHANGED = {"safety": 0.08, "over_refusal": 0.15, "translation": 0.18}
_SIDES_CHANGED_ELSE = 0.2
_LENGTH_SPREAD = 1.0  # of an answer's length, in mean lengths
_REPETITION_SPREAD = 0.1


class Need(BaseModel):
    """What one threshold needs.

    Attributes:
        criterion: Its name.
        shows: What so many items show, in a sentence.
        needed: Items.
        shipped: Items that the shipped sets have.
    """

    model_config = ConfigDict(frozen=True)

    criterion: str
    shows: str
    needed: int
    shipped: int


def needs(thresholds: Thresholds) -> list[Need]:
    """What every threshold needs, in their order."""
    have = _shipped()
    return [
        Need(criterion=name, shows=shows, needed=needed, shipped=have[name])
        for name, threshold in thresholds.root.items()
        for needed, shows in [_need(name, threshold)]
    ]


def items_for(spread: float, distance: float, chance: float) -> int:
    """Items from which the end of a 95 % interval clears a bound with a given chance, by the normal approximation.

    n ≥ ((z_0.975 + z_chance) · spread / distance)², as for a test of one mean (Cohen 1988, section 2.4).

    Args:
        spread: Standard deviation of one item.
        distance: Of the true figure from the bound.
        chance: Of clearing it.
    """
    return ceil(((Z95 + NormalDist().inv_cdf(chance)) * spread / distance) ** 2)


def items_without_a_miss(most: float) -> int:
    """Items of which none may be missing for Wilson's upper end to be at most `most`: z² (1 / most - 1)."""
    n = ceil(Z95**2 * (1 / most - 1))
    high = wilson(0, n).high
    assert high is not None and high <= most + 1e-9
    return n


def answers_that_name_a_word(rise: float, alpha: float, words: int) -> int:
    """Answers from which a word that is in a share `rise` of the candidate's and in none of the parent's is named.

    Args:
        rise: The share.
        alpha: Largest p-value, corrected for the number of words.
        words: Different words in all answers.
    """
    times = next(k for k in range(1, 1000) if upper_tail(k, k) * LOOKS * words < alpha)
    return ceil(times / rise)


def as_markdown(found: Sequence[Need]) -> str:
    """A table for people."""
    lines = ["| criterion | shown | items needed | shipped |", "| --- | --- | --- | --- |"]
    lines += [f"| `{need.criterion}` | {need.shows} | {need.needed} | {need.shipped} |" for need in found]
    return "\n".join(lines)


def _need(name: str, threshold: Threshold) -> tuple[int, str]:
    if name == "win_rate" and threshold.low_above is not None:
        shows = f"a true rate of {_TRUE_WIN_RATE:g} passes four times in five, without ties"
        return items_for(0.5, _TRUE_WIN_RATE - threshold.low_above, _BETTER), shows
    if name in ("unanswered", "unparseable") and threshold.high_most is not None:
        return items_without_a_miss(threshold.high_most), "passes if none is missing"
    if name == "kl" and threshold.high_most is not None:
        shows = "half the budget passes 199 times in 200, with answers that spread by all of it"
        return items_for(threshold.high_most, threshold.high_most / 2, _HONEST), shows
    if name == "favoured_words":
        shows = f"a new word in {RISE:.0%} of the answers is named, among {_WORDS:,} words"
        return answers_that_name_a_word(RISE, ALPHA, _WORDS), shows
    if name == "integrity":
        return 1, "every file is read in full"
    return _unchanged(name, threshold)


def _unchanged(name: str, threshold: Threshold) -> tuple[int, str]:
    """For a figure of which the parent itself has 0, or 1 for the ratio of lengths."""
    centre, spread, what = 0.0, _REPETITION_SPREAD, f"repetition that spreads by {_REPETITION_SPREAD:g}"
    if name == "length":
        centre, spread, what = 1.0, _LENGTH_SPREAD, "lengths that spread by as much as their mean"
    elif name != "repetition":
        changed = _SIDES_CHANGED.get(name, _SIDES_CHANGED_ELSE)
        spread, what = sqrt(changed), f"{changed:.0%} of the items changing sides"
    distances = [
        abs(bound - centre)
        for bound in (threshold.low_least, threshold.low_above, threshold.high_most)
        if bound is not None
    ]
    return items_for(spread, min(distances), _HONEST), f"no change passes 199 times in 200, with {what}"


def _shipped() -> Counter[str]:
    """Items by criterion; a family that no shipped task measures has none."""
    tasks = [shipped.load(name) for name in shipped.names()]
    have = Counter[str]()
    for task in tasks:
        have[task.family] += len(task.items)
    answers = sum(have.values()) + len(shipped.open_prompts())
    largest_family = max(have.values())  # a favoured word must be one without any one family
    have.update(dict.fromkeys(("win_rate", "length", "repetition", "kl", "unparseable"), len(shipped.open_prompts())))
    have.update({"favoured_words": answers - largest_family, "unanswered": 2 * answers, "integrity": 1})
    return have
