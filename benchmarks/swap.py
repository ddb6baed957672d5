"""Changes of the model under a constant load: failed requests, answers that mix two versions, and how long they take.

`attune up` serves the starter. Other versions of random weights go through canary, promotion and rollback, one after
another, while 16 requests are always open, streams and whole answers. `--form merged` merges each adapter and starts an
engine for it (blue/green), `--form loaded` loads it on the engine that runs, and with `--form mixed` every second
version is no adapter but whole weights, for which an engine is started (blue/green). With `--engine fake` a small
engine that pays out words stands in for vLLM, on which the control alone is measured. After every change each open
version's engine is asked for log-probabilities, which must be those in the registry.
`python -m benchmarks.swap --help`.
"""

import argparse
import asyncio
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

import aiohttp
from sqlalchemy import func, select, update
from tqdm import tqdm

from alignment import probe
from benchmarks import results
from benchmarks.intervals import percentile
from benchmarks.swap_report import Action, Form, How, report
from ledger import deployments, engines, versions
from ledger.database import Database
from ledger.schema import audit, model_versions
from server.controller.client import EngineClient
from server.controller.command import engine_dtype
from server.controller.errors import EngineFailed
from server.controller.platform import detect
from server.controller.probe import attest, tolerance
from server.controller.settings import EngineSettings
from tests.constant_load import GATEWAYS_LAG_S, Answered, ConstantLoad, Openings, last_before
from tests.random_adapter import register_passed, write_random_adapters, write_whole_weights
from tests.small_installation import SmallInstallation
from tests.stack import STARTER, Stack

SETTLE_S = 2.0
_VERSIONS = 8
_FAKE_ANSWERS = {"first_token_delay_s": 0.1, "token_delay_s": 0.02}


@dataclass(frozen=True)
class Change:
    """One change. `began` and `ended` (it is in effect everywhere) are on the monotonic clock.

    Attributes:
        how: The version that comes and goes is served.
        seconds: Until the canary gave its first answer; or until the version that was taken away got its last request.
        finished_s: For what was taken away, until its last answer ended.
    """

    action: Action
    how: How
    began: float
    ended: float
    seconds: float
    finished_s: float | None


@dataclass(frozen=True)
class Attested:
    """How far what a version's engine served lay from the registry.

    Attributes:
        mean: Of the distances of log-probabilities, in nats; None where the registry has none.
        failure: Why it is not the same; empty if it is.
    """

    number: int
    mean: float | None
    failure: str = ""


@dataclass
class Command:
    """A change that was asked for: when, and by when it was in effect everywhere."""

    action: Action
    number: int
    began: float
    ended: float = float("nan")


@dataclass
class Experiment:
    """A running Attune, the load on it, and what was changed."""

    stack: Stack | SmallInstallation
    database: Database
    load: ConstantLoad
    live: int
    how: Mapping[int, How]
    openings: Openings = field(default_factory=Openings)
    commands: list[Command] = field(default_factory=list)
    attested: list[Attested] = field(default_factory=list)

    async def cycle(self, number: int) -> None:
        """Tries a version on half of the people, promotes it, and rolls it back."""
        await self._change("canary", number, share=0.5)
        self._in_effect(await last_before(lambda: self._ready(number), 240, 0.1), self.live, number)
        await asyncio.sleep(SETTLE_S)
        await self._attest(self.live, number)
        self._in_effect(await self._change("promote", number), number)
        await asyncio.sleep(SETTLE_S)
        await self._attest(number)
        self._in_effect(await self._change("rollback", number), self.live)
        await last_before(lambda: not self._there(number), 240, 0.1)
        await self._attest(self.live)

    async def _change(self, action: Action, number: int, **more: object) -> float:
        """Asks for a change; returns when it was not made yet."""
        headers = {"Authorization": f"Bearer {self.stack.secrets.admin}"}
        body = {"version": number, "reason": "a benchmark", **more}
        self.commands.append(Command(action, number, time.monotonic()))
        url = f"{self.stack.base_url}/deployments/{action}"
        async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=body) as answer:
            if answer.status != 200:
                raise RuntimeError(f"{action} of v{number} is answered with {answer.status}: {await answer.text()}")
        return self.commands[-1].began

    def _in_effect(self, since: float, *open_versions: int) -> None:
        self.openings.now(*open_versions, since=since)
        self.commands[-1].ended = time.monotonic() + GATEWAYS_LAG_S

    async def _attest(self, *numbers: int) -> None:
        """Compares what the engines of these versions serve now with the registry."""
        with self.database.read() as connection:
            registered = {version.number: version for version in versions.list_all(connection)}
            rows = [row for row in engines.serving(connection) if row.version_number in numbers]
        allowed = tolerance(engine_dtype(EngineSettings(), detect()))
        for row in rows:
            version = registered[row.version_number]
            others = [other for other in registered.values() if other is not version]
            async with EngineClient(row.url) as client:
                try:
                    apart = await attest(client, version, others, allowed, row.upstream_model)
                    self.attested.append(Attested(version.number, apart and apart.mean))
                except EngineFailed as error:
                    self.attested.append(Attested(version.number, None, str(error)))

    def _ready(self, number: int) -> bool:
        with self.database.read() as connection:
            if deployments.current(connection).canary_version != number:
                raise RuntimeError(f"v{number} is not the canary any more: see the audit of {self.stack.home}")
            return any(row.version_number == number for row in engines.serving(connection))

    def _there(self, number: int) -> bool:
        with self.database.read() as connection:
            return any(row.version_number == number for row in engines.list_all(connection))


