"""The clipped losses, the KL in the reward and its controller, against values worked by hand and numpy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.ppo.kl import KLController, bounded_score, sequence_kl, token_rewards
from alignment.ppo.losses import approximate_kl, clipped_policy_loss, clipped_value_loss, masked_mean


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "clipped"),
    [
        (1.5, 2.0, -2.4, True),  # a good token is pushed up by at most 1 + 0.2
        (0.5, 2.0, -1.0, False),  # below the range it is pulled back freely
        (0.5, -2.0, 1.6, True),  # a bad token is pushed down by at most 1 - 0.2
        (1.5, -2.0, 3.0, False),
        (1.0, 3.0, -3.0, False),
    ],
)
def test_clipped_policy_loss_worked_by_hand(ratio: float, advantage: float, loss: float, clipped: bool) -> None:
    new = torch.tensor([[math.log(ratio)]], requires_grad=True)
    got = clipped_policy_loss(new, torch.zeros(1, 1), torch.tensor([[advantage]]), 0.2)
    assert got.losses.item() == pytest.approx(loss, rel=1e-6)
    assert got.clipped.item() is clipped
    got.losses.sum().backward()
    assert new.grad is not None
    assert (new.grad.item() == 0) is clipped


@pytest.mark.parametrize(
    ("value", "old", "target", "loss"),
    [(1.0, 0.0, 2.0, 0.5 * 1.8**2), (0.1, 0.0, 2.0, 0.5 * 1.9**2), (-1.0, 0.0, 2.0, 0.5 * 3.0**2)],
)
def test_clipped_value_loss_worked_by_hand(value: float, old: float, target: float, loss: float) -> None:
    tensors = (torch.tensor([[number]]) for number in (value, old, target))
    assert clipped_value_loss(*tensors, 0.2).losses.item() == pytest.approx(loss, rel=1e-6)


@given(st.integers(0, 2**31))
@settings(max_examples=40)
def test_losses_equal_numpy(seed: int) -> None:
    random = np.random.default_rng(seed)
    new, old, advantages, returns = (random.normal(size=(3, 4)) for _ in range(4))
    tensors = [torch.tensor(part) for part in (new, old, advantages, returns)]
    ratio = np.exp(new - old)
    policy = np.maximum(-ratio * advantages, -np.clip(ratio, 0.8, 1.2) * advantages)
    near = old + np.clip(new - old, -0.3, 0.3)
    value = 0.5 * np.maximum((new - returns) ** 2, (near - returns) ** 2)
    np.testing.assert_allclose(clipped_policy_loss(*tensors[:3], 0.2).losses.numpy(), policy, rtol=1e-9)
    np.testing.assert_allclose(
        clipped_value_loss(tensors[0], tensors[1], tensors[3], 0.3).losses.numpy(), value, rtol=1e-9
    )


def test_both_kl_estimates_have_the_true_divergence_as_their_mean() -> None:
    """Over all tokens of a distribution of four, weighted by their probability, and not over samples."""
    old, new = torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([0.25, 0.25, 0.25, 0.25])
    true = (old * (old / new).log()).sum()
    for estimate in approximate_kl(new.log(), old.log()):
        torch.testing.assert_close((old * estimate).sum(), true)
    assert (approximate_kl(new.log(), old.log())[1] >= 0).all()


def test_every_token_pays_its_kl_and_the_last_one_is_paid_the_score() -> None:
    logprobs = torch.tensor([[-1.0, -2.0, 9.0], [-1.0, -1.0, -1.0]])
    reference = torch.tensor([[-1.5, -1.0, 0.0], [-1.0, -2.0, -1.0]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    got = token_rewards(torch.tensor([5.0, -1.0]), logprobs, reference, mask, kl_coef=0.1)
    torch.testing.assert_close(got, torch.tensor([[-0.05, 0.1 + 5.0, 0.0], [0.0, -0.1, -1.0]]))
    torch.testing.assert_close(sequence_kl(logprobs, reference, mask), torch.tensor([-0.5, 1.0]))


def test_controller_follows_ziegler() -> None:
    """By hand: KL 9 of target 6 is an error of 0.5, clipped to 0.2; 64 answers of a horizon of 640 make 2 %."""
    controller = KLController(kl_coef=0.05, target=6.0, horizon=640)
    controller.update(9.0, 64)
    assert controller.kl_coef == pytest.approx(0.05 * 1.02)
    controller.update(5.4, 64)
    assert controller.kl_coef == pytest.approx(0.05 * 1.02 * 0.99)


def test_bounded_score_is_centred_odd_and_bounded() -> None:
    assert bounded_score(1.5, 1.5, 4.0) == 0
    assert bounded_score(0.5, 0.4, 4.0) == pytest.approx(0.1, rel=1e-3)
    assert bounded_score(500.0, 0.0, 4.0) == pytest.approx(4.0)
    assert bounded_score(3.0, 1.0, 4.0) == -bounded_score(1.0, 3.0, 4.0)


def test_masked_mean_does_not_read_what_is_masked() -> None:
    assert masked_mean(torch.tensor([[1.0, 3.0, 1e9]]), torch.tensor([[1, 1, 0]])).item() == 2
