"""The canary's rule under votes that come late, shares that grow, and people who say nothing where they are unhappy.

Every person is answered, some rate, some of them long afterwards. The rule of before took thumbs in the order of their
own coming; the rule of now takes answers in the order in which they were asked for, once the time in which their thumbs
count is over, and asks for evidence that both versions are rated alike often. Each scenario is saved when it ends, and
a run that was killed goes on. `python -m benchmarks.canary_delays --help`.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import results
from evals.statistics import wilson
from server.canary.blocks import Bools, cut
from server.canary.e_process import BETTER, WORSE, Floats, log_e_process
from server.canary.rules import DAY_S, CanaryRules

RULES = CanaryRules()
DAYS = 14.0
HOUR = 1 / 24
NEVER = float("inf")

Test = tuple[float, Literal[-1, 1], float]
"""A null, a side, and the evidence (log) that rejects."""

Draw = np.random.Generator


@dataclass(frozen=True)
class Scenario:
    """People who are answered at random times of 14 days. Shares and rates are 0 to 1, delays means of hours.

    Attributes:
        drop: By how much rarer people like the canary's answer than the live version's, of which they like `live`.
        shares: Of people on the canary in equal stretches of the horizon.
        up_late: Exponential delay of a thumb up.
        down_late: The same of a thumb down.
        slow_people: This share of the people, who like answers more often by 0.2, votes later by a day on the average.
        drift: By how much the rates fall from the first day to the last, and swing between day and night.
        rated: Of the people, how many rate an answer at all.
        silent: Of those who dislike the canary's answer, how many more say nothing.
        answers: That each person gets.
        slips: Of first thumbs that are the wrong one, and taken back a minute later.
    """

    name: str
    drop: float = 0.0
    live: float = 0.7
    shares: tuple[float, ...] = (0.5,)
    up_late: float = 0.0
    down_late: float = 0.0
    slow_people: float = 0.0
    drift: float = 0.0
    rated: float = 1.0
    silent: float = 0.0
    answers: int = 1
    slips: float = 0.0
    people: int = 6_000


RAMP = (0.01, 0.5)
ALIKE = (
    Scenario("votes at once"),
    Scenario("votes at once, ramp", shares=RAMP),
    *(Scenario(f"up late by {hours} h, ramp", up_late=hours, shares=RAMP) for hours in (1, 6, 24)),
    Scenario("up late by 24 h, 10 to 50 %", up_late=24, shares=(0.1, 0.5)),
    Scenario("down late by 24 h, ramp", down_late=24, shares=RAMP),
    Scenario("slow people like more, ramp", slow_people=0.5, shares=RAMP),
    Scenario("up late by 6 h, five steps, rates drift", up_late=6, shares=(0.01, 0.05, 0.1, 0.25, 0.5), drift=0.2),
    Scenario("four answers each, up late by 6 h, ramp", answers=4, up_late=6, shares=RAMP, rated=0.4),
    Scenario("one in ten slips, up late by 6 h, ramp", slips=0.1, up_late=6, shares=RAMP),
    Scenario("one in five rates, up late by 6 h, ramp", up_late=6, shares=RAMP, rated=0.2, people=24_000),
)
DROPPED = (
    *(Scenario(f"worse by {drop:.0%}, at once", drop=drop) for drop in (0.05, 0.1)),
    *(
        Scenario(f"worse by {drop:.0%}, down late by {hours} h", drop=drop, down_late=hours, shares=RAMP)
        for drop in (0.05, 0.1)
        for hours in (6, 24)
    ),
    Scenario("worse by 10%, down late by 72 h", drop=0.1, down_late=72, shares=RAMP),
    Scenario("worse by 10%, half of the unhappy are silent", drop=0.1, silent=0.5),
    Scenario("the same, one in five rates", drop=0.1, silent=0.5, rated=0.2, people=24_000),
    Scenario("the same, one in twenty rates", drop=0.1, silent=0.5, rated=0.05, people=24_000),
)
BETTER_ONES = (
    Scenario("better by 5%, at once", drop=-0.05),
    Scenario("better by 5%, up late by 6 h, ramp", drop=-0.05, up_late=6, shares=RAMP),
    Scenario("better by 5%, one in five rates", drop=-0.05, rated=0.2, people=24_000),
)


@dataclass(frozen=True, eq=False)
class Answers:
    """All answers of one run, in the order in which they were asked for; arrays of (answers,), times in days.

    Attributes:
        rater: Whose.
        voted: When, after the answer; infinite where they never do.
        lot: In [0, 1); whether a rated answer is left out where the versions' shares of rated answers are compared.
    """

    rater: NDArray[np.int64]
    at: Floats
    canary: Bools
    up: Bools
    voted: Floats
    lot: Floats


def draw(scenario: Scenario, random: Draw) -> Answers:
    """Draws one run."""
    n = scenario.people * scenario.answers
    at = np.sort(random.random(n) * DAYS)
    rater = random.permutation(np.repeat(np.arange(scenario.people), scenario.answers))
    share = np.array(scenario.shares)[(at / DAYS * len(scenario.shares)).astype(int)]
    canary = random.random(scenario.people)[rater] < share
    slow = (random.random(scenario.people) < scenario.slow_people)[rater]
    rate = scenario.live - scenario.drop * canary + 0.2 * (slow - scenario.slow_people)
    rate = rate - scenario.drift * (at / DAYS + 0.25 * np.sin(2 * np.pi * at))
    up = random.random(n) < rate
    says = random.random(n) < scenario.rated * np.where(canary & ~up, 1 - scenario.silent, 1.0)
    mean = np.where(up, scenario.up_late, scenario.down_late) + 24 * slow
    delay = random.exponential(1.0, n) * mean * HOUR
    slipped = random.random(n) < scenario.slips
    return Answers(rater, at, canary, up ^ slipped, np.where(says, delay, np.inf), random.random(n))


def first_of_each(rater: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of each rater's first one, in the given order."""
    _, first = np.unique(rater[order], return_index=True)
    return order[np.sort(first)]


