"""How far raters agree: Krippendorff's alpha for ordered categories, and what people's ratings say of two versions."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evals.statistics import Estimate, bootstrap

Thing = TypeVar("Thing", bound=Hashable)

Units = Sequence[Sequence[int]]
"""Of each thing that was rated, the ratings that it got."""


def krippendorff_alpha(units: Units) -> float:
    """1 where raters agree in full, 0 where they agree as chance would have it; NaN where nothing can disagree.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability" (University of Pennsylvania, ASC), sections C and D:
    alpha = 1 - D_observed / D_expected over the matrix of coincidences o_ck, in which a unit with m ratings counts
    each ordered pair of them 1 / (m - 1) times, with the difference of ordered categories

        delta_ck^2 = (sum of n_g over g from c to k, less (n_c + n_k) / 2)^2.

    Args:
        units: A unit with fewer than two ratings says nothing about agreement and is left out.
    """
    coincidences: defaultdict[tuple[int, int], float] = defaultdict(float)
    for ratings in units:
        for pair in permutations(ratings, 2):
            coincidences[pair] += 1 / (len(ratings) - 1)
    values = sorted({value for pair in coincidences for value in pair})
    if len(values) < 2:
        return float("nan")
    matrix = np.array([[coincidences[c, k] for k in values] for c in values])
    counts = matrix.sum(axis=1)
    differences = _ordinal(counts)
    expected = (np.outer(counts, counts) * differences).sum()
    return float(1 - (counts.sum() - 1) * (matrix * differences).sum() / expected)


def agreement(units: Units, resamples: int = 1000, seed: int = 17) -> Estimate:
    """Alpha with a bootstrap over units; n are those with two ratings or more."""
    shared = [list(ratings) for ratings in units if len(ratings) > 1]

    def alpha(drawn: NDArray[np.int64]) -> float:
        return krippendorff_alpha([shared[i] for i in drawn])

    return bootstrap(alpha, range(len(shared)), resamples, seed)


def mean_rating(by_item: Mapping[str, Sequence[int]], resamples: int = 2000, seed: int = 17) -> Estimate:
    """Mean over items of their mean ratings, with a bootstrap over items.

    Args:
        by_item: The ratings that each got, one at least.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
    """
    means = np.array([np.mean(ratings) for ratings in by_item.values()], dtype=float)
    return bootstrap(lambda drawn: float(means[drawn].mean()), range(len(means)), resamples, seed)


def mean_difference(
    ours: Mapping[int, Sequence[int]], theirs: Mapping[int, Sequence[int]], resamples: int = 2000, seed: int = 17
) -> Estimate:
    """Of two versions' mean ratings, on the prompts of which both answers were rated; with a bootstrap over prompts."""
    shared = sorted(ours.keys() & theirs.keys())
    differences = np.array([np.mean(ours[place]) - np.mean(theirs[place]) for place in shared], dtype=float)
    return bootstrap(lambda drawn: float(differences[drawn].mean()), range(len(shared)), resamples, seed)


def grouped(rows: Iterable[tuple[Thing, int]]) -> dict[Thing, list[int]]:
    """Ratings by what they are of."""
    found: defaultdict[Thing, list[int]] = defaultdict(list)
    for thing, rating in rows:
        found[thing].append(rating)
    return dict(found)


def _ordinal(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """delta_ck^2 for all pairs of categories."""
    below = np.concatenate([[0.0], np.cumsum(counts)])
    size = len(counts)
    between = np.array([[below[max(c, k) + 1] - below[min(c, k)] for k in range(size)] for c in range(size)])
    found: NDArray[np.float64] = (between - (counts[:, None] + counts[None, :]) / 2) ** 2
    return found
