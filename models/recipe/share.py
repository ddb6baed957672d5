"""A share with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_Z = 1.959964

Decision = Literal["met", "not shown", "missed"]


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``n``, with the 95 % Wilson score interval (Wilson 1927)."""

    hits: int
    n: int

    @classmethod
    def of(cls, outcomes: Iterable[bool]) -> Share:
        """Count outcomes."""
        counted = list(outcomes)
        return cls(sum(counted), len(counted))

    @property
    def value(self) -> float:
        """The share, 0 to 1; NaN when n is 0."""
        return self.hits / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end, 0 to 1; (0, 1) when n is 0."""
        if self.n == 0:
            return 0.0, 1.0
        centre = (self.value + _Z**2 / (2 * self.n)) / (1 + _Z**2 / self.n)
        variance = self.value * (1 - self.value) / self.n + _Z**2 / (4 * self.n**2)
        half = _Z * math.sqrt(variance) / (1 + _Z**2 / self.n)
        return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class Gate:
    """A share beside what is asked of it: at least ``least``, at most ``most``."""

    name: str
    share: Share
    least: float = 0.0
    most: float = 1.0

    @property
    def decision(self) -> Decision:
        """`met`: the share is within the bounds; `not shown`: outside, but its interval reaches in; else `missed`."""
        low, high = self.share.interval
        if self.least <= self.share.value <= self.most:
            return "met"
        return "not shown" if low <= self.most and high >= self.least else "missed"