def crossing(canary: Bools, event: Bools, known: Floats, test: Test) -> float:
    """When the evidence of a test first reached its limit.

    Args:
        canary: (n,) which arm.
        event: (n,) what happened.
        known: (n,) when each was known, never falling.
        test: The null, the side, the limit.
    """
    null, side, limit = test
    blocks = cut(canary, event)
    crossed = np.flatnonzero(log_e_process(blocks, null, side) >= limit)
    if not len(crossed):
        return NEVER
    return float(known[int((blocks.n_canary + blocks.n_live)[: crossed[0] + 1].sum()) - 1])


def before(said: Answers) -> str:
    """The outcome by thumbs in the order of their own coming."""
    came = said.at + said.voted
    order = np.argsort(came, kind="stable")
    order = first_of_each(said.rater, order[came[order] < DAYS])
    canary, up, known = said.canary[order], said.up[order], came[order]
    worse = crossing(canary, up, known, (0.0, WORSE, np.log(2 / RULES.false_rollback)))
    good = crossing(canary, up, known, (-RULES.margin, BETTER, RULES.promotion_limit))
    return outcome(worse, good)


def now(said: Answers) -> str:
    """The outcome by answers in the order in which they were asked for, each when its time for thumbs is over."""

    def thumbs(window: float, test: Test) -> float:
        counted = np.flatnonzero((said.voted <= window) & (said.at + window < DAYS))
        places = first_of_each(said.rater, counted)
        return crossing(said.canary[places], said.up[places], said.at[places] + window, test)

    whole = RULES.vote_window_s / DAY_S
    answered = np.flatnonzero(said.at + whole < DAYS)
    places = first_of_each(said.rater, answered)
    rated, known = said.voted[places] <= whole, said.at[places] + whole
    lot, canary, tau = said.lot[places], said.canary[places], RULES.rating_tolerance
    less = rated & (canary | (lot < 1 - tau))
    more = rated & (~canary | (lot < 1 / (1 + tau)))
    alike = max(
        crossing(canary, less, known, (0.0, BETTER, RULES.promotion_limit)),
        crossing(canary, more, known, (0.0, WORSE, RULES.promotion_limit)),
    )
    worse = min(thumbs(window / DAY_S, (0.0, WORSE, RULES.thumbs_limit)) for window in RULES.vote_windows_s)
    return outcome(worse, max(alike, thumbs(whole, (-RULES.margin, BETTER, RULES.promotion_limit))))


