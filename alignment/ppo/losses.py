"""The losses of PPO, token by token (Schulman et al. 2017, arXiv:1707.06347), and what is watched beside them."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class TokenLosses:
    """A loss of each token, and where the clip decided it.

    Attributes:
        losses: (B, T).
        clipped: (B, T) bool, True where the clipped term was the larger loss: no gradient passes there.
    """

    losses: Tensor
    clipped: Tensor


def clipped_policy_loss(logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, cliprange: float) -> TokenLosses:
    """-min(rho A, clip(rho, 1 - eps, 1 + eps) A) with rho = pi(token) / pi_old(token): eq. 7, as a loss.

    Args:
        logprobs: (B, T) of the policy that is trained; carries the gradient.
        old_logprobs: (B, T) of the policy that wrote the answers.
        advantages: (B, T).
        cliprange: eps.
    """
    ratio = torch.exp(logprobs - old_logprobs)
    free = -advantages * ratio
    held = -advantages * ratio.clamp(1 - cliprange, 1 + cliprange)
    return TokenLosses(torch.maximum(free, held), (held > free).detach())


def clipped_value_loss(values: Tensor, old_values: Tensor, returns: Tensor, cliprange: float) -> TokenLosses:
    """0.5 max((V - R)², (clip(V, V_old ± eps) - R)²), as in the code of Schulman et al. 2017 and Ziegler et al. 2019.

    Args:
        values: (B, T) of the critic that is trained; carries the gradient.
        old_values: (B, T) of the critic when the answers were written.
        returns: (B, T).
        cliprange: eps: how far a value may move for one rollout.
    """
    near = old_values + (values - old_values).clamp(-cliprange, cliprange)
    free, held = (values - returns).square(), (near - returns).square()
    return TokenLosses(0.5 * torch.maximum(free, held), (held > free).detach())


def approximate_kl(logprobs: Tensor, old_logprobs: Tensor) -> tuple[Tensor, Tensor]:
    """Two estimates of KL(pi_old | pi) from tokens that pi_old chose (Schulman 2020, "Approximating KL divergence").

    Args:
        logprobs: (B, T) of pi.
        old_logprobs: (B, T) of pi_old.

    Returns:
        k1 = -log rho (B, T), unbiased and noisy, and k3 = rho - 1 - log rho (B, T), unbiased and never negative.
    """
    log_ratio = logprobs - old_logprobs
    return -log_ratio, torch.expm1(log_ratio) - log_ratio


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of (B, T) over the mask; 0 where it is empty."""
    mask = mask.to(values.dtype)
    return (values * mask).sum() / mask.sum().clamp(min=1)
