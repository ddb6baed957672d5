"""How much each rater may count in learning: one table for the reward model, KTO, DPO, SFT and PPO's prompts.

The reward model weighs the rows of its loss. The losses of TRL's trainers take no weight per row, so these draw: a pass
goes over all rows of a rater within the maximum, and over a new random choice of so many rows of one above it. A row is
then drawn as often as it weighs, in the mean over passes, and a rater never counts more in any pass.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from torch.utils.data import Sampler


def maximal_weight(rater: str, cap: float) -> float:
    """Largest total weight of a rater, in rows: the one place that decides it.

    Args:
        rater: An opaque id; empty for people who are not known apart, who cannot be held to anything.
        cap: `rater_weight_cap`.
    """
    return float("inf") if rater == "" else cap


def row_weights(raters: Sequence[str], cap: float) -> list[float]:
    """Weight of each row, at most 1: less where the rows of its rater would together pass the rater's maximum."""
    rows = Counter(raters)
    return [min(1.0, maximal_weight(rater, cap) / rows[rater]) for rater in raters]


def effective_rows(raters: Sequence[str], cap: float) -> int:
    """Rows of one pass of a learner that draws."""
    return sum(_drawn(rater, rows, cap) for rater, rows in Counter(raters).items())


def draw(raters: Sequence[str], cap: float, random: Random) -> list[int]:
    """The rows of one pass, by index in their order: of each rater at most as many as the maximum says."""
    of: Mapping[str, list[int]] = defaultdict(list)
    for row, rater in enumerate(raters):
        of[rater].append(row)
    return sorted(row for rater, rows in of.items() for row in random.sample(rows, _drawn(rater, len(rows), cap)))


class CappedSampler(Sampler[int]):
    """Draws the rows of each pass anew, and shuffles them; the same for a seed and a pass, so that a run can resume."""

    def __init__(self, raters: Sequence[str], cap: float, seed: int) -> None:
        self._raters, self._cap, self._seed, self._pass = raters, cap, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Says which pass comes next; the trainer does, when it resumes too."""
        self._pass = epoch

    def __iter__(self) -> Iterator[int]:
        random = Random(f"{self._seed}/{self._pass}")
        rows = draw(self._raters, self._cap, random)
        random.shuffle(rows)
        return iter(rows)

    def __len__(self) -> int:
        return effective_rows(self._raters, self._cap)


class CapsRaters:
    """Mixin of TRL's trainers: training rows are drawn so that no rater counts more than the maximum."""

    def __init__(self, *args: Any, raters: Sequence[str], rater_weight_cap: float, **kwargs: Any) -> None:
        self._raters, self._rater_weight_cap = raters, rater_weight_cap
        super().__init__(*args, **kwargs)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """TRL's own where nobody is above the maximum."""
        if effective_rows(self._raters, self._rater_weight_cap) == len(self._raters):
            return super()._get_train_sampler(train_dataset)  # type: ignore[misc]
        return CappedSampler(self._raters, self._rater_weight_cap, self.args.data_seed)  # type: ignore[attr-defined]


def _drawn(rater: str, rows: int, cap: float) -> int:
    return int(min(rows, maximal_weight(rater, cap)))
