"""Agreement of raters: against the worked example of the paper, and at its ends."""

import math
from random import Random

import pytest

from evals.agreement import agreement, grouped, krippendorff_alpha, mean_difference, mean_rating

# Krippendorff 2011, example C: four observers, twelve units, values missing. Its alpha for ordinal data is 0.815.
OBSERVERS = ("123321412___", "1233224125_3", "_3332342251_", "12332441251_")


def units_of(*observers: str) -> list[list[int]]:
    return [[int(value) for value in unit if value != "_"] for unit in zip(*observers, strict=True)]


def test_the_worked_example_of_the_paper() -> None:
    assert krippendorff_alpha(units_of(*OBSERVERS)) == pytest.approx(0.815, abs=0.0005)


def test_full_agreement_is_1_and_chance_is_0() -> None:
    assert krippendorff_alpha([[1, 1], [3, 3, 3], [5, 5]]) == pytest.approx(1.0)
    random = Random(0)
    found = agreement([[random.randint(1, 5) for _ in range(3)] for _ in range(400)], resamples=100)
    assert found.value == pytest.approx(0, abs=0.06) and found.n == 400
    assert found.low is not None and found.high is not None and found.low < found.value < found.high


def test_two_raters_that_contradict_each_other_are_below_chance() -> None:
    assert krippendorff_alpha([[1, 5], [5, 1], [1, 5], [5, 1]]) < -0.5


def test_a_step_apart_is_nearer_than_the_whole_scale() -> None:
    near = [[1, 2], [2, 2], [4, 5], [5, 5], [3, 3]]
    far = [[1, 5], [2, 2], [4, 5], [5, 5], [3, 3]]
    assert krippendorff_alpha(near) > krippendorff_alpha(far)


def test_where_nobody_can_disagree_there_is_no_figure() -> None:
    assert math.isnan(krippendorff_alpha([])) and math.isnan(krippendorff_alpha([[4, 4], [4, 4]]))
    assert agreement([[1], [5]]).value is None


def test_means_weigh_items_alike_and_differences_are_taken_by_prompt() -> None:
    found = mean_rating({"a": [1, 1, 1, 1], "b": [5]})
    assert (found.value, found.n) == (3.0, 2)
    paired = mean_difference({0: [5, 3], 1: [2], 2: [1]}, {0: [3], 1: [2, 2]})
    assert (paired.value, paired.n) == (0.5, 2)  # of 1 and 0; nobody rated the other answer to prompt 2
    assert mean_difference({0: [1]}, {}).value is None
    assert grouped([("a", 1), ("b", 2), ("a", 3)]) == {"a": [1, 3], "b": [2]}
