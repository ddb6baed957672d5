"""Percentiles, and medians with intervals that no outlier moves."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A median with its interval of at least 95 %, over `n` measurements; fewer than 6 have none (NaN)."""

    median: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if math.isnan(self.low):
            return f"{self.median:.3f} (n = {self.n}, too few for an interval)"
        return f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("there is no percentile of nothing")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median_interval(values: Sequence[float]) -> Estimate:
    """The median of the values with the sign test's interval, which assumes nothing but independent measurements.

    The machine is shared with others: a mean would report its worst seconds.
    """
    ordered, n = sorted(values), len(values)
    median = statistics.median(ordered)
    # The largest k for which P(fewer than k of n coin tosses are heads) stays within 2.5 %.
    k, below = 0, 0.5**n
    while below <= 0.025:
        k += 1
        below += math.comb(n, k) * 0.5**n
    if k == 0:
        return Estimate(median, math.nan, math.nan, n)
    return Estimate(median, ordered[k - 1], ordered[n - k], n)


def ratio_interval(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """The median of paired ratios with its interval."""
    return median_interval([a / b for a, b in zip(numerators, denominators, strict=True)])
