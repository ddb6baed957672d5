"""Whether the win-rate's interval holds the truth as often as it says: 95 % of simulated comparisons.

Every case draws the outcome of each shipped open prompt (won, tied, lost) from a known truth, and asks for the interval
as the gate does. `python -m benchmarks.coverage`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from tqdm import tqdm

from benchmarks import results
from evals.preference import Outcome, Preference
from evals.statistics import Estimate, wilson
from evals.tasks import shipped

RESAMPLES = 2000  # as the gate takes them
LEAST, MOST = 0.93, 0.97
OUTCOMES = {value: Outcome(value=value, status="judged") for value in (1.0, 0.5, 0.0)}


@dataclass(frozen=True, slots=True)
class Truth:
    """The chance of each outcome of a prompt; the rest is lost."""

    won: float
    tied: float

    @property
    def win_rate(self) -> float:
        """What the interval should hold."""
        return self.won + self.tied / 2


TRUTHS = (
    Truth(0.5, 0.0),
    Truth(0.6, 0.0),
    Truth(0.45, 0.3),
    Truth(0.15, 0.8),
    Truth(0.75, 0.0),
    Truth(0.9, 0.05),
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of `cases` intervals over `n` prompts held the truth, and their mean width."""

    truth: Truth
    n: int
    cases: int
    held: int
    width: float

    @property
    def share(self) -> Estimate:
        """Of the intervals that held it."""
        return wilson(self.held, self.cases)

    @property
    def good(self) -> bool:
        """Whether that is 95 ± 2 %."""
        return LEAST <= self.held / self.cases <= MOST


def cover(truth: Truth, n: int, cases: int, seed: int, resamples: int = RESAMPLES) -> Coverage:
    """Simulates comparisons.

    Args:
        truth: What the outcomes are drawn from.
        n: Prompts of a comparison.
        cases: Comparisons.
        seed: Of the outcomes; the bootstrap of each case has one of its own.
        resamples: Of each bootstrap.
    """
    random = np.random.default_rng(seed)
    chances = (truth.won, truth.tied, 1 - truth.won - truth.tied)
    held, width = 0, 0.0
    for case in range(cases):
        drawn = random.choice((1.0, 0.5, 0.0), p=chances, size=n)
        found = Preference(judge="simulated", outcomes=tuple(OUTCOMES[value] for value in drawn)).win_rate(
            resamples, seed * cases + case
        )
        assert found.low is not None and found.high is not None
        held += found.low <= truth.win_rate <= found.high
        width += (found.high - found.low) / cases
    return Coverage(truth, n, cases, held, width)


def table(found: Sequence[Coverage]) -> list[str]:
    """As Markdown."""
    lines = [
        "| true win-rate | ties | n | mean width | intervals that hold it | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return lines + [
        f"| {row.truth.win_rate:.3f} | {row.truth.tied:.0%} | {row.n} | {row.width:.3f} | {row.share} | "
        f"{'' if row.good else '**not 95 ± 2 %**'} |"
        for row in found
    ]


def main() -> int:
    """Simulates and writes the figures; 0 if every truth is held in 95 ± 2 % of the cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000, help="of each truth")
    options = parser.parse_args()
    n = len(shipped.open_prompts())
    found = [cover(truth, n, options.cases, seed) for seed, truth in enumerate(tqdm(TRUTHS, unit="truth"))]
    good = all(row.good for row in found)
    figures = [asdict(row) | {"share": row.held / row.cases} for row in found]
    path = results.write("coverage", {"truths": figures, "good": good}, table(found))
    print("\n".join([*table(found), "", f"written to {path}"]))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
