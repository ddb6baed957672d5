"""The slow proofs of `benchmarks/`, short: a few kills and a few seconds of overload."""

from pathlib import Path

import pytest

from benchmarks import crash, overload, rollout_crash

pytestmark = [pytest.mark.alone, pytest.mark.timeout(240)]


async def test_three_kills_of_the_gateway_lose_and_double_nothing(database_url: str, tmp_path: Path) -> None:
    plan = crash.Plan(kills=3, acknowledged=30, longest_life_s=1.0)
    outcome = await crash.soak(plan, tmp_path, database_url)
    assert outcome.good, outcome
    assert outcome.kills >= 3
    assert min(outcome.completions_acknowledged, outcome.votes_acknowledged) >= 30


async def test_ten_times_the_capacity_is_refused_at_once_and_the_rest_answered(tmp_path: Path) -> None:
    # A quarter of the soak's load: other tests' processes share these cores, and 320 new requests a second fill one.
    outcome = await overload.overload(overload.Plan(seconds=5, max_concurrent=8, max_queue=8), tmp_path)
    assert outcome.good, outcome
    assert outcome.refusals > outcome.answered > 0


def test_a_change_in_which_somebody_is_killed_ends_in_the_desired_state_or_the_former_one() -> None:
    with rollout_crash.Matrix.running("fake", "full", seed=1) as matrix:
        outcomes = [matrix.kill("canary", "start", 0.1, "controller")]
    with rollout_crash.Matrix.running("fake", "adapter", seed=1) as matrix:
        outcomes.append(matrix.kill("canary", "load", 0.0, "engine"))
    assert all(outcome.good for outcome in outcomes), outcomes
