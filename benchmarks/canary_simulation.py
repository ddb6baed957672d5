"""The canary's test on simulated votes: how often it is wrong, and how many votes it needs to be right.

Each scenario is run many times, for as many raters as its horizon has. Beside the always-valid test stands a pooled
two-proportion z-test at the same level, looked at daily and looked at once.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import results
from benchmarks.canary_report import plot, report
from server.canary.blocks import Blocks, Bools, cut
from server.canary.decision import outcome_of
from server.canary.e_process import BETTER, WORSE, Floats, log_e_process
from server.canary.hypotheses import Evidence, HypothesisTest, Observation, Tests, thumbs_tests
from server.canary.rules import DAY_S, CanaryRules

RULES = CanaryRules()
AS_BEFORE = CanaryRules(min_established=1)
ThumbsTests = tuple[HypothesisTest, HypothesisTest]
DAYS = 14
FALSE_VOTERS = 300  # made for one canary; each with a thumb down on it, or up on the live version
Z_LIMIT = -2.241403  # one-sided, at a quarter of RULES.false_rollback, as one of the two tests of thumbs
GUARD_RATES = {
    "error": 0.01,
    "slow_first_token": 0.05,
    "slow_token": 0.05,
    "long_answer": 0.05,
    "short_answer": 0.05,
    "refusal": 0.03,
}


@dataclass(frozen=True)
class Scenario:
    """People who rate once each.

    Attributes:
        live: Thumbs-up rate of the live version.
        drop: By how much the canary's is lower.
        share: Of the people, on the canary.
        raters: Within the horizon.
        ramp: Half-way, the canary's share rises from a fifth of `share` to `share`, and both rates fall by 0.2.
    """

    live: float
    drop: float
    share: float
    raters: int
    ramp: bool = False

    def __str__(self) -> str:
        """As a row of the report begins."""
        ramp = ", ramped while both rates fall" if self.ramp else ""
        return f"{self.live:.0%} up, drop {self.drop * 100:.0f} points, share {self.share:.0%}{ramp}"


SAME = (
    *(Scenario(live, 0.0, 0.1, 14_000) for live in (0.5, 0.7, 0.9)),
    *(Scenario(live, 0.0, 0.5, 5_600) for live in (0.5, 0.7, 0.9)),
    Scenario(0.8, 0.0, 0.5, 5_600, ramp=True),
)
DROPS = tuple(
    Scenario(0.7, drop, share, raters) for share, raters in ((0.1, 14_000), (0.5, 5_600)) for drop in (0.05, 0.1)
)


@dataclass(frozen=True, eq=False)
class Votes:
    """Many runs of a scenario: (runs, raters) bool, in the order of time."""

    canary: Bools
    event: Bools

    def blocks(self) -> Blocks:
        """All runs' blocks: arrays of (runs, blocks), filled up with blocks of zeros."""
        return stacked([cut(canary, event) for canary, event in zip(self.canary, self.event, strict=True)])


def stacked(runs: Sequence[Blocks]) -> Blocks:
    """Puts runs of different lengths into arrays of (runs, blocks), filled up with blocks of zeros."""
    longest = max(len(run.n_live) for run in runs)

    def filled(name: str) -> NDArray[np.int64]:
        rows = [getattr(run, name) for run in runs]
        return np.stack([np.pad(row, (0, longest - len(row))) for row in rows])

    return Blocks(filled("n_canary"), filled("k_canary"), filled("n_live"), filled("k_live"))


def drawn(scenario: Scenario, runs: int, random: np.random.Generator) -> Votes:
    """Draws the votes of many runs."""
    late = np.arange(scenario.raters) >= scenario.raters / 2 if scenario.ramp else np.zeros(scenario.raters, bool)
    share = np.where(late | (not scenario.ramp), scenario.share, scenario.share / 5)
    rate = np.where(late, scenario.live - 0.2, scenario.live)
    canary = random.random((runs, scenario.raters)) < share
    return Votes(canary, random.random((runs, scenario.raters)) < rate - scenario.drop * canary)


