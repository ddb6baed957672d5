"""How well a score ranks and how far its probabilities can be trusted, each with n and a 95 % interval."""

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Floats = NDArray[np.float64]
Z95 = 1.959964


class Estimate(BaseModel):
    """A figure from a sample.

    Attributes:
        value: The figure; None where the sample has none (no rows, or one class only).
        low: Lower end of the 95 % interval.
        high: Upper end.
        n: Rows that it was computed from.
        method: Of the interval.
    """

    model_config = ConfigDict(frozen=True)

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str

    def __str__(self) -> str:
        """As it stands in a report: `0.640 (0.601 to 0.677, n = 612)`."""
        if self.value is None:
            return f"none (n = {self.n})"
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (n = {self.n})"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n = {self.n})"


def wilson(hits: float, n: int) -> Estimate:
    """The share `hits / n` with Wilson's score interval (Wilson 1927); a tie may count as half a hit."""
    if n == 0:
        return Estimate(value=None, low=None, high=None, n=0, method="Wilson")
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Estimate(value=share, low=max(0.0, centre - half), high=min(1.0, centre + half), n=n, method="Wilson")


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], float], groups: Sequence[object], resamples: int, seed: int
) -> Estimate:
    """A figure with its percentile bootstrap interval, where rows of one group are drawn together.

    Rows that share a prompt are not independent, so whole prompts are drawn (the cluster bootstrap; Davison & Hinkley
    1997, section 2.4). Resamples in which the figure is not defined (NaN) are left out.

    Args:
        statistic: From row numbers (repeats allowed) to the figure.
        groups: (n,) what each row belongs to.
        resamples: How many times the groups are drawn.
        seed: Of the drawing.
    """
    n, method = len(groups), "bootstrap by prompt"
    value = statistic(np.arange(n)) if n else float("nan")
    if np.isnan(value):
        return Estimate(value=None, low=None, high=None, n=n, method=method)
    members: dict[object, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    clusters = [np.array(rows) for rows in members.values()]
    random = np.random.default_rng(seed)
    drawn = (
        statistic(np.concatenate([clusters[i] for i in random.integers(len(clusters), size=len(clusters))]))
        for _ in range(resamples)
    )
    defined = [figure for figure in drawn if not np.isnan(figure)]
    if len(defined) < resamples / 2:
        return Estimate(value=value, low=None, high=None, n=n, method=method)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(value=value, low=float(low), high=float(high), n=n, method=method)


def auroc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """The chance that a positive row scores above a negative one, a tie counting half (Mann & Whitney 1947).

    Args:
        scores: (n,).
        positive: (n,) bool.

    Returns:
        In [0, 1]; NaN when there is one class only.
    """
    up = int(positive.sum())
    down = len(positive) - up
    if up == 0 or down == 0:
        return float("nan")
    return float((ranks(scores)[positive].sum() - up * (up + 1) / 2) / (up * down))


def ranks(values: Floats) -> Floats:
    """(n,) ranks from 1, ties sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank: Floats = last - (counts - 1) / 2
    return mean_rank[inverse]


def calibration_bins(probabilities: Floats, outcomes: Floats, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean probability, share of outcomes and number of rows of each non-empty bin of equal width."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    found = []
    for index in range(bins):
        here = place == index
        if here.any():
            found.append((float(probabilities[here].mean()), float(outcomes[here].mean()), int(here.sum())))
    return found


def expected_calibration_error(probabilities: Floats, outcomes: Floats, bins: int = 10) -> float:
    """Σ (n_b / n) · |outcome_b - probability_b| over bins of equal width (Guo et al. 2017, arXiv:1706.04599, eq. 3).

    Args:
        probabilities: (n,) of the outcome, in [0, 1].
        outcomes: (n,) 0 or 1.
        bins: How many.

    Returns:
        In [0, 1]; NaN without rows.
    """
    if len(probabilities) == 0:
        return float("nan")
    table = calibration_bins(probabilities, outcomes, bins)
    return sum(count * abs(share - mean) for mean, share, count in table) / len(probabilities)


def spearman(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation; NaN where one of the two is constant or there are fewer than three rows."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])
