"""An always-valid test of the difference between two rates: it may be looked at after every vote.

The block e-variables of Turner & Grünwald, "Exact anytime-valid confidence intervals for contingency tables and
beyond" (Statistics & Probability Letters 198, 2023; arXiv:2203.09785), mixed over sizes of the effect (Robbins 1970).
With theta the two arms' rates of the event, the null hypothesis H: theta_canary - theta_live >= delta, and an
alternative theta* chosen from earlier blocks only, a block of n_a outcomes per arm, k_a of them events, is worth

    S = prod_a (theta*_a / theta0_a)^k_a ((1 - theta*_a) / (1 - theta0_a))^(n_a - k_a)

where theta0 is the point of H nearest to theta* in sum_a n_a KL(theta*_a || theta_a). Then E[S] <= 1 under every theta
of H, in each block by itself, so the product over the blocks exceeds 1 / alpha at any time with a chance of at most
alpha (Ville 1939). Why, and what it takes for granted: docs/canary.md.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from server.canary.blocks import Blocks, Counts

Floats = NDArray[np.float64]

EFFECTS = (0.02, 0.05, 0.1, 0.2)
"""How far beyond the null the alternatives lie. Which of them is near the truth costs at most log(4) nats."""

WORSE: Literal[-1] = -1
BETTER: Literal[1] = 1

_EDGE = 0.002
_HALVINGS = 32


def log_e_process(blocks: Blocks, null: ArrayLike, side: Literal[-1, 1]) -> Floats:
    """Returns the evidence against a null hypothesis after each block, as a natural logarithm.

    Args:
        blocks: The outcomes, arrays of (…, blocks).
        null: The difference canary - live at which the null begins, in (-1, 1); broadcast against the blocks.
        side: `WORSE` tests "the difference is at least `null`", `BETTER` tests "it is at most `null`".

    Returns:
        (…, blocks): reject at level alpha once any entry reaches log(1 / alpha).
    """
    start = np.asarray(null, dtype=np.float64)
    logs = [np.cumsum(_log_block(blocks, start, start + side * effect, side), axis=-1) for effect in EFFECTS]
    mixed: Floats = np.logaddexp.reduce(np.stack(logs), axis=0) - np.log(len(EFFECTS))
    return mixed


def confidence_sequence(blocks: Blocks, alpha: float, step: float = 0.01) -> tuple[float, float]:
    """Returns bounds on the difference canary - live that hold at all times together with a chance of 1 - alpha.

    A grid is walked from either end while its differences are rejected; the last rejected one is the bound, and -1 or 1
    where there is none. So a bound is wrong only if the true difference itself was rejected.

    Args:
        blocks: The outcomes, arrays of (blocks,).
        alpha: The chance of being wrong at any time.
        step: Of the grid.
    """
    if blocks.n_canary.shape[-1] == 0:
        return -1.0, 1.0
    grid = np.arange(-1 + step, 1, step)
    limit = np.log(2 / alpha)
    from_below = log_e_process(blocks, grid[:, None], BETTER).max(axis=-1) >= limit
    from_above = log_e_process(blocks, grid[:, None], WORSE).max(axis=-1)[::-1] >= limit
    low = -1 + step * int(np.cumprod(from_below).sum())
    high = 1 - step * int(np.cumprod(from_above).sum())
    return low, high


def nearest(
    live: Floats, canary: Floats, n_live: Counts, n_canary: Counts, difference: Floats
) -> tuple[Floats, Floats]:
    """Returns the rates with canary - live = `difference` that minimise sum_a n_a KL(given_a || rate_a).

    For a difference of 0 that is the weighted mean. Else the sum is convex in the live rate, and halving the bracket
    between the minima of its two terms finds its own.

    Args:
        live: Rates of the live version, in (0, 1).
        canary: Rates of the canary, in (0, 1).
        n_live: Weights.
        n_canary: Weights.
        difference: In (-1, 1); all shapes are broadcast together.
    """
    if not difference.any():
        pooled = (n_live * live + n_canary * canary) / np.maximum(n_live + n_canary, 1)
        both = np.where(n_live + n_canary > 0, pooled, live)
        return both, both
    shifted = canary - difference
    low = np.maximum(np.minimum(live, shifted), np.maximum(0.0, -difference))
    high = np.minimum(np.maximum(live, shifted), np.minimum(1.0, 1.0 - difference))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        other = middle + difference
        slope = n_live * (middle - live) / (middle * (1 - middle)) + n_canary * (other - canary) / (other * (1 - other))
        low, high = np.where(slope > 0, low, middle), np.where(slope > 0, middle, high)
    middle = (low + high) / 2
    return middle, middle + difference


def _log_block(blocks: Blocks, null: Floats, difference: Floats, side: Literal[-1, 1]) -> Floats:
    """(…, blocks) log S of each block, for the alternative that the difference is `difference`."""
    live, canary = _alternative(blocks, difference)
    live_0, canary_0 = nearest(live, canary, blocks.n_live, blocks.n_canary, null)
    log_s = _log_ratio(blocks.k_live, blocks.n_live, live, live_0)
    log_s += _log_ratio(blocks.k_canary, blocks.n_canary, canary, canary_0)
    # At the edge of [0, 1] a clipped alternative can lie within the null: it is nearest to itself, and S = 1.
    return np.where(side * (canary - live - null) > 0, log_s, 0.0)


def _log_ratio(k: Counts, n: Counts, rate: Floats, rate_0: Floats) -> Floats:
    ratio: Floats = k * np.log(rate / rate_0) + (n - k) * np.log((1 - rate) / (1 - rate_0))
    return ratio


def _alternative(blocks: Blocks, difference: Floats) -> tuple[Floats, Floats]:
    """The rates, `difference` apart, that fit the blocks before each block: (…, blocks) live and canary."""
    n_canary, n_live = _before(blocks.n_canary), _before(blocks.n_live)
    k = _before(blocks.k_canary + blocks.k_live)
    fitted = (k + 1 - difference * n_canary) / (n_canary + n_live + 2)
    live = np.clip(fitted, _EDGE, 1 - _EDGE)
    return live, np.clip(live + difference, _EDGE, 1 - _EDGE)


def _before(counts: Counts) -> Counts:
    """(…, blocks) the sum of the blocks before each."""
    total: Counts = np.cumsum(counts, axis=-1) - counts
    return total
