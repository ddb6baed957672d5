"""GAE, returns and whitening, against sums worked by hand and the closed form of the paper."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.ppo.advantages import explained_variance, generalised_advantages, whiten


def test_gae_of_three_tokens_worked_by_hand() -> None:
    """With gamma 0.5 and lam 0.5: delta_2 = 4 - 2 = 2, delta_1 = 0 + 0.5·2 - 1 = 0, delta_0 = 1 + 0.5·1 - 3 = -1.5."""
    rewards, values = torch.tensor([[1.0, 0.0, 4.0]]), torch.tensor([[3.0, 1.0, 2.0]])
    advantages, returns = generalised_advantages(rewards, values, torch.ones(1, 3), gamma=0.5, lam=0.5)
    assert advantages.tolist() == [[-1.5 + 0.25 * 0.5, 0.5, 2.0]]
    assert returns.tolist() == [[1.625, 1.5, 4.0]]


@given(st.integers(1, 8), st.floats(0.5, 1), st.floats(0, 1), st.integers(0, 2**31))
@settings(max_examples=60)
def test_gae_equals_the_sum_of_the_paper(length: int, gamma: float, lam: float, seed: int) -> None:
    """Schulman et al. 2016, eq. 16: A_t is the sum of (gamma lam)^l delta_{t+l}."""
    random = np.random.default_rng(seed)
    rewards, values = random.normal(size=length), random.normal(size=length)
    following = np.append(values[1:], 0.0)
    deltas = rewards + gamma * following - values
    expected = [sum((gamma * lam) ** k * deltas[t + k] for k in range(length - t)) for t in range(length)]
    got, _ = generalised_advantages(
        torch.tensor(rewards)[None], torch.tensor(values)[None], torch.ones(1, length), gamma, lam
    )
    np.testing.assert_allclose(got[0].numpy(), expected, rtol=1e-9, atol=1e-12)


def test_with_lam_one_returns_are_the_discounted_rewards() -> None:
    rewards, values = torch.tensor([[1.0, 2.0, 3.0]]), torch.randn(1, 3)
    _, returns = generalised_advantages(rewards, values, torch.ones(1, 3), gamma=0.9, lam=1.0)
    torch.testing.assert_close(returns, torch.tensor([[1 + 0.9 * 2 + 0.81 * 3, 2 + 0.9 * 3, 3.0]]))


@given(st.integers(1, 6), st.integers(0, 5), st.integers(0, 2**31))
@settings(max_examples=60)
def test_padding_changes_no_advantage_and_no_whitened_value(length: int, padding: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    rewards, values = torch.randn(2, length, generator=generator), torch.randn(2, length, generator=generator)
    mask = torch.ones(2, length)
    junk = torch.full((2, padding), 1e6)
    padded = [torch.cat([part, junk], 1) for part in (rewards, values)]
    padded_mask = torch.cat([mask, torch.zeros(2, padding)], 1)
    expected = generalised_advantages(rewards, values, mask, 0.99, 0.95)
    got = generalised_advantages(*padded, padded_mask, 0.99, 0.95)
    for wanted, found in zip(expected, got, strict=True):
        torch.testing.assert_close(found[:, :length], wanted)
        assert not found[:, length:].any()
    torch.testing.assert_close(whiten(padded[0], padded_mask)[:, :length], whiten(rewards, mask))


def test_whitened_values_have_mean_zero_and_variance_one_over_the_mask() -> None:
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    white = whiten(torch.randn(2, 3) * 7 + 5, mask)
    kept = white[mask.bool()]
    assert kept.mean().item() == pytest.approx(0, abs=1e-6)
    assert kept.var(unbiased=False).item() == pytest.approx(1, abs=1e-4)


def test_whitening_two_processes_equals_whitening_their_rows_together() -> None:
    """The total over processes is played by adding what the other one would send."""
    rows, mask = torch.randn(4, 5), (torch.rand(4, 5) > 0.3).float()
    whole = whiten(rows, mask)
    for mine, other in ((slice(0, 2), slice(2, 4)), (slice(2, 4), slice(0, 2))):
        mean = (rows * mask).sum() / mask.sum()
        sent = iter(
            [
                torch.stack([(rows[other] * mask[other]).sum(), mask[other].sum()]),
                (((rows[other] - mean) * mask[other]) ** 2).sum(),
            ]
        )
        got = whiten(rows[mine], mask[mine], lambda sums, sent=sent: sums + next(sent))
        torch.testing.assert_close(got, whole[mine], rtol=1e-5, atol=1e-6)


def test_explained_variance_is_one_for_a_perfect_critic_and_zero_for_a_constant_one() -> None:
    returns, mask = torch.randn(3, 4), torch.ones(3, 4)
    assert explained_variance(returns, returns, mask) == pytest.approx(1)
    assert explained_variance(torch.full((3, 4), 2.0), returns, mask) == pytest.approx(0, abs=1e-6)
