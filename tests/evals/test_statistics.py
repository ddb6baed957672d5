"""Intervals and tests against published values, brute force and the truth of simulated cases."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics import (
    bradley_terry,
    clopper_pearson,
    counted,
    mcnemar,
    mean_interval,
    standard_error,
    upper_tail,
)

CASES, PROMPTS, RESAMPLES = 1000, 150, 400


def test_win_rate_intervals_cover_the_truth_in_95_of_100_cases() -> None:
    """A candidate that wins half of the prompts and ties a fifth has a win-rate of 0.6."""
    random = np.random.default_rng(2)
    covered = 0
    for case in range(CASES):
        outcomes = random.choice([1.0, 0.5, 0.0], p=[0.5, 0.2, 0.3], size=PROMPTS)
        found = mean_interval(outcomes, RESAMPLES, case)
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.6 <= found.high
    assert 0.93 <= covered / CASES <= 0.97


def test_the_interval_of_a_mean_is_that_of_the_normal_for_many_values() -> None:
    values = np.random.default_rng(3).normal(1.0, 2.0, size=4000)
    found = mean_interval(values, 2000, 0)
    half = 1.96 * values.std(ddof=1) / math.sqrt(4000)
    assert found.low == pytest.approx(values.mean() - half, abs=0.01)
    assert found.high == pytest.approx(values.mean() + half, abs=0.01)
    assert (found.n, found.value) == (4000, pytest.approx(values.mean()))


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_a_mean_of_nothing_or_of_nan_is_no_figure(values: list[float]) -> None:
    found = mean_interval(np.array(values), 100, 0)
    assert (found.value, found.low, found.high) == (None, None, None)


def test_equal_seeds_give_equal_intervals() -> None:
    values = np.arange(30.0)
    assert mean_interval(values, 200, 5) == mean_interval(values, 200, 5)
    assert mean_interval(values, 200, 5) != mean_interval(values, 200, 6)


def test_standard_error_worked_by_hand() -> None:
    """1, 2, 3, 6: mean 3, squares 4 + 1 + 0 + 9 = 14, s² = 14 / 3, s / √4 = 1.0801."""
    assert standard_error([1, 2, 3, 6]) == pytest.approx(1.0801, abs=1e-4)
    assert standard_error([1.0]) is None


def test_mcnemar_worked_by_hand() -> None:
    """10 against 2: 2 · (C(12,10) + C(12,11) + C(12,12)) / 2¹² = 2 · 79 / 4096."""
    assert mcnemar(10, 2) == mcnemar(2, 10) == pytest.approx(158 / 4096)
    assert mcnemar(0, 0) == mcnemar(5, 5) == 1.0


@given(st.integers(0, 9), st.integers(0, 9))
def test_the_tail_equals_counting_all_tosses(hits: int, n: int) -> None:
    tosses = list(product((0, 1), repeat=n))
    assert upper_tail(hits, n) == pytest.approx(sum(sum(toss) >= hits for toss in tosses) / len(tosses))


@given(st.integers(1, 300), st.data())
def test_the_exact_interval_is_where_the_tails_reach_a_fortieth(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = clopper_pearson(hits, n)
    assert low <= hits / n <= high
    assert (low > 0.5) == (upper_tail(hits, n) < 0.025)
    assert (high < 0.5) == (upper_tail(n - hits, n) < 0.025)
    mirrored = clopper_pearson(n - hits, n)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_the_exact_interval_worked_by_hand() -> None:
    # All four of four: the rate at which that happens once in forty times is 0.025 ^ (1 / 4).
    assert clopper_pearson(4, 4) == (pytest.approx(0.025**0.25), 1.0)
    assert clopper_pearson(0, 10) == (0.0, pytest.approx(1 - 0.025**0.1))
    with pytest.raises(ValueError, match="0 rows"):
        clopper_pearson(0, 0)


def test_bradley_terry_of_two_is_the_odds_of_winning() -> None:
    found = bradley_terry({("a", "b"): 30, ("b", "a"): 10})
    assert found["a"] - found["b"] == pytest.approx(math.log(3), abs=1e-8)
    assert sum(found.values()) == pytest.approx(0)


def test_bradley_terry_finds_the_strengths_that_the_wins_were_made_from() -> None:
    """With wins equal to their expectation, the maximum of the likelihood is the truth."""
    truth = {"a": 1.0, "b": 0.2, "c": -0.4, "d": -0.8}
    met = [(i, j) for i in truth for j in truth if i != j and {i, j} != {"a", "d"}]
    wins = {(i, j): 100 / (1 + math.exp(truth[j] - truth[i])) for i, j in met}
    found = bradley_terry(wins)
    assert found == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize(
    "wins", [{("a", "b"): 1}, {("a", "b"): 1, ("b", "a"): 1, ("c", "d"): 1, ("d", "c"): 1}], ids=["unbeaten", "apart"]
)
def test_bradley_terry_refuses_what_has_no_finite_answer(wins: dict[tuple[str, str], float]) -> None:
    with pytest.raises(ValueError, match="connect"):
        bradley_terry(wins)


def test_a_count_is_its_own_interval() -> None:
    found = counted(3, 40)
    assert (found.value, found.low, found.high, found.n) == (3, 3, 3, 40)
