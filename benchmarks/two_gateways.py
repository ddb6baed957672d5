"""Two gateways over PostgreSQL and two engines of somebody else, the model changed under load, one gateway killed.

Versions go canary, live and back while both gateways are asked; in the middle one is killed with SIGKILL, and started
again at the end. The other must not fail a request. The engines are fake ones. `python -m benchmarks.two_gateways`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from benchmarks import results
from ledger import deployments
from tests import databases
from tests.constant_load import ConstantLoad, Openings
from tests.processes import Process, free_port
from tests.small_installation import SmallInstallation

_CONCURRENCY = 8
_SETTLE_S = 1.5
_BEHAVIOUR = '{"first_token_delay_s": 0.05, "token_delay_s": 0.01}'


@dataclass(frozen=True)
class Outcome:
    """What the clients saw.

    Attributes:
        failed_before: Requests that failed at the killed gateway while it ran, those that its death cut off excepted.
        cut_off: Requests that its death cut off; not more than were open.
        survivor_failed: Requests that failed at the other.
        back_s: Until the killed one answered again.
        by_engine: Requests that each engine has had.
    """

    changes: int
    answers: int
    survivor_answers: int
    failed_before: int
    cut_off: int
    survivor_failed: int
    mixed: int
    of_a_version_that_was_not_open: int
    back_s: float
    ended_as_wanted: bool
    by_engine: tuple[int, int]

    @property
    def good(self) -> bool:
        """Whether only the dead gateway's own open requests were lost."""
        wrong = self.failed_before + self.survivor_failed + self.mixed + self.of_a_version_that_was_not_open
        return wrong == 0 and self.cut_off <= _CONCURRENCY and self.ended_as_wanted and min(self.by_engine) > 0


@contextmanager
def engines(folder: Path) -> Iterator[tuple[str, str]]:
    """Two engines that somebody else runs; gives their addresses."""
    running = []
    for name in ("one", "other"):
        port = free_port()
        program = [sys.executable, "-m", "tests.fake_engine", "--port", str(port), "--served-model-name", "attune@v1"]
        running.append((port, Process([*program, "--behaviour", _BEHAVIOUR], folder / f"engine-{name}.log")))
    try:
        for _, engine in running:
            engine.start()
        for _, engine in running:
            engine.wait_for_output("fake engine on")
        yield (f"http://127.0.0.1:{running[0][0]}", f"http://127.0.0.1:{running[1][0]}")
    finally:
        for _, engine in running:
            engine.kill()


@dataclass
class Experiment:
    """The installation, the versions that are open, and how many changes were made."""

    installation: SmallInstallation
    openings: Openings = field(default_factory=Openings)
    changes: int = 0

    async def change(self, operation: Callable[..., object], *arguments: object, opened: tuple[int, ...]) -> None:
        """Changes desired state, waits until these versions are open on both engines, and a while more."""
        self.changes += 1
        await asyncio.to_thread(self.installation.change, operation, *arguments)
        await asyncio.to_thread(self.installation.until, lambda: self._open(*opened))
        self.openings.now(*opened)
        await asyncio.sleep(_SETTLE_S)

    def _open(self, *numbers: int) -> bool:
        ready = [row.version_number for row in self.installation.rows() if row.state == "ready"]
        return all(ready.count(number) == 2 for number in numbers)


async def measure(installation: SmallInstallation, urls: tuple[str, str]) -> Outcome:
    """Changes versions under load, kills the first gateway in the middle, and counts."""
    killed = installation.gateways[0]
    experiment = Experiment(installation)
    experiment.openings.now(1)
    for number in (2, 3):
        installation.add_version(number, "adapter")
    loads = [
        ConstantLoad(gateway.base_url, gateway.secrets.app, _CONCURRENCY, pause_s=0.05)
        for gateway in installation.gateways
    ]
    async with loads[0], loads[1]:
        await asyncio.sleep(_SETTLE_S)
        await experiment.change(deployments.start_canary, 2, 0.5, opened=(1, 2))
        await experiment.change(deployments.promote, 2, opened=(2,))
        await experiment.change(deployments.start_canary, 3, 0.5, opened=(2, 3))
        killed_at = time.monotonic()
        await asyncio.to_thread(killed.kill)
        await experiment.change(deployments.promote, 3, opened=(3,))
        await experiment.change(deployments.roll_back, 3, opened=(2,))
        began = time.monotonic()
        await asyncio.to_thread(killed.run)
        back_at = time.monotonic()
        await experiment.change(deployments.roll_back, 2, opened=(1,))
    failed = [answer for answer in loads[0].answers if answer.failure is not None]
    running = [one for one in failed if one.ended < killed_at or one.began > back_at]
    every = [answer for load in loads for answer in load.answers if answer.failure is None]
    now = installation.deployment()
    return Outcome(
        changes=experiment.changes,
        answers=len(every),
        survivor_answers=len(loads[1].answers),
        failed_before=len(running),
        cut_off=sum(one.began < killed_at <= one.ended for one in failed),
        survivor_failed=len(loads[1].failures),
        mixed=sum(answer.mixed for answer in every),
        of_a_version_that_was_not_open=sum(not experiment.openings.may_answer(answer) for answer in every),
        back_s=round(back_at - began, 1),
        ended_as_wanted=(now.live_version, now.canary_version) == (1, None),
        by_engine=(_received(urls[0]), _received(urls[1])),
    )


def _received(url: str) -> int:
    count: int = httpx.get(f"{url}/fake/state", trust_env=False).raise_for_status().json()["received"]
    return count


def run() -> Outcome:
    """Starts everything and measures."""
    with tempfile.TemporaryDirectory(prefix="attune-") as name, engines(Path(name)) as urls:
        home = Path(name) / "home"
        home.mkdir()
        with databases.postgresql_server() as server, databases.new_database(server) as database:
            upstream = {"upstream": ",".join(urls), "upstream_model": "attune@v1"}
            with SmallInstallation(home, database_url=database, gateways=2, **upstream) as installation:
                return asyncio.run(measure(installation, urls))


def report(outcome: Outcome) -> list[str]:
    """The outcome as Markdown."""
    lines = ["| | |", "| --- | --- |"]
    lines += [f"| {name.replace('_', ' ')} | {value} |" for name, value in asdict(outcome).items()]
    return [*lines, "", "All good." if outcome.good else "**Not good.**"]


def main() -> int:
    """Exit status 0 if nothing but the dead gateway's own open requests was lost."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    outcome = run()
    lines = report(outcome)
    print("\n".join([*lines, "", f"written to {results.write('two-gateways', asdict(outcome), lines)}"]))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
