"""Two gateways over PostgreSQL and two engines of somebody else, the model changed under load, one gateway killed.

Versions go canary, live and back while both gateways are asked; in the middle one is killed with SIGKILL, and started
again at the end. The other must not fail a request. The engines are fake ones, or with `--engine vllm` real ones that
serve the starter and load random adapters over it. `python -m benchmarks.two_gateways`.
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
from typing import get_args

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import results
from ledger import deployments
from server.controller.command import command, environment
from server.controller.platform import detect
from server.controller.settings import STARTER, EngineSettings
from tests import databases
from tests.constant_load import ConstantLoad, Openings
from tests.processes import Process, free_port
from tests.random_adapter import register_passed, write_random_adapters
from tests.small_installation import EngineKind, SmallInstallation

_CONCURRENCY = 8
_SETTLE_S = {"fake": 1.5, "vllm": 10.0}
_BASE = "attune@v1"
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
def engines(kind: EngineKind, folder: Path) -> Iterator[tuple[str, str]]:
    """Two engines that somebody else runs; gives their addresses."""
    running = []
    for name in ("one", "other"):
        port = free_port()
        program, surroundings = _fake(port) if kind == "fake" else _vllm(port)
        running.append((port, Process(program, folder / f"engine-{name}.log", surroundings)))
    try:
        for port, engine in running:
            engine.start()
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                engine.wait_for(client, "/health", 240)
        yield (f"http://127.0.0.1:{running[0][0]}", f"http://127.0.0.1:{running[1][0]}")
    finally:
        for _, engine in running:
            engine.kill()


def _fake(port: int) -> tuple[list[str], dict[str, str]]:
    program = [sys.executable, "-m", "tests.fake_engine", "--port", str(port), "--served-model-name", _BASE]
    return [*program, "--behaviour", _BEHAVIOUR], {}


def _vllm(port: int) -> tuple[list[str], dict[str, str]]:
    """VLLM as docs/rollout.md asks for it, which is as the controller starts it, but on a port."""
    settings, platform = EngineSettings(enforce_eager=True), detect()
    program = command(settings, platform, model=Path(STARTER), name=_BASE, socket=Path("-"), adapters=True)
    place = program.index("--uds")
    program[place : place + 2] = ["--host", "127.0.0.1", "--port", str(port)]
    return program, environment(settings, platform, {}, adapters=True, beside_another=True)


@dataclass
class Experiment:
    """The installation, the versions that are open, and how many changes were made."""

    installation: SmallInstallation
    settle_s: float
    openings: Openings = field(default_factory=Openings)
    opened: tuple[int, ...] = (1,)
    changes: int = 0

    async def change(self, operation: Callable[..., object], *arguments: object, opened: tuple[int, ...]) -> None:
        """Changes desired state, waits until these versions are open on both engines, and a while more."""
        self.changes += 1
        self.openings.now(*self.opened, *opened)  # a gateway may know it before we do
        await asyncio.to_thread(self.installation.change, operation, *arguments)
        await asyncio.to_thread(self.installation.until, lambda: self._open(*opened))
        self.openings.now(*opened)
        self.opened = opened
        await asyncio.sleep(self.settle_s)

    def _open(self, *numbers: int) -> bool:
        ready = [row.version_number for row in self.installation.rows() if row.state == "ready"]
        return all(ready.count(number) == 2 for number in numbers)


async def measure(kind: EngineKind, installation: SmallInstallation, urls: tuple[str, str]) -> Outcome:
    """Changes versions under load, kills the first gateway in the middle, and counts."""
    killed = installation.gateways[0]
    experiment = Experiment(installation, _SETTLE_S[kind])
    experiment.openings.now(*experiment.opened)
    _register(kind, installation)
    loads = [
        ConstantLoad(gateway.base_url, gateway.secrets.app, _CONCURRENCY, pause_s=0.05)
        for gateway in installation.gateways
    ]
    async with loads[0], loads[1]:
        await asyncio.sleep(experiment.settle_s)
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
        by_engine=(_answered(kind, urls[0]), _answered(kind, urls[1])),
    )


def _register(kind: EngineKind, installation: SmallInstallation) -> None:
    """Two adapters over v1, as v2 and v3."""
    if kind == "fake":
        for number in (2, 3):
            installation.add_version(number, "adapter")
        return
    for folder in write_random_adapters(Path(STARTER), installation.home, 2):
        register_passed(installation.database, folder, 1)


def _answered(kind: EngineKind, url: str) -> int:
    """Requests that an engine has had; of vLLM, that it has answered, those of the probe among them."""
    if kind == "fake":
        return int(httpx.get(f"{url}/fake/state", trust_env=False).raise_for_status().json()["received"])
    metrics = httpx.get(f"{url}/metrics", trust_env=False).raise_for_status().text
    samples = (sample for family in text_string_to_metric_families(metrics) for sample in family.samples)
    return int(sum(sample.value for sample in samples if sample.name == "vllm:request_success_total"))


def run(kind: EngineKind) -> Outcome:
    """Starts everything and measures."""
    with tempfile.TemporaryDirectory(prefix="attune-") as name, engines(kind, Path(name)) as urls:
        home = Path(name) / "home"
        home.mkdir()
        with databases.postgresql_server() as server, databases.new_database(server) as database:
            upstream = {"upstream": ",".join(urls), "upstream_model": _BASE}
            with SmallInstallation(home, engine=kind, database_url=database, gateways=2, **upstream) as installation:
                return asyncio.run(measure(kind, installation, urls))


def report(outcome: Outcome) -> list[str]:
    """The outcome as Markdown."""
    lines = ["| | |", "| --- | --- |"]
    lines += [f"| {name.replace('_', ' ')} | {value} |" for name, value in asdict(outcome).items()]
    return [*lines, "", "All good." if outcome.good else "**Not good.**"]


def main() -> int:
    """Exit status 0 if nothing but the dead gateway's own open requests was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=get_args(EngineKind), default="fake")
    kind: EngineKind = parser.parse_args().engine
    outcome = run(kind)
    lines, name = report(outcome), "two-gateways" if kind == "fake" else "two-gateways-vllm"
    print("\n".join([*lines, "", f"written to {results.write(name, asdict(outcome), lines)}"]))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
