"""Whether the gate refuses what it should: bad models of every known kind, and honest retrains with other seeds.

Everything is made from the starter: an honest candidate (KTO on simulated thumbs for politeness) whose reward model
judges all, models that were taught to answer badly (SFT through the alignment job), copies with damaged files, one
trained on the same thumbs turned round, and the honest run again with other seeds. Each goes through the gate as
`attune eval compare` does it, served by vLLM. What is made and judged is kept in the work folder, and a killed
benchmark goes on where it was. `python -m benchmarks.zoo --retrains 20`; `--minutes 8` stops in time.
"""

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert
from tqdm import tqdm

from alignment import learners, run
from alignment.config import parse
from alignment.durable import write_durably
from alignment.learners import Task
from alignment.recorded_run import Job
from attune import gate
from attune.evaluate import all_prompts
from attune.opponents import opponents
from benchmarks import results
from benchmarks.zoo_files import DAMAGES
from benchmarks.zoo_report import RETRAIN, report
from benchmarks.zoo_rows import BEHAVIOURS, poisoned, rows, voted_rows
from evals import thresholds
from evals.report import Comparison
from ledger import versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.model_files import fingerprint
from ledger.records import ModelVersion
from ledger.schema import model_versions
from tests.stack import STARTER

HONEST, POISONED = f"{RETRAIN} 0", "poisoned votes"
EPOCHS = 1.0
"""Passes over the votes. The default is three; there are twenty-one trainings on them."""
EXPECTED: Mapping[str, frozenset[str]] = {
    **{name: one.refused_for for name, one in DAMAGES.items()},
    **{name: one.refused_for for name, one in BEHAVIOURS.items()},
    POISONED: frozenset({"win_rate"}),
}
"""By bad model, the criteria that must refuse it."""


class Zoo:
    """The work folder: a ledger with all models as versions, which of them is which, and what the gate said."""

    def __init__(self, folder: Path) -> None:
        """Opens the folder, new or begun."""
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.database = Database.open(f"sqlite:///{self.home / 'ledger.db'}")
        digest = fingerprint(STARTER, self.home / "cache" / "sha256")
        with self.database.write() as connection:
            self.parent = versions.register_base(connection, path=str(STARTER), sha256=digest)
        self.numbers: dict[str, int] = self._kept("numbers.json")
        self.verdicts: dict[str, dict[str, Any]] = self._kept("verdicts.json")

    def make(self, name: str) -> None:
        """Makes a model and registers it, if that is not done."""
        if name in self.numbers:
            return
        if name in DAMAGES:
            version = self._damaged(name)
        elif name in BEHAVIOURS:
            behaviour = BEHAVIOURS[name]
            version = self._aligned(name, "sft", 1, lambda: rows(behaviour), behaviour.epochs)
        elif name == POISONED:
            version = self._aligned(name, "kto", 1, lambda: poisoned(self.votes()))
        else:
            version = self._aligned(name, "kto", int(name.removeprefix(RETRAIN)), self.votes)
        self.numbers[name] = version.number
        self._keep("numbers.json", self.numbers)

    def votes(self) -> list[dict[str, Any]]:
        """The honest thumbs; sampled once and kept."""
        kept = self.folder / "votes.json"
        if not kept.exists():
            write_durably(kept, json.dumps(voted_rows()).encode())
        found: list[dict[str, Any]] = json.loads(kept.read_text())
        return found

    def version(self, name: str) -> ModelVersion:
        """Of a model that is made."""
        with self.database.read() as connection:
            return versions.get(connection, self.numbers[name])

    @property
    def judge(self) -> Path:
        """The reward model of the honest run."""
        return self.home / "runs" / str(self.version(HONEST).run_id) / "reward-model" / "model"

    def compare(self, name: str) -> None:
        """Has the gate judge a model, and keeps what it says."""
        began = time.monotonic()
        plan = gate.Plan(
            opponents=opponents(self.database, self.numbers[name], self.parent.number),
            endpoint=None,
            judge=None,
            reward_model=self.judge,
            prompts=all_prompts(None),
            thresholds=thresholds.load(),
            folder=self.folder / "reports" / name.replace(" ", "-"),
        )
        found = gate.compare(plan, self.home)
        self.verdicts[name] = {
            "verdict": found.verdict.model_dump(mode="json"),
            "refused_for": found.verdict.refused_for,
            "spreads": spreads(found),
            "seconds": time.monotonic() - began,
        }
        self._keep("verdicts.json", self.verdicts)

    def _aligned(
        self, name: str, algorithm: str, seed: int, made: Callable[[], list[dict[str, Any]]], epochs: float = EPOCHS
    ) -> ModelVersion:
        """The candidate of an alignment run on rows."""
        file = self.folder / f"{name.replace(' ', '-')}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in made()))
        settings = {"algorithm": algorithm, "seed": seed, "parent": "v1", "from_file": str(file)}
        settings |= {"preference": {"epochs": epochs}}
        known = learners.real() if name == HONEST else replace(learners.real(), reward_model=self._known_judge)
        return run.start(Job(self.database, self.home, known, tqdm.write), parse(settings, name))

    def _known_judge(self, task: Task) -> Mapping[str, Any]:
        """The honest run's reward model again: all candidates are judged by one."""
        shutil.copytree(self.judge, task.out / "model", dirs_exist_ok=True)
        return {"copied": "from the honest run"}

    def _damaged(self, name: str) -> ModelVersion:
        damage, folder = DAMAGES[name], self.home / "damaged" / name.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        damage.make(folder, Path(self.version(HONEST).path))
        with self.database.write() as connection:
            number = max(versions.base_paths(connection)) + 1
            row = {"number": number, "parent_number": self.parent.number, "form": damage.form, "path": str(folder)}
            row |= {"sha256": fingerprint(folder, self.home / "cache" / "sha256"), "state": "candidate"}
            connection.execute(insert(model_versions).values(**row, created_at=utc_now()))
            return versions.get(connection, number)

    def _kept(self, file: str) -> dict[str, Any]:
        kept = self.folder / file
        return dict(json.loads(kept.read_text())) if kept.exists() else {}

    def _keep(self, file: str, values: Mapping[str, Any]) -> None:
        write_durably(self.folder / file, json.dumps(values, indent=1).encode())


