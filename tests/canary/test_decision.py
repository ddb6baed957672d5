"""What is decided from which evidence."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from server.canary.decision import decide
from server.canary.hypotheses import Evidence, Observation
from server.canary.rules import DAY_S, CanaryRules

RULES = CanaryRules()


def seen(n: int, canary_rate: float, live_rate: float, seed: int = 0) -> tuple[Observation, ...]:
    """Outcomes of n people, half of them on the canary."""
    random = np.random.default_rng(seed)
    arms = random.random(n) < 0.5
    events = random.random(n) < np.where(arms, canary_rate, live_rate)
    return tuple(Observation(bool(arm), bool(event)) for arm, event in zip(arms, events, strict=True))


def evidence(thumbs: tuple[Observation, ...], **more: Any) -> Evidence:
    given = {"thumbs": thumbs, "soon": (), "all_thumbs": thumbs, "rated_less": OFTENER, "rated_more": RARER}
    return Evidence(**given | {"largest_share": 0.02, "age_s": DAY_S, "traffic_s": DAY_S} | more)


OFTENER, RARER = seen(600, 0.5, 0.35), seen(600, 0.35, 0.5)
"""Who rated, where the two versions are rated alike: on the other side a share is left out by lot."""


BETTER = seen(600, 0.8, 0.6)
WORSE = seen(600, 0.5, 0.75)
ALIKE = seen(600, 0.7, 0.7)


def test_a_better_canary_is_promoted() -> None:
    decision = decide(evidence(BETTER), RULES)
    assert decision.outcome == "promote"
    assert decision.difference[0] > -RULES.margin


def test_a_worse_canary_is_rolled_back_and_the_reason_has_the_figures() -> None:
    decision = decide(evidence(WORSE), RULES)
    assert decision.outcome == "roll_back"
    [reason] = decision.reasons
    ups = sum(one.event for one in WORSE if one.canary)
    assert f"canary {ups} of {sum(one.canary for one in WORSE)}" in reason
    assert decision.tests[0].rejected and decision.tests[0].log_e >= RULES.thumbs_limit
    assert decision.difference[1] < 0


def test_a_rollback_stays_due_whatever_comes_later() -> None:
    flattered = WORSE + seen(3_000, 0.95, 0.6, seed=1)
    assert decide(evidence(flattered), RULES).outcome == "roll_back"


def test_without_a_clear_difference_it_goes_on_until_the_horizon_and_live_stays() -> None:
    assert decide(evidence(ALIKE), RULES).outcome == "continue"
    decision = decide(evidence(ALIKE, age_s=RULES.horizon_s), RULES)
    assert decision.outcome == "undecided"
    assert "horizon" in decision.reasons[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"largest_share": 0.21}, "One person gave 21%"),
        ({"traffic_s": 10.0}, "traffic for 10 s"),
        ({"traffic_s": 0.0}, "no traffic yet"),
    ],
)
def test_nothing_is_promoted_by_itself_on(more: dict[str, float], said: str) -> None:
    decision = decide(evidence(BETTER, **more), RULES)
    assert decision.outcome == "continue"
    assert said in decision.reasons[0]


def test_few_raters_are_not_enough_for_a_promotion() -> None:
    few = CanaryRules(min_raters=400)
    decision = decide(evidence(BETTER), few)
    assert decision.outcome == "continue"
    assert "400 are needed" in decision.reasons[0]
    at_the_end = decide(evidence(BETTER, age_s=few.horizon_s), few)
    assert at_the_end.outcome == "undecided"
    assert any("400 are needed" in reason for reason in at_the_end.reasons)


def test_one_loud_person_does_not_keep_a_worse_canary_alive() -> None:
    assert decide(evidence(WORSE, largest_share=0.9), RULES).outcome == "roll_back"


def test_new_raters_decide_nothing_whatever_they_say() -> None:
    for flood in (WORSE, BETTER):
        decision = decide(evidence(ALIKE[:60], all_thumbs=ALIKE[:60] + flood), RULES)
        assert decision.outcome == "look_yourself"
        assert decision.reasons[0].startswith("All raters, new ones too, say that")
        assert any(test.rejected for test in decision.all_raters)
        assert not any(test.rejected for test in decision.tests if test.name.startswith("thumbs"))


def test_without_established_raters_a_person_is_told_to_look() -> None:
    few = WORSE[: RULES.min_established - 1]
    decision = decide(evidence(few, all_thumbs=few + ALIKE[:20]), RULES)
    assert decision.outcome == "look_yourself"
    assert f"Only {len(few)} established raters have rated; below 20 thumbs decide nothing." in decision.reasons
    at_the_end = decide(evidence(few, all_thumbs=few + ALIKE[:20], age_s=RULES.horizon_s), RULES)
    assert at_the_end.outcome == "undecided"
    assert at_the_end.reasons[0].endswith("the live version stays. Look yourself.")


def test_thumbs_of_too_few_established_raters_do_not_roll_back_but_guards_do() -> None:
    rules = CanaryRules(min_established=len(WORSE) + 1)
    assert decide(evidence(WORSE), CanaryRules(min_established=len(WORSE))).outcome == "roll_back"
    assert decide(evidence(WORSE), rules).outcome == "look_yourself"
    assert decide(evidence((), guards={"error": seen(600, 0.2, 0.01)}), rules).outcome == "roll_back"


def test_a_flood_of_new_raters_keeps_neither_a_promotion_nor_a_rollback_from_being_made() -> None:
    assert decide(evidence(BETTER, all_thumbs=BETTER + WORSE), RULES).outcome == "promote"
    assert decide(evidence(WORSE, all_thumbs=WORSE + BETTER), RULES).outcome == "roll_back"


def test_thumbs_that_come_soon_roll_back_long_before_all_have_come_and_promote_nothing() -> None:
    decision = decide(evidence((), soon=WORSE, all_thumbs=()), RULES)
    assert decision.outcome == "roll_back" and decision.reasons[0].startswith("Thumbs-up became rarer")
    assert decide(evidence((), soon=BETTER, all_thumbs=()), RULES).outcome == "continue"


@pytest.mark.parametrize("side", ["rated_less", "rated_more"])
def test_what_people_rate_less_or_more_often_is_not_promoted_by_itself(side: str) -> None:
    decision = decide(evidence(BETTER, **{side: ALIKE}), RULES)
    assert decision.outcome == "continue"
    [reason] = decision.reasons
    assert f"are rated {side.removeprefix('rated_')} often by 20%" in reason
    assert decide(evidence(BETTER, **{side: ALIKE}, age_s=RULES.horizon_s), RULES).outcome == "undecided"


def test_a_violated_guard_rolls_back_what_people_like() -> None:
    guards = {"error": seen(600, 0.2, 0.01), "refusal": seen(600, 0.05, 0.05)}
    decision = decide(evidence(BETTER, guards=guards), RULES)
    assert decision.outcome == "roll_back"
    assert decision.reasons[0].startswith("The guard error is violated")
    assert [test.name for test in decision.tests] == [
        *("thumbs_up", "thumbs_up", "thumbs_up_soon"),
        *("rated_less", "rated_more"),
        *("error", "refusal"),
    ]
    assert [test.rejected for test in decision.tests[-2:]] == [True, False]


def test_a_guard_that_only_new_raters_violate_asks_a_person_to_look() -> None:
    refusals = {"refusal": seen(600, 0.2, 0.01)}
    decision = decide(evidence(ALIKE, guards={"error": ALIKE}, all_guards=refusals), RULES)
    assert decision.outcome == "look_yourself"
    assert decision.reasons[0].startswith("Of all raters, new ones too, the guard refusal is violated")
    assert decide(evidence(ALIKE, guards=refusals, all_guards=refusals), RULES).outcome == "roll_back"
    with pytest.raises(ValueError, match="mood"):
        decide(evidence(BETTER, all_guards={"mood": ALIKE}), RULES)


def test_a_guard_within_its_tolerance_does_not_disturb() -> None:
    guards = {"slow_token": seen(2_000, 0.08, 0.05)}
    assert decide(evidence(BETTER, guards=guards), RULES).outcome == "promote"


def test_each_guard_has_its_part_of_the_chance_of_a_false_rollback() -> None:
    one = RULES.model_copy(update={"tolerances": {"error": 0.01}})
    assert len(RULES.vote_windows_s) * np.exp(-RULES.thumbs_limit) == pytest.approx(0.025)
    assert np.exp(-one.guard_limit) == pytest.approx(0.025)
    assert len(RULES.tolerances) * np.exp(-RULES.guard_limit) == pytest.approx(0.025)
    assert np.exp(-RULES.promotion_limit) == pytest.approx(0.05)


def test_an_unknown_guard_is_an_error() -> None:
    with pytest.raises(ValueError, match="mood"):
        decide(evidence(BETTER, guards={"mood": ALIKE}), RULES)


def test_without_votes_nothing_is_decided() -> None:
    decision = decide(evidence((), largest_share=0.0), RULES)
    assert decision.outcome == "continue"
    assert decision.difference == (-1.0, 1.0)
    assert decide(replace(evidence(()), age_s=RULES.horizon_s), RULES).outcome == "undecided"


def test_the_same_evidence_gives_the_same_decision() -> None:
    assert decide(evidence(BETTER), RULES) == decide(evidence(BETTER), RULES)
