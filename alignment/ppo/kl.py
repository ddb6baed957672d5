"""The leash: distance from the reference as a cost of each token, and who decides how dear it is.

Ziegler et al. 2019, "Fine-tuning language models from human preferences", arXiv:1909.08593, section 2.2.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


def token_rewards(
    scores: Tensor, logprobs: Tensor, ref_logprobs: Tensor, response_mask: Tensor, kl_coef: float
) -> Tensor:
    """R(x, y) = score(x, y) - beta log(pi(y|x) / rho(y|x)), spread over the tokens (Ziegler et al. 2019, eq. 2).

    Every token pays its own share of the logarithm; the last one is paid the score.

    Args:
        scores: (B,) per answer.
        logprobs: (B, T) of the policy that wrote the answers.
        ref_logprobs: (B, T) of the reference.
        response_mask: (B, T) bool or 0/1; each row has at least one token.
        kl_coef: beta.

    Returns:
        (B, T) rewards, 0 where the mask is False.
    """
    mask = response_mask.to(logprobs.dtype)
    rewards = -kl_coef * (logprobs - ref_logprobs) * mask
    last = mask.sum(1).long() - 1
    rewards[torch.arange(len(rewards), device=rewards.device), last] += scores.to(rewards.dtype)
    return rewards


def sequence_kl(logprobs: Tensor, ref_logprobs: Tensor, response_mask: Tensor) -> Tensor:
    """(B,) nats: log(pi(y|x) / rho(y|x)), whose mean over answers of the policy is the KL divergence."""
    mask = response_mask.to(logprobs.dtype)
    return ((logprobs - ref_logprobs) * mask).sum(1)


@dataclass(slots=True)
class KLController:
    """Proportional control of beta towards a target (Ziegler et al. 2019, section 2.2).

        e    = clip((KL - target) / target, -0.2, 0.2)
        beta = beta (1 + e n / horizon)

    Attributes:
        kl_coef: beta, per nat.
        target: Nats per answer.
        horizon: Answers; n of the formula is the answers of a rollout.
    """

    kl_coef: float
    target: float
    horizon: float

    def update(self, kl: float, answers: int) -> None:
        """Corrects beta after a rollout of `answers` with this mean `kl`."""
        error = min(0.2, max(-0.2, kl / self.target - 1))
        self.kl_coef *= 1 + error * answers / self.horizon


def bounded_score(reward: float, reference: float, bound: float) -> float:
    """Centred on the reference's answer to the same prompt: bound tanh((r(x, y) - r(x, y_ref)) / bound).

    Centred, a score says "better than the parent" on every prompt, easy or hard. Bounded, one answer that fools the
    reward model cannot rule a rollout.
    """
    return bound * math.tanh((reward - reference) / bound)
