"""Promote, roll back, go on, or give up: one decision from frozen evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from server.canary.blocks import Blocks, cut
from server.canary.e_process import BETTER, WORSE, confidence_sequence, log_e_process
from server.canary.rules import CanaryRules

Outcome = Literal["promote", "roll_back", "continue", "undecided"]

THUMBS = "thumbs_up"


class Observation(NamedTuple):
    """One person's first vote, or one user's first answer: which arm it was, and whether the event happened."""

    canary: bool
    event: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a canary at one moment.

    Attributes:
        thumbs: In the order of time, of each person who rated since the canary began, the first thumb as it was first
            given; the event is a thumb up. Later votes of a person do not stand here: they depend on the first, and a
            vote that changes under the test would void it.
        largest_share: The largest share (0 to 1) of all thumbs on either version, repeated ones too, that one person
            gave.
        age_s: How long the canary has had traffic.
        guards: For each guard, of each user who was answered, the first answer; the event is what should be rare.
    """

    thumbs: Sequence[Observation]
    largest_share: float
    age_s: float
    guards: Mapping[str, Sequence[Observation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often an event happened among n."""

    k: int
    n: int


@dataclass(frozen=True, slots=True)
class HypothesisTest:
    """Where one of the tests stands.

    Attributes:
        name: Of the event: `thumbs_up`, or a guard's.
        rejects: The hypothesis about the difference canary - live that it tries to reject.
        log_e: The most evidence so far, as a natural logarithm.
        limit: The evidence that rejects.
        canary: The event with the canary; outcomes of an unfinished block count here, not in the evidence.
        live: The event with the live version.
    """

    name: str
    rejects: str
    log_e: float
    limit: float
    canary: Rate
    live: Rate

    @property
    def rejected(self) -> bool:
        """Whether the hypothesis is rejected."""
        return self.log_e >= self.limit


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and all that it rests on.

    Attributes:
        outcome: `undecided` means that the horizon is reached and live stays.
        reasons: Sentences for people.
        tests: Thumbs for worse, thumbs for good enough, then the guards.
        difference: Bounds on the difference of thumbs-up shares, canary - live, that hold at every look together with
            95 %.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    tests: tuple[HypothesisTest, ...]
    difference: tuple[float, float]


def decide(evidence: Evidence, rules: CanaryRules) -> Decision:
    """Decides about a canary. The same evidence always gives the same decision, however often it is asked for.

    Raises:
        ValueError: The evidence has a guard that the rules do not know.
    """
    unknown = sorted(set(evidence.guards) - set(rules.tolerances))
    if unknown:
        raise ValueError(f"The rules have no tolerance for the guards {', '.join(unknown)}.")
    blocks = _blocks(evidence.thumbs)
    worse = _test(THUMBS, evidence.thumbs, blocks, 0.0, WORSE, rules.thumbs_limit)
    good = _test(THUMBS, evidence.thumbs, blocks, -rules.margin, BETTER, rules.promotion_limit)
    guards = [
        _test(name, seen, _blocks(seen), rules.tolerances[name], BETTER, rules.guard_limit)
        for name, seen in sorted(evidence.guards.items())
    ]
    outcome, reasons = _outcome(evidence, rules, worse, good, guards)
    return Decision(outcome, tuple(reasons), (worse, good, *guards), confidence_sequence(blocks, 0.05))


def _outcome(
    evidence: Evidence,
    rules: CanaryRules,
    worse: HypothesisTest,
    good: HypothesisTest,
    guards: Sequence[HypothesisTest],
) -> tuple[Outcome, list[str]]:
    """A rollback goes before a promotion: where both are due at one look, people are better off with the parent."""
    alarms = [test for test in (worse, *guards) if test.rejected]
    if alarms:
        return "roll_back", [_alarm(test) for test in alarms]
    against = _against_promotion(evidence, rules, good)
    if good.rejected and not against:
        return "promote", [f"Thumbs-up did not become rarer by {rules.margin:.0%} or more: {_rates(good)}."]
    if evidence.age_s >= rules.horizon_s:
        return "undecided", ["There is no decision at the horizon, so the live version stays.", *against]
    return "continue", against or [f"The evidence does not suffice yet: {_rates(good)}."]


def _against_promotion(evidence: Evidence, rules: CanaryRules, good: HypothesisTest) -> list[str]:
    """Why a promotion would be too early, or must be a person's decision."""
    found = []
    fewest = min(good.canary.n, good.live.n)
    if fewest < rules.min_raters:
        found.append(f"Only {fewest} people have rated one of the versions; {rules.min_raters} are needed for each.")
    if evidence.largest_share > rules.max_rater_share:
        found.append(
            f"One person gave {evidence.largest_share:.0%} of a version's thumbs; above {rules.max_rater_share:.0%} "
            "nothing is promoted by itself."
        )
    if evidence.age_s < rules.min_age_s:
        found.append(f"It has had traffic for {evidence.age_s:.0f} s; {rules.min_age_s:.0f} s are needed.")
    return found


def _test(
    name: str, seen: Sequence[Observation], blocks: Blocks, null: float, side: Literal[-1, 1], limit: float
) -> HypothesisTest:
    """Runs one test. The evidence before the first block is 1, so its logarithm is never below 0."""
    log_e = float(log_e_process(blocks, null, side).max(initial=0.0))
    canary = [outcome.event for outcome in seen if outcome.canary]
    live = [outcome.event for outcome in seen if not outcome.canary]
    hypothesis = f"{'>=' if side == WORSE else '<='} {null:g}"
    return HypothesisTest(name, hypothesis, log_e, limit, Rate(sum(canary), len(canary)), Rate(sum(live), len(live)))


def _blocks(seen: Sequence[Observation]) -> Blocks:
    return cut(np.array([one.canary for one in seen], bool), np.array([one.event for one in seen], bool))


def _alarm(test: HypothesisTest) -> str:
    kind = "Thumbs-up became rarer" if test.name == THUMBS else f"The guard {test.name} is violated"
    return f"{kind}: {_rates(test)} (evidence e^{test.log_e:.1f}, limit e^{test.limit:.1f})."


def _rates(test: HypothesisTest) -> str:
    """Such as `canary 31 of 60, live 402 of 540`."""
    return f"canary {test.canary.k} of {test.canary.n}, live {test.live.k} of {test.live.n}"