def first_crossing(log_e: Floats, seen: NDArray[np.int64], limit: float) -> Floats:
    """(runs,) how many outcomes were seen when the evidence first reached the limit; infinite where it never did.

    Args:
        log_e: (runs, blocks).
        seen: (runs, blocks) outcomes up to the end of each block.
        limit: In nats.
    """
    crossed = log_e >= limit
    at = seen[np.arange(len(seen)), crossed.argmax(axis=1)]
    return np.where(crossed.any(axis=1), at, np.inf)


def z_by_day(votes: Votes) -> Bools:
    """(runs, DAYS) whether a pooled two-proportion z-test rejects "not worse" at each day's end."""
    ends = np.arange(1, DAYS + 1) * votes.canary.shape[1] // DAYS
    n_canary, k_canary, k = (
        np.cumsum(flags, axis=1)[:, ends - 1] for flags in (votes.canary, votes.canary & votes.event, votes.event)
    )
    n_live, pooled = ends - n_canary, k / ends
    error = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / np.maximum(n_canary, 1) + 1 / n_live))
    z = (k_canary / np.maximum(n_canary, 1) - (k - k_canary) / n_live) / error
    return z <= Z_LIMIT


def simulate(scenario: Scenario, runs: int, random: np.random.Generator) -> dict[str, Any]:
    """Runs a scenario.

    Returns:
        How many of the runs each test would have rolled back, and when: votes on the canary until then, and days.
    """
    votes = drawn(scenario, runs, random)
    blocks = votes.blocks()
    log_e = log_e_process(blocks, 0.0, WORSE)
    seen = np.cumsum(blocks.n_canary + blocks.n_live, axis=1)
    on_canary = first_crossing(log_e, np.cumsum(blocks.n_canary, axis=1), RULES.thumbs_limit)
    days = np.ceil(first_crossing(log_e, seen, RULES.thumbs_limit) / scenario.raters * DAYS)
    peeked = z_by_day(votes)
    promoted = log_e_process(blocks, -RULES.margin, BETTER).max(axis=1) >= RULES.promotion_limit
    return {
        "name": str(scenario),
        "scenario": asdict(scenario),
        "runs": runs,
        "rolled_back": int(np.isfinite(on_canary).sum()),
        "votes_on_canary": {str(q): _quantile(on_canary, q) for q in (0.5, 0.8, 0.9)},
        "rolled_back_by_day": [int((days <= day).sum()) for day in range(1, DAYS + 1)],
        "z_peeked_by_day": np.logical_or.accumulate(peeked, axis=1).sum(axis=0).tolist(),
        "z_once": int(peeked[:, -1].sum()),
        "promoted_if_alone": int(promoted.sum()),
    }


def simulate_guards(runs: int, random: np.random.Generator, users: int = 4_000) -> dict[str, Any]:
    """Thumbs without a drop, and every guard's event exactly as much more frequent as is tolerated: the worst case.

    Returns:
        How many of the runs thumbs or any guard would have rolled back.
    """
    thumbs = drawn(Scenario(0.7, 0.0, 0.5, users), runs, random)
    rolled_back = log_e_process(thumbs.blocks(), 0.0, WORSE).max(axis=1) >= RULES.thumbs_limit
    by_guard = {}
    for name, tolerance in RULES.tolerances.items():
        events = drawn(Scenario(GUARD_RATES[name], -tolerance, 0.5, users), runs, random)
        violated = log_e_process(events.blocks(), tolerance, BETTER).max(axis=1) >= RULES.guard_limit
        by_guard[name] = int(violated.sum())
        rolled_back |= violated
    return {"users": users, "runs": runs, "rolled_back": int(rolled_back.sum()), "by_guard": by_guard}