def _how(form: Form, count: int) -> list[How]:
    """How each of some versions is served."""
    if form == "mixed":
        return ["own engine" if place % 2 else "loaded" for place in range(count)]
    return ["loaded" if form == "loaded" else "own engine"] * count


async def run(form: Form, cycles: int, concurrency: int, folder: Path) -> dict[str, Any]:
    """Runs all cycles on a real vLLM and returns the figures."""
    stack = Stack(folder, adapter_form="merged" if form == "merged" else "loaded")
    adapters = write_random_adapters(STARTER, folder, min(cycles, _VERSIONS))
    stack.run()
    try:
        with closing(stack.open_ledger()) as database:
            with database.read() as connection:
                live = deployments.current(connection).live_version
            assert live is not None
            _register_figures(database, live)
            how: dict[int, How] = {}
            for served, adapter in zip(_how(form, len(adapters)), adapters, strict=True):
                if form == "mixed" and served == "own engine":
                    whole = write_whole_weights(STARTER, adapter, folder / f"whole-{adapter.name}")
                    how[register_passed(database, whole, live, "full")] = served
                else:
                    how[register_passed(database, adapter, live)] = served
            return await _measure(stack, database, live, how, form, cycles, concurrency)
    finally:
        stack.stop()


async def run_on_fake_engines(form: Form, cycles: int, concurrency: int, folder: Path) -> dict[str, Any]:
    """The same on fake engines: a version of whole weights stands in for a merged adapter."""
    with SmallInstallation(folder, behaviour=_FAKE_ANSWERS, adapter_form="loaded") as small:
        how = dict(enumerate(_how(form, min(cycles, _VERSIONS)), start=2))
        for number, served in how.items():
            small.add_version(number, "adapter" if served == "loaded" else "full")
        return await _measure(small, small.database, 1, how, form, cycles, concurrency)


async def _measure(
    stack: Stack | SmallInstallation,
    database: Database,
    live: int,
    how: Mapping[int, How],
    form: Form,
    cycles: int,
    concurrency: int,
) -> dict[str, Any]:
    load = ConstantLoad(stack.base_url, stack.secrets.app, concurrency)
    experiment = Experiment(stack, database, load, live, how)
    numbers = list(how)
    experiment.openings.now(live)
    began = time.monotonic()
    async with load:
        await asyncio.sleep(10)  # what is usual
        for place in tqdm(range(cycles), desc=f"{form}: canary, promotion, rollback"):
            number = numbers[place % len(numbers)]
            _readmit(database, number)
            await experiment.cycle(number)
    return _figures(experiment, form, concurrency, time.monotonic() - began)


def _register_figures(database: Database, live: int) -> None:
    """Registers log-probabilities of the starter too: those of a base model are not computed by Attune."""
    found = {"probe": probe.compute(STARTER, None).model_dump(mode="json")}
    with database.write() as connection:
        connection.execute(update(model_versions).where(model_versions.c.number == live).values(found))


