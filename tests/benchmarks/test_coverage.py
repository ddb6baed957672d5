"""The coverage benchmark counts what it should, and can fail."""

from benchmarks.coverage import Coverage, Truth, cover


def test_about_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    found = cover(Truth(0.6, 0.1), n=100, cases=200, seed=3, resamples=300)
    assert (found.n, found.cases) == (100, 200)
    assert 180 <= found.held <= 199  # 190 are expected, with a standard deviation of 3


def test_a_truth_that_never_varies_has_an_interval_without_width() -> None:
    found = cover(Truth(0.0, 1.0), n=20, cases=5, seed=0, resamples=50)
    assert (found.held, found.width) == (5, 0.0)


def test_intervals_that_hold_it_too_seldom_or_too_often_are_not_good() -> None:
    found = [Coverage(Truth(0.5, 0.0), 200, 1000, held, 0.1) for held in (929, 930, 970, 971)]
    assert [row.good for row in found] == [False, True, True, False]
