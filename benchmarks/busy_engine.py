"""A busy engine is not taken for a hung one, and a hung one is noticed: an overload on a real vLLM, then SIGSTOP.

`attune up` serves the starter, and many more people ask than it has places for. The engine must be the same one at the
end, however long its requests wait. How long its counters stood still is read as the controller reads it. Then its
engine core is stopped with SIGSTOP, under the same load, and it is timed until nobody is sent to it any more, and until
another one answers. `python -m benchmarks.busy_engine --help`.
"""

import argparse
import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import percentile
from ledger import engines
from ledger.database import Database
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.processes import inhabitants, title
from server.controller.settings import EngineSettings
from tests.constant_load import ConstantLoad
from tests.stack import START_TIMEOUT_S, Stack

NOTICED_WITHIN_S = 30.0


@dataclass(frozen=True)
class Outcome:
    """What was seen.

    Attributes:
        clients: How many asked at the same time.
        statuses: Answers by HTTP status.
        longest_pause_s: In which the engine's token counters stood still, as looked at once a second; asking for them
            takes time as well.
        answer_p99_s: Of whole answers and streams.
        replaced: How often the engine was replaced during the overload.
        noticed_s: From SIGSTOP until the engine was not open any more.
        recovered_s: From SIGSTOP until another engine was open.
    """

    clients: int
    seconds: float
    statuses: dict[str, int]
    longest_pause_s: float
    answer_p50_s: float
    answer_p99_s: float
    replaced: int
    stall_timeout_s: float
    noticed_s: float
    recovered_s: float

    @property
    def good(self) -> bool:
        """Overloaded, never replaced while it worked, and noticed when it did not."""
        overloaded = self.statuses.get("429", 0) + self.statuses.get("503", 0) > 0
        return overloaded and self.replaced == 0 and self.noticed_s <= NOTICED_WITHIN_S


async def run(minutes: float, clients: int, folder: Path) -> Outcome:
    """Overloads an Attune for so long, then stops its engine core."""
    stack = Stack(folder)
    stack.run()
    try:
        with closing(stack.open_ledger()) as database:
            first = _open(database)
            assert first is not None
            load = ConstantLoad(stack.base_url, stack.secrets.app, clients, pause_s=0.5)
            began = time.monotonic()
            async with load:
                paused_s, replaced = await _watch(database, first, 60 * minutes)
                seconds = time.monotonic() - began
                answers = list(load.answers)
                stopped = _stop_core(stack.home / "run" / first)
                noticed = await _until(lambda: _open(database) != first, stopped)
                recovered = await _until(lambda: _open(database) not in {None, first}, stopped)
    finally:
        stack.stop()
    took = [answer.ended - answer.began for answer in answers if answer.failure is None]
    return Outcome(
        clients=clients,
        seconds=round(seconds, 1),
        statuses=dict(Counter(answer.failure[:3] if answer.failure else "200" for answer in answers)),
        longest_pause_s=round(paused_s, 1),
        answer_p50_s=round(percentile(took, 0.5), 1),
        answer_p99_s=round(percentile(took, 0.99), 1),
        replaced=replaced,
        stall_timeout_s=EngineSettings.model_fields["stall_timeout_s"].default,
        noticed_s=round(noticed, 1),
        recovered_s=round(recovered, 1),
    )


async def _watch(database: Database, first: str, seconds: float) -> tuple[float, int]:
    """How long the engine's counters stood still at most, and how often another engine was open than before."""
    with database.read() as connection:
        [row] = engines.serving(connection)
    began = moved = time.monotonic()
    longest, replaced, tokens, known = 0.0, 0, -1.0, first
    async with EngineClient(row.url) as client:
        with tqdm(total=int(seconds), unit="s", desc="overload") as progress:
            while (now := time.monotonic()) - began < seconds:
                try:
                    found = await client.tokens(timeout_s=60)
                except UNREACHABLE:
                    found = tokens
                if found != tokens:
                    longest, moved, tokens = max(longest, time.monotonic() - moved), time.monotonic(), found
                if (here := _open(database)) != known:
                    known, replaced = here or "", replaced + 1
                progress.update(int(now - began) - progress.n)
                await asyncio.sleep(1)
    return max(longest, time.monotonic() - moved), replaced


def _open(database: Database) -> str | None:
    """The engine that requests go to."""
    with database.read() as connection:
        return next((row.id for row in engines.serving(connection)), None)


def _stop_core(folder: Path) -> float:
    """SIGSTOP to the engine's processes that compute; returns when."""
    for pid in inhabitants(folder):
        if title(pid).startswith("VLLM::"):
            os.kill(pid, signal.SIGSTOP)
    return time.monotonic()


async def _until(condition: Callable[[], bool], since: float) -> float:
    """Waits; returns how many seconds have passed since then."""
    async with asyncio.timeout(START_TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.1)
    return time.monotonic() - since


def report(outcome: Outcome) -> list[str]:
    """The outcome as Markdown."""
    rows = [f"| {name.replace('_', ' ')} | {value} |" for name, value in asdict(outcome).items()]
    return ["| | |", "| --- | --- |", *rows, "", "All good." if outcome.good else "**Not good.**"]


def main() -> int:
    """Exit status 0 if the engine was left alone while it worked, and noticed when it hung."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=600, help="who ask at the same time; the engine has 256 places")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        outcome = asyncio.run(run(options.minutes, options.clients, Path(name)))
    lines = report(outcome)
    path = results.write("busy-engine", {"outcome": asdict(outcome)}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
