"""When a run stops, and which adapter it keeps."""

import pytest

from alignment.ppo.guards import Guards, Limits
from alignment.reports import Look

LIMITS = Limits(kl_budget=10.0, entropy_floor=0.2, patience=2)


def look(rollout: int, score: float, kl: float = 1.0) -> Look:
    return Look(rollout=rollout, score=score, kl=kl, entropy=1.0, length=10.0, truncated=0.0)


def test_the_parent_is_never_kept_and_a_better_adapter_is() -> None:
    guards = Guards()
    assert not guards.after_look(look(0, 0.5), [0.5], LIMITS)
    assert guards.after_look(look(1, 0.6), [0.6], LIMITS)
    assert not guards.after_look(look(2, 0.6), [0.6], LIMITS)
    assert (guards.best, guards.start_scores, guards.best_scores) == (1, [0.5], [0.6])


def test_a_score_bought_beyond_the_kl_budget_is_not_kept() -> None:
    guards = Guards()
    guards.after_look(look(0, 0.0), [0.0], LIMITS)
    assert not guards.after_look(look(1, 9.0, kl=10.1), [9.0], LIMITS)


def test_a_falling_heldout_score_stops_the_run() -> None:
    guards = Guards()
    for rollout, score in enumerate([0.0, 1.0, 0.9]):
        guards.after_look(look(rollout, score), [score], LIMITS)
    assert not guards.stopped
    guards.after_look(look(3, 0.8), [0.8], LIMITS)
    assert "over-optimisation" in guards.stopped
    assert guards.best == 1


@pytest.mark.parametrize(("kl", "entropy", "reason"), [(10.5, 2.0, "KL budget"), (1.0, 0.3, "entropy collapsed")])
def test_distance_and_collapse_stop_the_run(kl: float, entropy: float, reason: str) -> None:
    guards = Guards()
    guards.after_rollout(0.0, 2.0, LIMITS)
    assert not guards.stopped
    guards.after_rollout(kl, entropy, LIMITS)
    assert reason in guards.stopped


def test_guards_survive_being_saved() -> None:
    guards = Guards()
    guards.after_look(look(0, 0.1), [0.1], LIMITS)
    assert Guards.model_validate(guards.model_dump()) == guards
