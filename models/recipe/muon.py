"""Muon: momentum whose step is made orthogonal, for the matrices of the layers.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/; the scale of a step after Liu et al. 2025,
https://arxiv.org/abs/2502.16982 (section 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_EPSILON = 1e-7


class Muon(torch.optim.Optimizer):
    """Steps matrices by the orthogonal part of their Nesterov momentum, in float32.

    `torch.optim.Muon` computes in bfloat16, which a processor without bfloat16 arithmetic does twenty times slower than
    float32, and takes one matrix at a time; here equal shapes go through the iteration together.
    """

    def __init__(
        self, parameters: Iterable[torch.Tensor], lr: float, weight_decay: float, momentum: float = 0.95
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Apply the gradients."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[torch.Tensor]] = {}
            for parameter in group["params"]:
                by_shape.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in by_shape.items():
                directions = orthogonal(torch.stack([self._momentum(p, group["momentum"]) for p in parameters]))
                # As long as an AdamW step of equal learning rate would be, whatever the shape.
                length = 0.2 * max(shape) ** 0.5
                for parameter, direction in zip(parameters, directions, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(direction, alpha=-group["lr"] * length)

    def _momentum(self, parameter: torch.Tensor, momentum: float) -> torch.Tensor:
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        average: torch.Tensor = state["momentum"]
        average.lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(average, momentum)


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Return matrices with the same singular vectors and singular values near 1: (N, R, C) in and out.

    Newton–Schulz iteration with the coefficients of Jordan et al., which lead to values between 0.7 and 1.2.
    """
    a, b, c = _COEFFICIENTS
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + _EPSILON)
    tall = x.size(-2) > x.size(-1)
    if tall:
        x = x.mT
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x