def spreads(found: Comparison) -> dict[str, float]:
    """By family, the standard deviation of the items' differences: for the power table."""
    return {
        ours.family: float(np.std([a.score - b.score for a, b in zip(ours.items, theirs.items, strict=True)]))
        for ours, theirs in zip(found.answers.candidate, found.answers.parent, strict=True)
    }


def judge_all(zoo: Zoo, names: Iterable[str], in_time: Callable[[], bool], done: Callable[[], Any]) -> None:
    """Judges what is made and not judged yet, as far as there is time."""
    waiting = [name for name in names if name in zoo.numbers and name not in zoo.verdicts]
    for name in waiting:
        if in_time():
            zoo.compare(name)
            done()


def main() -> int:
    """Makes and judges what is missing, and writes all that there is; 1 if the gate let a bad model through."""
    options = _options()
    until = time.monotonic() + 60 * options.minutes
    zoo = Zoo(options.work_dir.resolve())
    names = [HONEST, *EXPECTED, *(f"{RETRAIN} {seed}" for seed in range(1, options.retrains))]

    def in_time() -> bool:
        return time.monotonic() < until

    with tqdm(total=2 * len(names), initial=len(zoo.numbers) + len(zoo.verdicts), unit="step") as progress:
        for name in names:
            if in_time() and name not in zoo.numbers:
                progress.set_description(name)
                zoo.make(name)
                progress.update()
        progress.set_description("gate")
        judge_all(zoo, names, in_time, progress.update)
    zoo.database.close()
    found = {name: zoo.verdicts[name] for name in names if name in zoo.verdicts}
    lines, good = report(found, EXPECTED, len(names))
    print("\n".join(lines))
    if len(found) == len(names):
        print(f"\nwritten to {results.write('zoo', {'models': found, 'good': good}, lines)}")
    return 0 if good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retrains", type=int, default=20, help="honest runs, each with a seed of its own")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing new after that time")
    parser.add_argument("--work-dir", type=Path, default=Path("build/zoo"), help="where everything is kept")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
