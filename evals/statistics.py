"""Intervals and tests: every figure comes with n and a 95 % interval. numpy only; seeds are passed in."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import comb, lgamma, sqrt

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ledger import intervals

Floats = NDArray[np.float64]


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
    low, high = intervals.wilson(hits, n)
    return Estimate(value=hits / n, low=low, high=high, n=n, method="Wilson")


def counted(count: int, n: int) -> Estimate:
    """A count that was taken in full, so that it has no spread: its interval is itself.

    Args:
        count: How many were found.
        n: How many were looked at.
    """
    return Estimate(value=float(count), low=float(count), high=float(count), n=n, method="count")


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


def mean_interval(values: Floats, resamples: int, seed: int) -> Estimate:
    """The mean of one value per prompt with its percentile bootstrap interval.

    For a paired comparison the values are differences, or outcomes of 1, 0.5 and 0, of two models on the same prompts.

    Args:
        values: (n,) one for each prompt; NaN makes the figure undefined.
        resamples: How many times the prompts are drawn; resamples · n numbers are held at once.
        seed: Of the drawing.
    """
    n, method = len(values), "paired bootstrap by prompt"
    if n == 0 or not np.isfinite(values).all():
        return Estimate(value=None, low=None, high=None, n=n, method=method)
    drawn = np.random.default_rng(seed).integers(n, size=(resamples, n))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return Estimate(value=float(values.mean()), low=float(low), high=float(high), n=n, method=method)


def standard_error(values: Sequence[float]) -> float | None:
    """Of the mean: s / √n with s² over n - 1; None for fewer than two values."""
    if len(values) < 2:
        return None
    return float(np.std(values, ddof=1) / sqrt(len(values)))


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of the exact McNemar test (McNemar 1947): the discordant pairs against a fair coin.

    Args:
        only_first: Items that only the first model has right.
        only_second: Items that only the second has right.

    Returns:
        min(1, 2 · P(X ≤ min)), X ~ Binomial(only_first + only_second, 1/2); 1 without discordant pairs.
    """
    return min(1.0, 2 * upper_tail(max(only_first, only_second), only_first + only_second))


def upper_tail(hits: int, n: int) -> float:
    """P(X ≥ hits) for X ~ Binomial(n, 1/2), exactly."""
    return float(sum(comb(n, k) for k in range(hits, n + 1)) / 2**n)


def clopper_pearson(hits: int, n: int) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper & Pearson 1934): all rates that a test of each end does not reject.

    Raises:
        ValueError: There are no rows, so there is no share.
    """
    if n < 1:
        raise ValueError(f"A share of {n} rows has no interval.")
    logs = np.array([lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) for k in range(n + 1)])
    counts = np.arange(n + 1)

    def tail(first: int, rate: float) -> float:
        """P(X ≥ first) for X ~ Binomial(n, rate)."""
        return float(np.exp(logs + counts * np.log(rate) + (n - counts) * np.log1p(-rate))[first:].sum())

    low = 0.0 if hits == 0 else _where(partial(tail, hits), 0.025)
    high = 1.0 if hits == n else _where(partial(tail, hits + 1), 0.975)
    return low, high


def _where(rising: Callable[[float], float], level: float) -> float:
    """The point of (0, 1) at which a rising function reaches a level, by halving."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return (low + high) / 2


def bradley_terry(wins: Mapping[tuple[str, str], float], *, tolerance: float = 1e-10) -> dict[str, float]:
    """Strengths of the Bradley-Terry model, P(i beats j) = sigmoid(s_i - s_j), by the MM algorithm.

    Hunter 2004 (Ann. Statist. 32:384), equation 3: p_i ← W_i / Σ_j N_ij / (p_i + p_j).

    Args:
        wins: By (winner, loser), how many times; a tie is half a win each way.
        tolerance: Largest change of a log-strength in the last step.

    Returns:
        s by name, in natural logarithms, with mean 0.

    Raises:
        ValueError: The strengths are not finite or not determined: somebody cannot be reached from somebody else by a
            chain of wins (Ford 1957).
    """
    names = sorted({name for pair in wins for name in pair})
    place = {name: index for index, name in enumerate(names)}
    won = np.zeros((len(names), len(names)))
    for (winner, loser), count in wins.items():
        won[place[winner], place[loser]] += count
    reached = (won > 0) | np.eye(len(names), dtype=bool)
    for _ in names:
        reached = (reached.astype(int) @ reached.astype(int)) > 0
    if not reached.all():
        raise ValueError("the comparisons do not connect everybody by wins both ways")
    games, total = won + won.T, won.sum(axis=1)
    strength = np.ones(len(names))
    change = np.inf
    while change > tolerance:
        new = total / (games / (strength[:, None] + strength[None, :])).sum(axis=1)
        new /= np.exp(np.log(new).mean())
        change = float(np.abs(np.log(new) - np.log(strength)).max())
        strength = new
    return dict(zip(names, np.log(strength).tolist(), strict=True))
