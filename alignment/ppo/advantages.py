"""Generalised advantage estimation over the tokens of an answer (Schulman et al. 2016, arXiv:1506.02438)."""

from collections.abc import Callable

import torch
from torch import Tensor


def generalised_advantages(
    rewards: Tensor, values: Tensor, response_mask: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """Advantages and returns of each token.

        delta_t = r_t + gamma V(s_{t+1}) - V(s_t)           eq. 11, with V = 0 after the last token
        A_t     = delta_t + gamma lam A_{t+1}               eq. 16, as a recursion
        R_t     = A_t + V(s_t)                              what the critic is fitted to

    Args:
        rewards: (B, T) per token.
        values: (B, T) V(s_t), of the state before token t is chosen.
        response_mask: (B, T) bool or 0/1, True for the tokens of the answer; they come first.
        gamma: Discount per token.
        lam: Trades bias against variance: 0 gives eq. 11 alone, 1 the discounted sum of rewards less the value.

    Returns:
        Advantages (B, T) and returns (B, T), 0 where the mask is False; what rewards and values are there is not read.
    """
    mask = response_mask.to(values.dtype)
    rewards, values = rewards * mask, values * mask
    advantages = torch.zeros_like(values)
    following_advantage = values.new_zeros(len(values))
    following_value = values.new_zeros(len(values))
    for t in reversed(range(values.shape[1])):
        delta = rewards[:, t] + gamma * following_value - values[:, t]
        following_advantage = (delta + gamma * lam * following_advantage) * mask[:, t]
        following_value = values[:, t]
        advantages[:, t] = following_advantage
    return advantages, (advantages + values) * mask


def whiten(values: Tensor, mask: Tensor, total: Callable[[Tensor], Tensor] = lambda sums: sums) -> Tensor:
    """Shifts and scales to mean 0 and variance 1 over the mask and all processes.

    Args:
        values: (B, T).
        mask: (B, T) bool or 0/1.
        total: Adds a tensor up over all processes.

    Returns:
        (B, T), 0 where the mask is False.
    """
    mask = mask.to(values.dtype)
    values = values * mask
    added, count = total(torch.stack([values.sum(), mask.sum()])).unbind()
    centred = (values - added / count.clamp(min=1)) * mask
    variance = total(centred.square().sum()) / count.clamp(min=1)
    return centred * torch.rsqrt(variance + 1e-8)


def explained_variance(
    values: Tensor, returns: Tensor, mask: Tensor, total: Callable[[Tensor], Tensor] = lambda sums: sums
) -> float:
    """1 - Var(R - V) / Var(R) over the mask and all processes: 1 for a perfect critic, 0 for a constant one.

    Args:
        values: (B, T).
        returns: (B, T).
        mask: (B, T) bool or 0/1.
        total: Adds a tensor up over all processes.
    """
    mask = mask.to(values.dtype)
    errors = returns - values
    sums = total(
        torch.stack(
            [
                mask.sum(),
                (errors * mask).sum(),
                (errors.square() * mask).sum(),
                (returns * mask).sum(),
                (returns.square() * mask).sum(),
            ]
        ).double()
    )
    count, error, error2, value, value2 = sums.tolist()
    variance = value2 / count - (value / count) ** 2
    return 1 - (error2 / count - (error / count) ** 2) / variance if variance > 1e-12 else 0.0
