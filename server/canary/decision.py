"""Promote, roll back, go on, or give up: one decision from frozen evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from server.canary.blocks import Blocks, cut
from server.canary.e_process import BETTER, WORSE, confidence_sequence, log_e_process
from server.canary.rules import CanaryRules

Outcome = Literal["promote", "roll_back", "continue", "look_yourself", "undecided"]
IN_WORDS: Mapping[Outcome, str] = MappingProxyType(
    {
        "promote": "promote",
        "roll_back": "roll back",
        "continue": "continue",
        "look_yourself": "undecided, look yourself",
        "undecided": "undecided",
    }
)

THUMBS = "thumbs_up"


class Observation(NamedTuple):
    """One person's first vote, or one user's first answer: which arm it was, and whether the event happened."""

    canary: bool
    event: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a canary at one moment.

    Attributes:
        thumbs: In the order of time, of each established rater who rated since the canary began, the first thumb as it
            was first given; the event is a thumb up. Later votes of a rater do not stand here: they depend on the
            first, and a vote that changes under the test would void it.
        all_thumbs: The same of all raters, established or not: they are shown, and decide nothing.
        largest_share: The largest share (0 to 1) of established raters' thumbs on either version, repeated ones too,
            that one of them gave.
        age_s: How long the canary has had traffic.
        guards: For each guard, of each user who was answered, the first answer; the event is what should be rare.
    """

    thumbs: Sequence[Observation]
    all_thumbs: Sequence[Observation]
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
        outcome: `undecided` means that the horizon is reached and live stays; `look_yourself` that thumbs lack
            established raters, so that a person must decide or wait.
        reasons: Sentences for people.
        tests: Thumbs of established raters for worse, and for good enough, then the guards.
        all_raters: The two tests of thumbs over all raters, which decide nothing.
        difference: Bounds on the difference of thumbs-up shares, canary - live, that hold at every look together with
            95 %.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    tests: tuple[HypothesisTest, ...]
    all_raters: tuple[HypothesisTest, HypothesisTest]
    difference: tuple[float, float]


class Tests(NamedTuple):
    """All tests of one look; `of_all` are the two of thumbs over all raters."""

    worse: HypothesisTest
    good: HypothesisTest
    guards: tuple[HypothesisTest, ...]
    of_all: tuple[HypothesisTest, HypothesisTest]


def decide(evidence: Evidence, rules: CanaryRules) -> Decision:
    """Decides about a canary. The same evidence always gives the same decision, however often it is asked for.

    Raises:
        ValueError: The evidence has a guard that the rules do not know.
    """
    tests = run_tests(evidence, rules)
    outcome, reasons = outcome_of(evidence, rules, tests)
    difference = confidence_sequence(_blocks(evidence.thumbs), 0.05)
    return Decision(outcome, tuple(reasons), (tests.worse, tests.good, *tests.guards), tests.of_all, difference)


def run_tests(evidence: Evidence, rules: CanaryRules) -> Tests:
    """Runs every test on the evidence.

    Raises:
        ValueError: The evidence has a guard that the rules do not know.
    """
    unknown = sorted(set(evidence.guards) - set(rules.tolerances))
    if unknown:
        raise ValueError(f"The rules have no tolerance for the guards {', '.join(unknown)}.")
    guards = [
        _test(name, seen, _blocks(seen), rules.tolerances[name], BETTER, rules.guard_limit)
        for name, seen in sorted(evidence.guards.items())
    ]
    worse, good = thumbs_tests(evidence.thumbs, rules)
    return Tests(worse, good, tuple(guards), thumbs_tests(evidence.all_thumbs, rules))


def outcome_of(evidence: Evidence, rules: CanaryRules, tests: Tests) -> tuple[Outcome, list[str]]:
    """Returns what the tests come to, and why.

    A rollback goes before a promotion: where both are due at one look, people are better off with the parent.
    """
    few = _too_few(tests.worse, rules)
    alarms = [test for test in (*(() if few else (tests.worse,)), *tests.guards) if test.rejected]
    if alarms:
        return "roll_back", [_alarm(test) for test in alarms]
    against = [*few, *_against_promotion(evidence, rules, tests.good)]
    if tests.good.rejected and not against:
        return "promote", [f"Thumbs-up did not become rarer by {rules.margin:.0%} or more: {_rates(tests.good)}."]
    look = _look_yourself(few, tests, rules)
    if evidence.age_s >= rules.horizon_s:
        ended = "There is no decision at the horizon, so the live version stays."
        return "undecided", [f"{ended} Look yourself." if look else ended, *look, *against]
    if look:
        return "look_yourself", [*look, *against]
    return "continue", against or [f"The evidence does not suffice yet: {_rates(tests.good)}."]


def _too_few(worse: HypothesisTest, rules: CanaryRules) -> list[str]:
    """Why thumbs decide nothing, whatever they say; nothing where enough established raters gave some."""
    rated = worse.canary.n + worse.live.n
    if rated >= rules.min_established:
        return []
    return [f"Only {rated} established raters have rated; below {rules.min_established} thumbs decide nothing."]


def _look_yourself(few: Sequence[str], tests: Tests, rules: CanaryRules) -> list[str]:
    """What a person should know where all raters say more than the established ones, whose thumbs alone decide."""
    worse = tests.of_all[0]
    became = ("thumbs-up became rarer", f"thumbs-up did not become rarer by {rules.margin:.0%} or more")
    pairs = zip(became, tests.of_all, (tests.worse, tests.good), strict=True)
    says = [claim for claim, all_say, they_say in pairs if all_say.rejected and (few or not they_say.rejected)]
    if says:
        return [f"All raters, new ones too, say that {' and that '.join(says)}: {_rates(worse)}."]
    if few and worse.canary.n + worse.live.n >= rules.min_established:
        return [f"Of all raters, new ones too, thumbs up came from {_rates(worse)}."]
    return []


def _against_promotion(evidence: Evidence, rules: CanaryRules, good: HypothesisTest) -> list[str]:
    """Why a promotion would be too early, or must be a person's decision."""
    found = []
    fewest = min(good.canary.n, good.live.n)
    if fewest < rules.min_raters:
        found.append(
            f"Only {fewest} established raters have rated one of the versions; {rules.min_raters} are needed for each."
        )
    if evidence.largest_share > rules.max_rater_share:
        found.append(
            f"One person gave {evidence.largest_share:.0%} of a version's thumbs; above {rules.max_rater_share:.0%} "
            "nothing is promoted by itself."
        )
    if evidence.age_s < rules.min_age_s:
        found.append(f"It has had traffic for {evidence.age_s:.0f} s; {rules.min_age_s:.0f} s are needed.")
    return found


def thumbs_tests(thumbs: Sequence[Observation], rules: CanaryRules) -> tuple[HypothesisTest, HypothesisTest]:
    """Runs the test for worse and the one for good enough on raters' first thumbs, in the order of time."""
    blocks = _blocks(thumbs)
    return (
        _test(THUMBS, thumbs, blocks, 0.0, WORSE, rules.thumbs_limit),
        _test(THUMBS, thumbs, blocks, -rules.margin, BETTER, rules.promotion_limit),
    )


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