def _readmit(database: Database, number: int) -> None:
    """Lets a version be tried that was rolled back before: an adapter takes longer to make than to change."""
    with database.write() as connection:
        connection.execute(update(model_versions).where(model_versions.c.number == number).values(state="passed"))


def _figures(experiment: Experiment, form: Form, concurrency: int, seconds: float) -> dict[str, Any]:
    answers = experiment.load.answers
    good = [answer for answer in answers if answer.failure is None]
    changes = [_measured(command, place, experiment) for place, command in enumerate(experiment.commands)]
    during = [answer for answer in good if any(_overlaps(answer, change) for change in changes)]
    outside = [answer for answer in good if not any(_overlaps(answer, change) for change in changes)]
    with experiment.database.read() as connection:
        failed_probes = connection.execute(
            select(func.count()).select_from(audit).where(audit.c.action == "probe_failed")
        ).scalar_one()
    return {
        "form": form,
        "concurrency": concurrency,
        "seconds": seconds,
        "changes": [asdict(change) for change in changes],
        "answers": len(answers),
        "streams": sum(answer.stream for answer in answers),
        "failed": len(answers) - len(good),
        "first_failures": experiment.load.failures[:5],
        "mixed": sum(answer.mixed for answer in answers),
        "of_a_version_that_was_not_open": sum(not experiment.openings.may_answer(answer) for answer in good),
        "failed_probes": failed_probes,
        "attested": len(experiment.attested),
        "attested_compared": sum(one.mean is not None for one in experiment.attested),
        "attested_largest_mean": max(
            (one.mean for one in experiment.attested if one.mean is not None), default=math.nan
        ),
        "attested_otherwise": [one.failure for one in experiment.attested if one.failure],
        "latency_during_a_change": _latency(during),
        "latency_outside": _latency(outside),
        "latency_outside_by_how": {
            how: _latency([answer for answer in outside if experiment.how.get(answer.version or 0, "base") == how])
            for how in ("base", *get_args(How))
        },
    }


def _measured(command: Command, place: int, experiment: Experiment) -> Change:
    began, number, how = command.began, command.number, experiment.how[command.number]
    answers = [answer for answer in experiment.load.answers if answer.failure is None]
    if command.action == "canary":
        first = min(answer.began for answer in answers if answer.version == number and answer.began > began)
        return Change(command.action, how, began, command.ended, first - began, None)
    gone = experiment.live if command.action == "promote" else number
    until = min((later.began for later in experiment.commands[place + 1 :]), default=float("inf"))
    last = [answer for answer in answers if answer.version == gone and began - 60 < answer.began < until]
    return Change(
        command.action,
        how,
        began,
        command.ended,
        max(0.0, max(answer.began for answer in last) - began),
        max(0.0, max(answer.ended for answer in last) - began),
    )


def _overlaps(answer: Answered, change: Change) -> bool:
    return answer.began < change.ended and answer.ended > change.began


def _latency(answers: Sequence[Answered]) -> dict[str, float]:
    """Seconds to the first bytes of streams, and to the end of all."""
    first = [answer.first - answer.began for answer in answers if answer.stream]
    whole = [answer.ended - answer.began for answer in answers]
    if not first:
        return {"answers": len(answers)}
    return {
        "answers": len(answers),
        "ttft_p50_s": percentile(first, 0.5),
        "ttft_p99_s": percentile(first, 0.99),
        "duration_p50_s": percentile(whole, 0.5),
        "duration_p99_s": percentile(whole, 0.99),
    }


def main() -> int:
    """Runs it and writes the figures; exit status 0 if no answer failed, mixed versions or came from a closed one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", choices=get_args(Form), required=True, help="how versions are served")
    parser.add_argument("--engine", choices=("vllm", "fake"), default="vllm")
    parser.add_argument("--cycles", type=int, default=10, help="of three changes each")
    parser.add_argument("--concurrency", type=int, default=16)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        measure = run if arguments.engine == "vllm" else run_on_fake_engines
        figures = asyncio.run(measure(arguments.form, arguments.cycles, arguments.concurrency, Path(name)))
    lines = report(figures)
    named = f"swap-{arguments.form}" if arguments.engine == "vllm" else f"swap-fake-{arguments.form}"
    path = results.write(named, figures, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    wrong = figures["failed"] + figures["mixed"] + figures["of_a_version_that_was_not_open"]
    wrong += len(figures["attested_otherwise"])
    return 0 if wrong == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
