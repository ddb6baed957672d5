"""The judge of `attune eval compare`, as a served model behind the gateway: one that was taught to judge, and one not.

`attune up` serves the starter as v1, which has never seen a judge's question. v2 is the starter with all of its weights
trained to give verdicts on pairs of a right answer and one to another question, in both orders. It is registered as
whole weights and put on canary, so that both are served, and `attune eval compare v1 v2 --judge` runs with each of them
as the judge. What is measured is the way there and back: whether verdicts are asked for, read and counted. Nobody
should rely on the taste of a judge of this size; how often it is right on pairs that it was not taught is said beside
it. `python -m benchmarks.judge --help`.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from alignment import probe
from benchmarks import results
from benchmarks.judge_lessons import EPOCHS, known_pairs, train_judge
from benchmarks.teaching import attune
from evals.endpoint import Endpoint
from evals.preference import Pair, Preference, by_judge
from evals.statistics import wilson
from ledger import deployments, engines
from ledger.database import Database
from ledger.deployments import Change
from tests.random_adapter import register_passed
from tests.stack import STARTER, Stack


@dataclass(frozen=True)
class Judged:
    """One run of `attune eval compare`.

    Attributes:
        judge: The version that judged.
        pairs: That both versions answered.
        unparseable: Of them, pairs without two verdicts that can be read.
        refused_for: The criteria that refused the candidate.
        on_known_pairs: Share of right verdicts on pairs with a known better answer; a tie counts half.
    """

    judge: str
    pairs: int
    unparseable: int
    unparseable_interval: tuple[float, float]
    refused_for: list[str]
    on_known_pairs: float
    known_pairs: int
    known_unparseable: int
    seconds: float


async def run(taught: Sequence[Pair], folder: Path) -> list[Judged]:
    """Trains a judge, serves it beside the starter, and lets both judge."""
    weights = train_judge(STARTER, taught, folder / "judge")
    (weights / "probe.json").write_text(probe.compute(weights, None).model_dump_json())
    stack = Stack(folder)
    stack.run()
    try:
        with closing(stack.open_ledger()) as database:
            number = register_passed(database, weights, 1, "full")
            with database.write() as connection:
                deployments.start_canary(connection, number, 0.1, Change("op", "a benchmark"))
            await _until_open(database, number)
        held_out = known_pairs(1, 100)
        return [await _judged(stack, number, judge, held_out, folder) for judge in (1, number)]
    finally:
        stack.stop()


async def _until_open(database: Database, number: int) -> None:
    async with asyncio.timeout(300):
        while True:
            with database.read() as connection:
                if number in {row.version_number for row in engines.serving(connection)}:
                    return
            await asyncio.sleep(0.5)


async def _judged(stack: Stack, number: int, judge: int, held_out: Sequence[Pair], folder: Path) -> Judged:
    began, out, key = time.monotonic(), folder / f"judge-{judge}", folder / "admin.key"
    key.write_text(stack.secrets.admin)
    arguments = ("compare", "v1", f"v{number}", "--url", stack.root_url, "--key-file", str(key))
    ended = attune(stack.environment, "eval", *arguments, "--judge", f"attune@v{judge}", "--out", str(out), "--json")
    if ended.returncode != 2:
        raise RuntimeError(f"attune eval compare ended with {ended.returncode}: {ended.stderr[-2000:]}")
    seconds, verdict = time.monotonic() - began, json.loads(ended.stdout)
    unparseable = next(line for line in verdict["criteria"] if line["name"] == "unparseable")["figure"]
    with tqdm(total=2 * len(held_out), desc=f"v{judge} on known pairs") as progress:
        endpoint = Endpoint(stack.root_url, stack.secrets.admin)
        known: Preference = await by_judge(endpoint, f"attune@v{judge}", held_out, progress.update)
    return Judged(
        judge=f"attune@v{judge}",
        pairs=unparseable["n"],
        unparseable=round(unparseable["value"] * unparseable["n"]),
        unparseable_interval=(unparseable["low"], unparseable["high"]),
        refused_for=[line["name"] for line in verdict["criteria"] if not line["passed"]],
        on_known_pairs=sum(outcome.value for outcome in known.outcomes) / len(known.outcomes),
        known_pairs=len(known.outcomes),
        known_unparseable=sum(outcome.status == "unparseable" for outcome in known.outcomes),
        seconds=seconds,
    )


def report(judged: Sequence[Judged], taught: int) -> list[str]:
    """The figures for people, as Markdown."""
    lines = [
        f"v1 is the starter; v2 the starter after {EPOCHS} passes over lessons on {taught} pairs in both orders. "
        "200 open prompts, two verdicts each.",
        "",
        "| judge | pairs | without readable verdicts | refused for | right on known pairs (95 %) | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in judged:
        low, high = one.unparseable_interval
        right = wilson(round(one.on_known_pairs * one.known_pairs), one.known_pairs)
        lines.append(
            f"| {one.judge} | {one.pairs} | {one.unparseable} ({low:.2f} to {high:.2f}) "
            f"| {', '.join(one.refused_for)} | {right.value:.2f} ({right.low:.2f} to {right.high:.2f}), "
            f"n = {one.known_pairs}, {one.known_unparseable} unreadable | {one.seconds:.0f} |"
        )
    return lines


def main() -> int:
    """Exit status 0 if the untaught judge is refused as unreadable and the taught one is read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--pairs",
        type=int,
        default=400,
        help="drawn for the lessons, each taught in both orders; those that are too long are left out",
    )
    options = parser.parse_args()
    pairs = known_pairs(0, options.pairs)
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        judged = asyncio.run(run(pairs, Path(name)))
    lines = report(judged, len(pairs))
    path = results.write("judge", {"judged": [asdict(one) for one in judged]}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    untaught, taught = judged
    return 0 if "unparseable" in untaught.refused_for and "unparseable" not in taught.refused_for else 1


if __name__ == "__main__":
    raise SystemExit(main())
