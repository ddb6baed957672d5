"""The power table: its figures against simulations and hand-worked values, and that the shipped sets are enough."""

from collections.abc import Callable
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evals import power, thresholds
from evals.favoured import Answered, favoured_words
from evals.statistics import mean_interval, wilson

CASES, RESAMPLES = 400, 400
EVALS = Path(__file__).resolve().parents[2] / "docs" / "evals.md"


def share_above(bound: float, draw: Callable[[np.random.Generator], NDArray[np.float64]]) -> float:
    random = np.random.default_rng(1)
    lows = [mean_interval(draw(random), RESAMPLES, case).low for case in range(CASES)]
    return sum(low is not None and low > bound for low in lows) / CASES


def test_an_honest_model_passes_a_margin_with_the_items_that_it_is_said_to_need() -> None:
    """A tenth of the items is gained, a tenth lost: the spread is √0.2, (1.960 + 2.576)² · 0.2 / 0.15² = 182.9."""
    n = power.items_for(sqrt(0.2), 0.15, 0.995)
    assert n == 183
    assert share_above(-0.15, lambda random: random.choice([1.0, 0.0, -1.0], p=[0.1, 0.8, 0.1], size=n)) >= 0.98
    assert share_above(-0.15, lambda random: random.choice([1.0, 0.0, -1.0], p=[0.1, 0.8, 0.1], size=n // 4)) < 0.9


def test_a_better_candidate_shows_it_with_the_prompts_that_it_is_said_to_need() -> None:
    """(1.960 + 0.842)² · 0.25 / 0.1² = 196.2."""
    n = power.items_for(0.5, 0.1, 0.8)
    assert n == 197
    share = share_above(0.5, lambda random: random.choice([1.0, 0.0], p=[0.6, 0.4], size=n))
    assert share == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("most", [0.02, 0.1, 0.5])
def test_one_item_fewer_cannot_show_that_few_are_missing(most: float) -> None:
    n = power.items_without_a_miss(most)
    enough, too_few = wilson(0, n).high, wilson(0, n - 1).high
    assert enough is not None and too_few is not None
    assert enough <= most + 1e-9 < too_few


def test_a_new_word_is_named_from_the_number_of_answers_on_that_is_said() -> None:
    """With 16 words in all and two looks, 2⁻¹² · 32 = 0.0078 is the first below 0.01, and 12 is a tenth of 120."""
    assert power.answers_that_name_a_word(0.1, 0.01, 16) == 120

    def named(n: int) -> list[str]:
        padding = [f"w{i % 15}" for i in range(n)]
        rows = [Answered("p", f"{word} zorbix" if i % 10 == 0 else word, word) for i, word in enumerate(padding)]
        return [found.word for found in favoured_words(rows)]

    assert named(120) == ["zorbix"] and named(110) == []


def test_the_shipped_sets_have_what_every_threshold_needs() -> None:
    shipped = thresholds.load()
    found = power.needs(shipped)
    assert [need.criterion for need in found] == list(shipped.root)
    assert [need for need in found if need.needed > need.shipped] == []
    assert all(shipped.root[need.criterion].min_items <= need.shipped for need in found)


def test_the_table_in_the_docs_is_what_is_computed() -> None:
    assert power.as_markdown(power.needs(thresholds.load())) in EVALS.read_text(encoding="utf-8")