def simulate_repeats(runs: int, random: np.random.Generator, raters: int = 300, votes: int = 3_000) -> dict[str, Any]:
    """People of different taste who vote ten times each, on two versions that are alike.

    Returns:
        How many runs are rolled back when all votes count as they come, when each person's latest counts (looked at
        daily), and when each person's first counts.
    """
    ways: dict[str, list[Blocks]] = {"all votes": [], "latest vote, daily": [], "first vote": []}
    ends = np.arange(1, DAYS + 1) * votes // DAYS
    for _ in range(runs):
        taste, on_canary = random.beta(1.4, 0.6, raters), random.random(raters) < 0.5
        rater = random.integers(raters, size=votes)
        canary, event = on_canary[rater], random.random(votes) < taste[rater]
        first = np.sort(np.unique(rater, return_index=True)[1])
        ways["all votes"].append(cut(canary, event))
        ways["first vote"].append(cut(canary[first], event[first]))
        for end in ends:
            latest = np.sort(end - 1 - np.unique(rater[:end][::-1], return_index=True)[1])
            ways["latest vote, daily"].append(cut(canary[latest], event[latest]))
    found: dict[str, Any] = {"runs": runs, "raters": raters, "votes": votes}
    for way, blocks in ways.items():
        crossed = log_e_process(stacked(blocks), 0.0, WORSE).max(axis=1) >= RULES.thumbs_limit
        found[way] = int(crossed.reshape(runs, -1).any(axis=1).sum())
    return found


def simulate_verdicts(runs: int, random: np.random.Generator, raters: int = 600) -> list[dict[str, Any]]:
    """What is decided on the last day but one, with and without a flood of false voters, on half of the people.

    Returns:
        For each drop in thumbs-up, by who counts, how many runs had each outcome. `all alike` is the rule from before
        established raters were told apart: every rater counts, however few.
    """
    found = []
    for drop in (0.0, 0.1, -0.1):
        votes = drawn(Scenario(0.7, drop, 0.5, raters), runs, random)
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for canary, event in zip(votes.canary, votes.event, strict=True):
            honest = [Observation(bool(arm), bool(up)) for arm, up in zip(canary, event, strict=True)]
            false = [Observation(bool(arm), not arm) for arm in random.random(FALSE_VOTERS) < 0.5]
            alone, flooded, nobody = (thumbs_tests(said, RULES) for said in (honest, honest + false, ()))
            counted["all alike"][_outcome(alone, alone, AS_BEFORE)] += 1
            counted["established alone"][_outcome(alone, alone, RULES)] += 1
            counted["all alike, flooded"][_outcome(flooded, flooded, AS_BEFORE)] += 1
            counted["established alone, flooded"][_outcome(alone, flooded, RULES)] += 1
            counted["no established rater, flooded"][_outcome(nobody, flooded, RULES)] += 1
        outcomes = {who: dict(sorted(outcome.items())) for who, outcome in counted.items()}
        found.append({"drop": drop, "raters": raters, "false": FALSE_VOTERS, "runs": runs, "outcomes": outcomes})
    return found


def _outcome(established: ThumbsTests, of_all: ThumbsTests, rules: CanaryRules) -> str:
    """The outcome where answers are known to be rated alike often."""
    worse, good = established
    alike = replace(good, log_e=good.limit)
    evidence = Evidence((), (), (), (), (), largest_share=0.01, age_s=(DAYS - 1) * DAY_S, traffic_s=(DAYS - 1) * DAY_S)
    return outcome_of(evidence, rules, Tests(worse, worse, good, (alike, alike), (), of_all))[0]


def _quantile(values: Floats, share: float) -> int | None:
    """The smallest value that at least `share` of the runs do not exceed; None where those never end."""
    found = np.sort(values)[int(np.ceil(share * len(values))) - 1]
    return int(found) if np.isfinite(found) else None


def main() -> None:
    """Runs all scenarios and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random, began = np.random.default_rng(arguments.seed), time.perf_counter()
    figures = {
        "rules": RULES.model_dump(),
        "days": DAYS,
        "same": [simulate(scenario, arguments.runs, random) for scenario in SAME],
        "drops": [simulate(scenario, arguments.runs, random) for scenario in DROPS],
        "guards": simulate_guards(arguments.runs, random),
        "repeats": simulate_repeats(arguments.runs, random),
        "verdicts": simulate_verdicts(arguments.runs, random),
    }
    figures["seconds"] = round(time.perf_counter() - began, 1)
    lines = report(figures)
    path = results.write("canary-simulation", figures, [*lines, "", f"Took {figures['seconds']} s."])
    plot(figures, path.with_suffix(".png"))
    print(path)


if __name__ == "__main__":
    main()
