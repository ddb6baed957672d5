"""Promote, roll back, go on, or give up: one decision from frozen evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from server.canary.e_process import confidence_sequence
from server.canary.hypotheses import SOON, THUMBS, Evidence, HypothesisTest, Tests, blocks_of, run_tests
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


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and all that it rests on.

    Attributes:
        outcome: `undecided` means that the horizon is reached and live stays; `look_yourself` that thumbs lack
            established raters, so that a person must decide or wait.
        reasons: Sentences for people.
        tests: Thumbs of established raters for worse, for good enough, and for worse among those that came soon; that
            answers are rated neither less nor more often; then the guards.
        all_raters: The two tests of thumbs over all raters, which decide nothing.
        difference: Bounds on the difference of thumbs-up shares, canary - live, that hold at every look together with
            95 %.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    tests: tuple[HypothesisTest, ...]
    all_raters: tuple[HypothesisTest, HypothesisTest]
    difference: tuple[float, float]


def decide(evidence: Evidence, rules: CanaryRules) -> Decision:
    """Decides about a canary. The same evidence always gives the same decision, however often it is asked for.

    Raises:
        ValueError: The evidence has a guard that the rules do not know.
    """
    tests = run_tests(evidence, rules)
    outcome, reasons = outcome_of(evidence, rules, tests)
    difference = confidence_sequence(blocks_of(evidence.thumbs), 0.05)
    return Decision(outcome, tuple(reasons), tests.that_decide, tests.of_all, difference)


def outcome_of(evidence: Evidence, rules: CanaryRules, tests: Tests) -> tuple[Outcome, list[str]]:
    """Returns what the tests come to, and why.

    A rollback goes before a promotion: where both are due at one look, people are better off with the parent.
    """
    few = _too_few(tests.worse, rules)
    thumbs = [] if few else [tests.worse]
    if not _too_few(tests.soon, rules):
        thumbs.append(tests.soon)
    alarms = [test for test in (*thumbs, *tests.guards) if test.rejected]
    if alarms:
        return "roll_back", [_alarm(test) for test in alarms]
    against = [*few, *_against_promotion(evidence, rules, tests.good), *_rated_otherwise(tests, rules)]
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
    known = {test.name for test in tests.guards if test.rejected}
    found = [
        f"Of all raters, new ones too, the guard {test.name} is violated: {_rates(test)}."
        for test in tests.guards_of_all
        if test.rejected and test.name not in known
    ]
    if says:
        return [f"All raters, new ones too, say that {' and that '.join(says)}: {_rates(worse)}.", *found]
    if found:
        return found
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
    if evidence.traffic_s < rules.min_age_s:
        had = f"traffic for {evidence.traffic_s:.0f} s" if evidence.traffic_s else "no traffic yet"
        found.append(f"It has had {had}; {rules.min_age_s:.0f} s are needed.")
    return found


def _rated_otherwise(tests: Tests, rules: CanaryRules) -> list[str]:
    """Why thumbs cannot be compared yet: whoever dislikes a version may say so less often, or only say that."""
    less, more = tests.alike
    open_ = [word for word, test in (("less", less), ("more", more)) if not test.rejected]
    if not open_:
        return []
    rated = f"canary {less.canary.k} of {less.canary.n}, live {more.live.k} of {more.live.n}"
    return [
        f"It is not ruled out yet that the canary's answers are rated {' or '.join(open_)} often by "
        f"{rules.rating_tolerance:.0%}, so thumbs may not say what people think: {rated}."
    ]


def _alarm(test: HypothesisTest) -> str:
    kind = "Thumbs-up became rarer" if test.name in (THUMBS, SOON) else f"The guard {test.name} is violated"
    return f"{kind}: {_rates(test)} (evidence e^{test.log_e:.1f}, limit e^{test.limit:.1f})."


def _rates(test: HypothesisTest) -> str:
    """Such as `canary 31 of 60, live 402 of 540`."""
    return f"canary {test.canary.k} of {test.canary.n}, live {test.live.k} of {test.live.n}"