def outcome(worse: float, good: float) -> str:
    """What happens first. A rollback is due whenever it comes; one that comes after a promotion comes too late."""
    if good < worse:
        return "promoted"
    return "rolled back" if worse < NEVER else "undecided"


def simulate(scenario: Scenario, runs: int, seed: int) -> dict[str, Any]:
    """Runs a scenario; each run's people are judged by both rules."""
    random = np.random.default_rng([seed, *scenario.name.encode()])
    counted: dict[str, Counter[str]] = {"before": Counter(), "now": Counter()}
    for _ in range(runs):
        said = draw(scenario, random)
        counted["before"][before(said)] += 1
        counted["now"][now(said)] += 1
    outcomes = {rule: dict(sorted(seen.items())) for rule, seen in counted.items()}
    return {"scenario": asdict(scenario), "runs": runs, "seed": seed, "outcomes": outcomes}


def saved(work: Path, scenario: Scenario, runs: int, seed: int) -> dict[str, Any]:
    """Runs a scenario, or reads what an earlier run found of just this one."""
    path = work / f"{scenario.name}.json"
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text())
        if found | {"outcomes": None} == json.loads(json.dumps(simulated_as(scenario, runs, seed))):
            return found
    found = simulate(scenario, runs, seed)
    path.write_text(json.dumps(found))
    return found


def simulated_as(scenario: Scenario, runs: int, seed: int) -> dict[str, Any]:
    """What a saved scenario must have been run with."""
    return {"scenario": asdict(scenario), "runs": runs, "seed": seed, "outcomes": None}


def report(kinds: dict[str, list[dict[str, Any]]], runs: int) -> list[str]:
    """Tables as Markdown, with Wilson's 95 % intervals."""
    lines = [
        f"Each row is {runs:,} runs of {DAYS:g} days; the live version is liked by 70 % of {ALIKE[0].people:,} people",
        "(24,000 where few rate). A ramp goes from 1 to 50 % half-way, everything else has 50 %. *Before*: thumbs in",
        "the order of their own coming. *Now*: answers in theirs, thumbs within a day (for a rollback also an hour),",
        f"both versions rated alike often to {RULES.rating_tolerance:.0%}. Promised:",
        f"{RULES.false_rollback / 2:.1%} false rollbacks by thumbs, {RULES.false_promotion:.0%} false promotions of",
        f"what is worse by {RULES.margin:.0%}.",
    ]
    for title, found in kinds.items():
        lines += [
            *("", f"## {title}", ""),
            "| scenario | rolled back, before | now | promoted, before | now | undecided, before | now |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for one in found:
            cells = [
                _percent(one["outcomes"][rule].get(outcome, 0), runs)
                for outcome in ("rolled back", "promoted", "undecided")
                for rule in ("before", "now")
            ]
            lines.append(f"| {one['scenario']['name']} | {' | '.join(cells)} |")
    return lines


def _percent(hits: int, n: int) -> str:
    estimate = wilson(hits, n)
    assert estimate.value is not None and estimate.low is not None and estimate.high is not None, "there are runs"
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"


def main() -> None:
    """Runs all scenarios and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="a folder in which scenarios are saved, to go on later")
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="attune-delays-"))
    work.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, Sequence[Scenario]] = {
        "Two versions that are alike": ALIKE,
        "A worse canary": DROPPED,
        "A better canary": BETTER_ONES,
    }
    with tqdm(total=sum(map(len, kinds.values())), desc=f"scenarios, saved in {work}") as bar:
        found: dict[str, list[dict[str, Any]]] = {}
        for kind, scenarios in kinds.items():
            found[kind] = []
            for scenario in scenarios:
                found[kind].append(saved(work, scenario, given.runs, given.seed))
                bar.update()
    print(results.write("canary-delays", {"rules": RULES.model_dump(), "kinds": found}, report(found, given.runs)))


if __name__ == "__main__":
    main()
