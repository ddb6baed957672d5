"""How well a score ranks and how far its probabilities can be trusted; intervals are in `evals/statistics.py`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evals.statistics import Floats


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


def pairs_within(scores: Floats, positive: NDArray[np.bool_], groups: Sequence[object]) -> tuple[Floats, Floats]:
    """Counts pairs of a positive and a negative row of the same group, and those in which the positive scores higher.

    Args:
        scores: (n,).
        positive: (n,) bool.
        groups: (n,) what each row belongs to.

    Returns:
        For each group that has both: pairs that are ranked right, a tie counting half, and all pairs.
    """
    rows: dict[object, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    right, whole = [], []
    for members in rows.values():
        here, up = scores[members], positive[members]
        if 0 < (liked := int(up.sum())) < len(members):
            whole.append(float(liked * (len(members) - liked)))
            right.append(whole[-1] * auroc(here, up))
    return np.array(right), np.array(whole)


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
