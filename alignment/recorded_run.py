"""What a run enters into the ledger as it goes: the stage that it is in, what each has found, and their energy."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment import choice, manifest
from alignment.config import AlignConfig
from alignment.energy import Energy, EnergyMeter
from alignment.errors import AlreadyRunning
from alignment.learners import Learners
from alignment.manifest import Manifest
from alignment.model_card import Lesson
from alignment.snapshot.stage import SnapshotCounts
from alignment.stages import Make, complete
from ledger import runs
from ledger.database import Database
from ledger.records import ModelVersion

SNAPSHOT, REWARD_MODEL, REGISTER, GATE, DONE = "snapshot", "reward-model", "register", "gate", "done"


@dataclass(frozen=True, slots=True)
class Job:
    """Where runs happen.

    Attributes:
        home: ATTUNE_HOME.
        say: Shows a person how it comes along, a line at a time.
        memory_limit_gib: In place of the configuration's, for this start.
        engine_cache_gib: Key-value cache of an engine of this machine.
        require_gate: Raises where what judges the candidate later would not fit; gets the folder of the base model.
        judge: Judges a registered candidate and stores the verdict with it, as the last stage; None leaves that out.
    """

    database: Database
    home: Path
    learners: Learners
    say: Callable[[str], None]
    memory_limit_gib: float | None = None
    engine_cache_gib: int = 1
    require_gate: Callable[[Path], None] = lambda base_model: None
    judge: Callable[[ModelVersion], None] | None = None

    def folder(self, run_id: str) -> Path:
        """Of a run."""
        return self.home / "runs" / run_id


@dataclass(slots=True)
class RecordedRun:
    """One run, as the ledger knows it.

    Attributes:
        id: Of the run; it has a row and a folder.
        lock_held: Says whether this process still holds the ledger's lock for runs.
    """

    job: Job
    id: str
    config: AlignConfig
    lock_held: Callable[[], bool]

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.job.folder(self.id)

    def stage(
        self, name: str, inputs: Mapping[str, str], make: Make, more: Callable[[], Mapping[str, Any]] = dict
    ) -> Manifest:
        """Completes a stage, and records what it found and the energy that it took."""
        folder = self.folder / name
        self.enter(name)
        known = manifest.is_whole(folder)
        if not known:
            self.job.say(f"{name} …")
        began, meter = time.monotonic(), EnergyMeter(self.config.watts_per_core)
        with meter:
            made = complete(folder, name, inputs, make, keep_scratch=self.config.keep_checkpoints)
        seconds = time.monotonic() - began
        with self.job.database.read() as connection:
            recorded = name in runs.get(connection, self.id).metrics
        if known and recorded:
            self.job.say(f"{name}: done before")
            return made
        found = {"report": made.facts, "manifest_sha256": made.sha256, "seconds": round(seconds, 1)} | dict(more())
        self.record(name, found | {"energy": _energy_record(meter.energy)}, meter.energy.joules)
        self.job.say(f"{name}: {seconds:.0f} s, {meter.energy.joules / 1000:.1f} kJ")
        return made

    def lesson(self, chosen: choice.Choice, counts: SnapshotCounts) -> Lesson:
        """Return what the model card says of the run."""
        with self.job.database.read() as connection:
            metrics = runs.get(connection, self.id).metrics
        energy = {stage: found["energy"] for stage, found in metrics.items() if "energy" in found}
        reports = {
            stage: found["report"] for stage, found in metrics.items() if stage != SNAPSHOT and "report" in found
        }
        return Lesson(chosen.algorithm, chosen.reason, counts, reports, energy)

    def enter(self, stage: str) -> None:
        """Enter the stage that begins.

        Raises:
            AlreadyRunning: The lock is lost, so another run may have begun.
            Erased: Feedback that the run is made of was erased.
        """
        self.require_lock()
        with self.job.database.write() as connection:
            runs.require_unerased(connection, self.id)
            runs.enter(connection, self.id, stage)

    def require_lock(self) -> None:
        """Make sure that no other run may have begun.

        Raises:
            AlreadyRunning: The lock is lost.
        """
        if not self.lock_held():
            raise AlreadyRunning(
                "The connection that held the lock of this run was lost, so another run may have begun. "
                f"`attune align run --resume {self.id}` goes on."
            )

    def record(self, stage: str, found: Mapping[str, Any], joules: float) -> None:
        """Enter what a stage has found, and the energy that it took."""
        with self.job.database.write() as connection:
            runs.record(connection, self.id, stage, found, joules)


def _energy_record(energy: Energy) -> dict[str, Any]:
    return {
        "joules": round(energy.joules, 1),
        "cpu": energy.cpu_method,
        "gpu": energy.gpu_method,
        "cpu_s": round(energy.cpu_s, 1),
    }
