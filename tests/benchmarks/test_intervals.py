"""The statistics of the benchmarks against hand-worked values."""

import math

import pytest

from benchmarks.intervals import mean_interval, percentile, ratio_interval


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [50.0, 15.0, 40.0, 20.0, 35.0]  # the nearest-rank example: ordered 15 20 35 40 50
    assert percentile(values, 0.3) == 20
    assert percentile(values, 0.5) == 35
    assert percentile(values, 1.0) == 50


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_the_interval_is_students() -> None:
    # mean 3, standard deviation 1.5811, n = 5, t(0.975, 4) = 2.776: half width 1.9630
    estimate = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert estimate.mean == 3
    assert estimate.high - estimate.mean == pytest.approx(1.9629, abs=1e-3)
    assert estimate.mean - estimate.low == pytest.approx(1.9629, abs=1e-3)


def test_one_measurement_has_no_interval() -> None:
    assert math.isnan(mean_interval([1.0]).low)


def test_a_ratio_is_taken_within_pairs() -> None:
    # Both double in the second round, so every ratio is 0.5 and there is no spread.
    estimate = ratio_interval([10.0, 20.0], [20.0, 40.0])
    assert (estimate.mean, estimate.low, estimate.high) == pytest.approx((0.5, 0.5, 0.5))
