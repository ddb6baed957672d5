"""Divergence per token: every token weighs the same, and what is broken gives no figure."""

import pytest

from evals.divergence import Drift, kl_per_token


def test_tokens_weigh_the_same_in_short_and_long_answers() -> None:
    found = kl_per_token([Drift(2.0, 1), Drift(1.0, 9)], 200, 0)
    assert found.value == pytest.approx(0.3) and found.n == 2  # 3 nats over 10 tokens
    assert (found.low, found.high) == pytest.approx((1 / 9, 2.0))


def test_broken_or_no_answers_have_no_figure() -> None:
    assert kl_per_token([Drift(float("nan"), 5), Drift(1.0, 5)], 50, 0).value is None
    assert kl_per_token([], 50, 0).value is None
