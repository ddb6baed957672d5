"""Intervals and scores against published values, brute force and known cases."""

import numpy as np
import pytest

from alignment.statistics import auroc, expected_calibration_error, pairs_within, ranks, spearman
from evals.statistics import bootstrap, wilson


def test_wilson_interval_of_a_published_case() -> None:
    """81 of 263: Newcombe 1998 (Stat. Med. 17:857), table I, method 3: 0.2553 to 0.3662."""
    found = wilson(81, 263)
    assert (found.low, found.high) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))


def test_no_rows_give_no_figure() -> None:
    assert wilson(0, 0).value is None
    assert bootstrap(lambda rows: float("nan"), [], 100, 0).value is None


def test_pairs_within_a_group_do_not_count_what_tells_groups_apart() -> None:
    liked = np.array([True, True, False, False, True, False])
    by_group = np.array([9.0, 9.0, 9.0, 1.0, 1.0, 1.0])  # a score that knows the group, and nothing else
    groups = ["a", "a", "a", "b", "b", "b"]
    right, pairs = pairs_within(by_group, liked, groups)
    assert (right.tolist(), pairs.tolist()) == ([1.0, 1.0], [2.0, 2.0])
    right, pairs = pairs_within(np.array([3.0, 1.0, 2.0, 0.0, 5.0, 5.0]), liked, groups)
    assert (right.tolist(), pairs.tolist()) == ([1.0, 1.5], [2.0, 2.0])
    assert pairs_within(by_group, liked, range(6))[0].size == 0


def test_auroc_equals_counting_all_pairs() -> None:
    random = np.random.default_rng(0)
    scores, liked = random.integers(0, 6, 60).astype(float), random.random(60) < 0.4
    won = [(a > b) + 0.5 * (a == b) for a in scores[liked] for b in scores[~liked]]
    assert auroc(scores, liked) == pytest.approx(np.mean(won))
    assert np.isnan(auroc(scores, np.ones(60, dtype=bool)))


def test_calibration_error_worked_by_hand() -> None:
    """Two bins: 0.1 given and 0.5 seen (n = 2), 0.9 given and 1 seen (n = 3)."""
    probabilities = np.array([0.1, 0.1, 0.9, 0.9, 0.9])
    assert expected_calibration_error(probabilities, np.array([0, 1, 1, 1, 1.0])) == pytest.approx(
        0.4 * 0.4 + 0.6 * 0.1
    )


def test_bootstrap_draws_whole_prompts() -> None:
    """Ten copies of each row must not narrow the interval."""
    values = np.random.default_rng(1).normal(size=40)
    single = bootstrap(lambda rows: float(values[rows].mean()), list(range(40)), 400, 0)
    copied = np.repeat(values, 10)
    tenfold = bootstrap(lambda rows: float(copied[rows].mean()), list(np.repeat(range(40), 10)), 400, 0)
    assert single.low is not None and single.high is not None and tenfold.low is not None and tenfold.high is not None
    assert tenfold.high - tenfold.low == pytest.approx(single.high - single.low, rel=1e-6)


def test_ties_share_their_mean_rank() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0])).tolist() == [2.5, 1.0, 2.5]
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 25.0])) == pytest.approx(1)
