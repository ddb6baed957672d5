"""The statistics of the benchmarks against hand-worked values."""

import math

import pytest

from benchmarks.intervals import median_interval, percentile, ratio_interval


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [50.0, 15.0, 40.0, 20.0, 35.0]  # the nearest-rank example: ordered 15 20 35 40 50
    assert percentile(values, 0.3) == 20
    assert percentile(values, 0.5) == 35
    assert percentile(values, 1.0) == 50


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_the_interval_is_that_of_the_sign_test() -> None:
    # 12 values: P(at most 2 of 12 coins are heads) = 79 / 4096 = 1.9 %, at most 3 = 7.3 %: from the 3rd to the 10th
    estimate = median_interval([float(value) for value in (7, 1, 12, 3, 5, 10, 2, 9, 4, 8, 6, 11)])
    assert (estimate.median, estimate.low, estimate.high) == (6.5, 3, 10)


def test_an_outlier_moves_nothing() -> None:
    assert median_interval([1.0, 2, 3, 4, 5, 6, 7, 8, 9]) == median_interval([1.0, 2, 3, 4, 5, 6, 7, 8, 9000])


def test_few_measurements_have_no_interval() -> None:
    assert math.isnan(median_interval([1.0, 2, 3, 4, 5]).low)
    assert median_interval([1.0, 2, 3, 4, 5, 6]).low == 1


def test_a_ratio_is_taken_within_pairs() -> None:
    # All double in the second round, so every ratio is 0.5 and there is no spread.
    estimate = ratio_interval([10.0, 20.0] * 3, [20.0, 40.0] * 3)
    assert (estimate.median, estimate.low, estimate.high) == pytest.approx((0.5, 0.5, 0.5))


def test_too_few_values_have_no_interval_and_say_so() -> None:
    assert str(median_interval([1.0, 2.0, 4.0])) == "2.000 (n = 3, too few for an interval)"
