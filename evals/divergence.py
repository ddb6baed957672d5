"""How far a candidate has moved from its parent: KL divergence per token, on its own answers to open prompts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.chat import Chat
from evals.statistics import Estimate, bootstrap


@dataclass(frozen=True, slots=True)
class Drift:
    """The divergence on one answer, in nats over all its tokens; the end of the answer is one."""

    nats: float
    tokens: int


MeasureDrift = Callable[[Sequence[tuple[Chat, str]]], Sequence[Drift]]
"""From prompts and the candidate's answers to the divergence on each."""


def kl_per_token(drifts: Sequence[Drift], resamples: int, seed: int) -> Estimate:
    """Nats per token, sum over sum, with a bootstrap over prompts."""
    nats = np.array([drift.nats for drift in drifts], dtype=float)
    tokens = np.array([drift.tokens for drift in drifts], dtype=float)

    def ratio(drawn: NDArray[np.int64]) -> float:
        return float(nats[drawn].sum() / tokens[drawn].sum())

    return bootstrap(ratio, range(len(drifts)), resamples, seed)
