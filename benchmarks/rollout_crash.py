"""kill -9 of controller, gateway or engine in every step of a change: it ends in the desired state or the former one.

Each kill comes at a random moment after the controller has entered the step. Then the dead process is started again,
as `attune up` would, and what follows is timed until every version that should run is open and answers, and no process
and no adapter is left that belongs to nothing. With `--engine vllm` the engines are real ones, which serve the starter
and random adapters over it: merged, each by an engine of its own that needs most of a minute to start, and loaded on
the engine that runs. `python -m benchmarks.rollout_crash --help`.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

import httpx
from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import percentile
from ledger import deployments
from server.controller.processes import inhabitants
from server.controller.settings import STARTER
from tests.processes import NotStarted
from tests.random_adapter import register_passed, write_random_adapters
from tests.small_controller import Kill, Step, Victim
from tests.small_installation import EngineKind, SmallInstallation

Form = Literal["full", "adapter"]
Direction = Literal["canary", "withdraw"]

Cell = tuple[Form, Direction, Step, float]

# What a change of a version with an engine of its own goes through, and of an adapter on a running one; and how long a
# step lasts about, in seconds: the kill comes at a uniformly random moment within.
_FAKE_STEPS: tuple[Cell, ...] = (
    ("full", "canary", "prepare", 0.01),
    ("full", "canary", "start", 0.8),
    ("full", "canary", "attest", 0.02),
    ("full", "canary", "open", 0.02),
    ("full", "canary", "watch", 1.0),
    ("full", "withdraw", "drain", 2.2),
    ("full", "withdraw", "stop", 0.1),
    ("adapter", "canary", "load", 0.02),
    ("adapter", "canary", "attest", 0.02),
    ("adapter", "canary", "open", 0.02),
    ("adapter", "withdraw", "drain", 2.2),
    ("adapter", "withdraw", "unload", 0.02),
)
_VLLM_STEPS: tuple[Cell, ...] = (
    ("full", "canary", "prepare", 0.5),
    ("full", "canary", "start", 30.0),
    ("full", "canary", "attest", 0.3),
    ("full", "canary", "open", 0.02),
    ("full", "canary", "watch", 1.0),
    ("full", "withdraw", "drain", 2.2),
    ("full", "withdraw", "stop", 2.0),
    ("adapter", "canary", "load", 0.2),
    ("adapter", "canary", "attest", 0.3),
    ("adapter", "canary", "open", 0.02),
    ("adapter", "withdraw", "drain", 2.2),
    ("adapter", "withdraw", "unload", 0.1),
)
STEPS: dict[EngineKind, tuple[Cell, ...]] = {"fake": _FAKE_STEPS, "vllm": _VLLM_STEPS}


@dataclass(frozen=True)
class Outcome:
    """What became of one change.

    Attributes:
        ended: `desired`; `former`, where the version was rolled back; or `between`, with `found` saying how.
        seconds: From the kill until all was well.
        orphans: Processes and adapters that belong to no version that should run.
    """

    form: Form
    direction: Direction
    step: Step
    victim: Victim
    ended: Literal["desired", "former", "between"]
    seconds: float
    orphans: int
    found: str = ""

    @property
    def good(self) -> bool:
        """Whether it ended as it should."""
        return self.ended != "between" and self.orphans == 0


@dataclass
class Matrix:
    """A running installation, and kills in it."""

    installation: SmallInstallation
    moments: random.Random
    form: Form
    number: int

    @classmethod
    @contextmanager
    def running(cls, engine: EngineKind, form: Form, seed: int) -> Iterator[Self]:
        """Starts an installation, and registers the version that comes and goes."""
        adapter_form = "loaded" if engine == "fake" or form == "adapter" else "merged"
        with (
            tempfile.TemporaryDirectory(prefix="attune-") as name,  # a short path, because of the engines' sockets
            SmallInstallation(Path(name), engine=engine, adapter_form=adapter_form, keep_former_s=0) as installation,
        ):
            if engine == "fake":
                number = 2
                installation.add_version(number, form)
            else:
                [adapter] = write_random_adapters(STARTER, Path(name), 1)
                number = register_passed(installation.database, adapter, 1)
            yield cls(installation, random.Random(seed), form, number)

    def kill(self, direction: Direction, step: Step, longest_s: float, victim: Victim) -> Outcome:
        """Makes one change, kills the victim in the step, and sees where it ends; then all is as before."""
        installation, number = self.installation, self.number
        if direction == "withdraw":
            installation.change(deployments.start_canary, number, 0.5)
            installation.until_open(1, number)
        delay_s = self.moments.uniform(0, longest_s)
        order, done = installation.home / "kill", installation.home / "killed"
        done.unlink(missing_ok=True)
        order.write_text(json.dumps(asdict(Kill(step, victim, delay_s, installation.gateways[0].pid))))
        if direction == "canary":
            installation.change(deployments.start_canary, number, 0.5)
        else:
            installation.change(deployments.withdraw, number)
        installation.until(done.exists)
        time.sleep(delay_s + 0.01)
        began = time.monotonic()
        self._start_again(victim)
        wanted = {1, number} if direction == "canary" else {1}
        found = ""
        try:
            installation.until(lambda: self._settled(wanted))
        except NotStarted as error:
            found = str(error)
        seconds = time.monotonic() - began
        left = self._orphans()
        ended = self._ended(number, direction) if not found else "between"
        self._restore(number)
        return Outcome(self.form, direction, step, victim, ended, seconds, left, found)

    def _start_again(self, victim: Victim) -> None:
        """What the supervisor does for the controller and the gateway, and the controller for engines."""
        process = {"controller": self.installation.controller, "gateway": self.installation.gateways[0]}.get(victim)
        if process is not None:
            process.kill()
            process.start()

    def _settled(self, wanted: set[int]) -> bool:
        """Whether the versions that should run, and no others, are open, whatever the ledger wants by now."""
        now = self.installation.deployment()
        should = {version for version in (now.live_version, now.canary_version) if version is not None}
        if should not in (wanted, {1}) or self.installation.open_versions() != dict.fromkeys(should, "ready"):
            return False
        # The rows of a dead engine look well until the controller has noticed: only an answer counts.
        return self._orphans() == 0 and all(self._answers(number) for number in should)

    def _ended(self, number: int, direction: Direction) -> Literal["desired", "former"]:
        there = self.installation.deployment().canary_version == number
        return "desired" if there == (direction == "canary") else "former"

    def _answers(self, number: int) -> bool:
        headers = {"Authorization": f"Bearer {self.installation.secrets.app}"}
        body = {"model": f"attune@v{number}", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
        with suppress(httpx.HTTPError):
            url = f"{self.installation.base_url}/chat/completions"
            return httpx.post(url, json=body, headers=headers, timeout=5, trust_env=False).status_code == 200
        return False

    def _orphans(self) -> int:
        """Processes in folders of engines that have no row, and adapters that belong to no row."""
        rows, run = self.installation.rows(), self.installation.home / "run"
        homes = [run / row.id for row in rows if row.pid is not None]
        processes = set(inhabitants(run)) - {pid for folder in homes for pid in inhabitants(folder)}
        known = {row.upstream_model for row in rows}
        stray = 0
        for url in {row.url for row in rows if row.pid is not None}:
            transport = httpx.HTTPTransport(uds=url.removeprefix("unix://"))
            with suppress(httpx.HTTPError), httpx.Client(transport=transport, base_url="http://engine") as client:
                stray += sum(model["id"] not in known for model in client.get("/v1/models").json()["data"])
        return len(processes) + stray

    def _restore(self, number: int) -> None:
        if self.installation.deployment().canary_version == number:
            self.installation.change(deployments.withdraw, number)
        self.installation.readmit(number)
        self.installation.until_open(1)


def run(
    engine: EngineKind, kills: int, seed: int, minutes: float, done: list[Outcome], keep: Path | None = None
) -> list[Outcome]:
    """Kills until each victim was hit `kills` times in each step, or the time is over.

    Args:
        engine: Which engines run.
        kills: For each step and victim.
        seed: Of the moments.
        minutes: After which no other kill is begun.
        done: Outcomes of before, which count.
        keep: File to which each outcome is appended.
    """
    deadline = time.monotonic() + 60 * minutes
    outcomes = list(done)
    for form in get_args(Form):
        missing = [cell for cell in _missing(STEPS[engine], kills, done) if cell[0] == form]
        if not missing or time.monotonic() > deadline:
            continue
        with Matrix.running(engine, form, seed + len(done)) as matrix:
            for _, direction, step, longest_s, victim in tqdm(missing, desc=f"kills, {form}"):
                if time.monotonic() > deadline:
                    break
                outcomes.append(matrix.kill(direction, step, longest_s, victim))
                if keep is not None:
                    with keep.open("a") as file:
                        file.write(json.dumps(asdict(outcomes[-1])) + "\n")
    return outcomes


def _missing(
    steps: Sequence[Cell], kills: int, done: Sequence[Outcome]
) -> list[tuple[Form, Direction, Step, float, Victim]]:
    """What is still to be done, a whole round of all steps and victims after another."""
    had = [(one.form, one.direction, one.step, one.victim) for one in done]
    cells = [(*step, victim) for step in steps for victim in get_args(Victim)]
    rounds = [[cell for cell in cells if had.count((*cell[:3], cell[4])) <= place] for place in range(kills)]
    return [cell for cells in rounds for cell in cells]


def report(outcomes: Sequence[Outcome]) -> list[str]:
    """The outcomes as Markdown."""
    wrong = [one for one in outcomes if not one.good]
    lines = [
        f"{len(outcomes)} changes, in each of which one process was killed with SIGKILL. Between two states: "
        f"{sum(one.ended == 'between' for one in outcomes)}; orphans: {sum(one.orphans for one in outcomes)}.",
        "",
        "Seconds from the kill until every version that should run is open and answers; a killed controller or gateway "
        "is started again at once.",
        "",
        "| version | step | killed | n | desired | former | median s | longest s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for form, direction, step, _ in _FAKE_STEPS:
        for victim in get_args(Victim):
            cell = [one for one in outcomes if (one.form, one.step, one.victim) == (form, step, victim)]
            if not cell:
                continue
            took = [one.seconds for one in cell]
            what = "own engine" if form == "full" else "adapter"
            ended = [sum(one.ended == name for one in cell) for name in ("desired", "former")]
            counts = f"{len(cell)} | {ended[0]} | {ended[1]} | {percentile(took, 0.5):.1f} | {max(took):.1f}"
            lines.append(f"| {what}, {direction} | {step} | {victim} | {counts} |")
    lines += ["", *(f"- **{one.form} {one.step} {one.victim}**: {one.ended} {one.found[:200]}" for one in wrong)]
    return [*lines, "All good." if not wrong else "**Not good.**"]


def main() -> int:
    """Exit status 0 if every change ended in the desired or the former state, and nothing was left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=get_args(EngineKind), default="fake")
    parser.add_argument("--kills", type=int, default=5, help="of each victim in each step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="stop in time; what is done is kept and counts later")
    options = parser.parse_args()
    name = {"fake": "rollout-crash", "vllm": "rollout-crash-vllm"}[options.engine]
    keep = Path("build") / f"{name}.jsonl"
    keep.parent.mkdir(exist_ok=True)
    done = [Outcome(**json.loads(line)) for line in keep.read_text().split("\n") if line] if keep.exists() else []
    outcomes = run(options.engine, options.kills, options.seed, options.minutes, done, keep)
    lines = report(outcomes)
    figures: dict[str, Any] = {"outcomes": [asdict(one) for one in outcomes]}
    print("\n".join([*lines, "", f"written to {results.write(name, figures, lines)}"]))
    return 0 if all(one.good for one in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
