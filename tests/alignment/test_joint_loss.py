"""The reward model's loss against values worked by hand and an implementation in plain Python."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.reward_model.loss import Judgements, LossSettings, joint_loss, judgement_logits


def _judgements(is_pair: list[bool], label: list[float], weight: list[float], rater: list[int]) -> Judgements:
    double = torch.float64  # as plain Python counts: the comparison is of formulas, not of roundings
    return Judgements(
        torch.tensor(is_pair),
        torch.tensor(label, dtype=double),
        torch.tensor(weight, dtype=double),
        torch.tensor(rater),
    )


def test_log_odds_of_a_pair_and_of_a_thumb() -> None:
    judgements = _judgements([True, False, False], [1.0, 1.0, 0.0], [1.0] * 3, [0, 1, -1])
    logits = judgement_logits(
        torch.tensor([2.0, 0.5, 0.5]),
        torch.tensor([0.5, 99.0, 99.0]),
        judgements,
        torch.tensor(0.25),
        torch.tensor([7.0, -1.0]),
        pair_temperature=2.0,
    )
    assert logits.tolist() == [3.0, -0.25, 0.75]


def test_loss_of_two_judgements_worked_by_hand() -> None:
    """Log-odds ln 3 make P = 3/4, and smoothing 0.1 the targets 0.9 and 0.1."""
    judgements = _judgements([True, False], [1.0, 0.0], [1.5, 0.5], [0, 0])
    logits = torch.tensor([math.log(3), math.log(3)])
    first = -(0.9 * math.log(0.75) + 0.1 * math.log(0.25))
    second = -(0.1 * math.log(0.75) + 0.9 * math.log(0.25))
    prior = 0.5 * (2.0**2 + 1.0**2) / 10
    got = joint_loss(logits, judgements, torch.tensor([2.0, -1.0]), 10.0, LossSettings(1.0, 0.1, 0.5))
    assert got.item() == pytest.approx((1.5 * first + 0.5 * second) / 2 + prior, rel=1e-6)


@given(
    st.lists(
        st.tuples(
            st.floats(-5, 5), st.booleans(), st.booleans(), st.floats(0.1, 3), st.integers(-1, 2), st.floats(-5, 5)
        ),
        min_size=1,
        max_size=8,
    ),
    st.floats(-2, 2),
    st.floats(0, 0.4),
)
@settings(max_examples=60)
def test_loss_equals_plain_python(rows: list[tuple], intercept: float, smoothing: float) -> None:
    biases = [0.5, -1.0, 2.0]
    total = 0.0
    for first, pair, liked, weight, rater, second in rows:
        odds = 2 * (first - second) if pair else first + intercept + (biases[rater] if rater >= 0 else 0.0)
        probability = 1 / (1 + math.exp(-odds))
        target = smoothing + (1 - 2 * smoothing) * liked
        total -= weight * (target * math.log(probability) + (1 - target) * math.log(1 - probability))
    expected = total / len(rows) + 0.3 * sum(u * u for u in biases) / 40
    columns = list(zip(*rows, strict=True))
    judgements = _judgements(
        list(columns[1]), [float(liked) for liked in columns[2]], list(columns[3]), list(columns[4])
    )
    odds_of = judgement_logits(
        torch.tensor(columns[0], dtype=torch.float64),
        torch.tensor(columns[5], dtype=torch.float64),
        judgements,
        torch.tensor(intercept, dtype=torch.float64),
        torch.tensor(biases, dtype=torch.float64),
        2.0,
    )
    got = joint_loss(
        odds_of, judgements, torch.tensor(biases, dtype=torch.float64), 40.0, LossSettings(2.0, smoothing, 0.3)
    )
    assert got.item() == pytest.approx(expected, rel=1e-5)


def test_a_rater_with_few_thumbs_is_shrunk_more_than_one_with_many() -> None:
    """Both say yes to everything; the posterior of u after 2 thumbs lies nearer to 0 than after 50."""
    raters = [0] * 2 + [1] * 50
    judgements = _judgements([False] * 52, [1.0] * 52, [1.0] * 52, raters)
    biases = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.LBFGS([biases], max_iter=100)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        zeros = torch.zeros(52)
        odds = judgement_logits(zeros, zeros, judgements, torch.tensor(0.0), biases, 1.0)
        loss = joint_loss(odds, judgements, biases, 52.0, LossSettings(1.0, 0.0, 0.5))
        loss.backward()
        return loss

    optimizer.step(closure)
    few, many = biases.tolist()
    assert 0 < few < many
    # At the optimum of thumbs(1 - p) = u, the derivative of the log posterior with a standard normal prior.
    assert few == pytest.approx(2 * (1 - 1 / (1 + math.exp(-few))), abs=1e-3)
