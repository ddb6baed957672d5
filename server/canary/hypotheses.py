"""The tests that a canary is judged by, and the evidence that they are run on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from server.canary.blocks import Blocks, cut
from server.canary.e_process import BETTER, WORSE, log_e_process
from server.canary.rules import CanaryRules

THUMBS = "thumbs_up"
SOON = "thumbs_up_soon"
RATED_LESS = "rated_less"
RATED_MORE = "rated_more"


class Observation(NamedTuple):
    """One person's rated answer, or one user's first answer: which arm it was, and whether the event happened."""

    canary: bool
    event: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a canary at one moment. All sequences are in the order in which the answers were asked for.

    Attributes:
        thumbs: Of each established rater the first answer that they rated within the time in which thumbs count, once
            that time is over; the event is a thumb up, as it was first given. Later votes of a rater do not stand here:
            they depend on the first, and a vote that changes under the test would void it.
        soon: The same within the short time, which is over sooner.
        all_thumbs: As `thumbs`, of all raters, established or not: they are shown, and decide nothing.
        rated_less: Of each established rater the first answer, once the time for its thumbs is over; the event is that
            it was rated. Of the live version's rated answers the tolerated share is left out by lot, so that a canary
            that is rated less by just that has as many.
        rated_more: The same, with rated answers of the canary left out, so that one that is rated more by the tolerated
            share has as many as the live version.
        largest_share: The largest share (0 to 1) of established raters' thumbs on either version, repeated ones too,
            that one of them gave.
        age_s: How long the canary has been tried, its engine's start included.
        traffic_s: How long it has had traffic; 0 before its first answer.
        guards: For each guard, of each established rater who was answered, the first answer; the event is what should
            be rare. Errors, which a client cannot make, are of all raters.
        all_guards: The other guards, of all raters, established or not: they decide nothing.
    """

    thumbs: Sequence[Observation]
    soon: Sequence[Observation]
    all_thumbs: Sequence[Observation]
    rated_less: Sequence[Observation]
    rated_more: Sequence[Observation]
    largest_share: float
    age_s: float
    traffic_s: float
    guards: Mapping[str, Sequence[Observation]] = field(default_factory=dict)
    all_guards: Mapping[str, Sequence[Observation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often an event happened among n."""

    k: int
    n: int


@dataclass(frozen=True, slots=True)
class HypothesisTest:
    """Where one of the tests stands.

    Attributes:
        name: Of the event: `thumbs_up`, `thumbs_up_soon`, `rated_less`, `rated_more`, or a guard's.
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


class Tests(NamedTuple):
    """All tests of one look.

    Attributes:
        worse: Of thumbs, that they became rarer.
        soon: The same of thumbs that came soon.
        good: Of thumbs, that they did not become rarer by the margin.
        alike: That the canary's answers are rated neither less nor more often than is tolerated.
        guards: One test each.
        of_all: `worse` and `good` of the thumbs of all raters.
        guards_of_all: The guards of all raters that decide nothing.
    """

    worse: HypothesisTest
    soon: HypothesisTest
    good: HypothesisTest
    alike: tuple[HypothesisTest, HypothesisTest]
    guards: tuple[HypothesisTest, ...]
    of_all: tuple[HypothesisTest, HypothesisTest]
    guards_of_all: tuple[HypothesisTest, ...] = ()

    @property
    def that_decide(self) -> tuple[HypothesisTest, ...]:
        """All but those over all raters."""
        return (self.worse, self.good, self.soon, *self.alike, *self.guards)


def run_tests(evidence: Evidence, rules: CanaryRules) -> Tests:
    """Runs every test on the evidence.

    Raises:
        ValueError: The evidence has a guard that the rules do not know.
    """
    unknown = sorted({*evidence.guards, *evidence.all_guards} - set(rules.tolerances))
    if unknown:
        raise ValueError(f"The rules have no tolerance for the guards {', '.join(unknown)}.")
    guards, guards_of_all = (
        tuple(
            _test(name, seen, (rules.tolerances[name], BETTER, rules.guard_limit)) for name, seen in sorted(of.items())
        )
        for of in (evidence.guards, evidence.all_guards)
    )
    worse, good = thumbs_tests(evidence.thumbs, rules)
    soon = _test(SOON, evidence.soon, (0.0, WORSE, rules.thumbs_limit))
    alike = (
        _test(RATED_LESS, evidence.rated_less, (0.0, BETTER, rules.promotion_limit)),
        _test(RATED_MORE, evidence.rated_more, (0.0, WORSE, rules.promotion_limit)),
    )
    return Tests(worse, soon, good, alike, guards, thumbs_tests(evidence.all_thumbs, rules), guards_of_all)


def thumbs_tests(thumbs: Sequence[Observation], rules: CanaryRules) -> tuple[HypothesisTest, HypothesisTest]:
    """Runs the test for worse and the one for good enough on raters' first rated answers."""
    return (
        _test(THUMBS, thumbs, (0.0, WORSE, rules.thumbs_limit)),
        _test(THUMBS, thumbs, (-rules.margin, BETTER, rules.promotion_limit)),
    )


def blocks_of(seen: Sequence[Observation]) -> Blocks:
    """Cuts observations into blocks."""
    return cut(np.array([one.canary for one in seen], bool), np.array([one.event for one in seen], bool))


def _test(name: str, seen: Sequence[Observation], test: tuple[float, Literal[-1, 1], float]) -> HypothesisTest:
    """Runs one test, given as null, side and limit. Before the first block the evidence is 1, its logarithm 0."""
    null, side, limit = test
    log_e = float(log_e_process(blocks_of(seen), null, side).max(initial=0.0))
    canary = [outcome.event for outcome in seen if outcome.canary]
    live = [outcome.event for outcome in seen if not outcome.canary]
    hypothesis = f"{'>=' if side == WORSE else '<='} {null:g}"
    return HypothesisTest(name, hypothesis, log_e, limit, Rate(sum(canary), len(canary)), Rate(sum(live), len(live)))
