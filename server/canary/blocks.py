"""Yes-or-no outcomes of two arms in the order of their coming, cut into blocks that hold some of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]

VOTES_PER_ARM = 4
"""What a block holds of each arm at least. One would give blocks whose shares of the arms vary wildly, and a test that
loses about a fifth of its power to that; many would leave the first votes, which teach only, unused for long."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Outcomes counted per block; every array is (…, blocks) int64. A block of zeros changes no test.

    Attributes:
        n_canary: Outcomes of the canary.
        k_canary: Of these, how often the event happened.
        n_live: Outcomes of the live version.
        k_live: Of these, how often the event happened.
    """

    n_canary: Counts
    k_canary: Counts
    n_live: Counts
    k_live: Counts


def cut(canary: Bools, event: Bools) -> Blocks:
    """Cuts a sequence of outcomes where a block holds `VOTES_PER_ARM` of each arm; an unfinished one is left out.

    Where to cut depends on the arms only, never on what happened: the tests need that.

    Args:
        canary: (n,) whether the canary answered, in the order of time.
        event: (n,) whether it happened: a thumb up, an error.
    """
    at_canary, at_live = np.flatnonzero(canary).tolist(), np.flatnonzero(~canary).tolist()
    canary_before, event_before = _running(canary), _running(event & canary)
    bounds = [0]
    seen_canary = seen_live = 0
    while len(at_canary) >= seen_canary + VOTES_PER_ARM and len(at_live) >= seen_live + VOTES_PER_ARM:
        last = max(at_canary[seen_canary + VOTES_PER_ARM - 1], at_live[seen_live + VOTES_PER_ARM - 1])
        bounds.append(last + 1)
        seen_canary = int(canary_before[last + 1])
        seen_live = last + 1 - seen_canary
    n_canary, k_canary = np.diff(canary_before[bounds]), np.diff(event_before[bounds])
    k = np.diff(_running(event)[bounds])
    return Blocks(n_canary, k_canary, np.diff(bounds) - n_canary, k - k_canary)


def _running(flags: Bools) -> Counts:
    """(n + 1,) how many are true before each place."""
    return np.concatenate(([0], np.cumsum(flags, dtype=np.int64)))
