"""The stages of one run in their order, each done once."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment import choice, manifest, origin
from alignment.erasure import forget_erased
from alignment.errors import UnusableFile
from alignment.learners import Task
from alignment.manifest import Manifest
from alignment.memory.engines import engines_here
from alignment.memory.limit import GIB, find_limit
from alignment.memory.plan import StagePlan
from alignment.origin import Origin
from alignment.processes import on_this_machine
from alignment.recorded_run import DONE, GATE, REGISTER, REWARD_MODEL, SNAPSHOT, RecordedRun
from alignment.register import Registration, register
from alignment.snapshot import collect, from_file
from alignment.snapshot import stage as snapshot_stage
from alignment.snapshot.candidates import Collected
from alignment.snapshot.config import SnapshotConfig
from alignment.stages import digest
from ledger import runs, snapshots
from ledger.errors import Erased
from ledger.records import ModelVersion
from ledger.retention import run_files


@dataclass(slots=True)
class Pipeline(RecordedRun):
    """One run on its way."""

    def advance(self, parent: int | None) -> ModelVersion:
        """Brings the run to its end; returns the candidate.

        Args:
            parent: Number of the version that it has begun from; None for a new run.
        """
        self.job.say(f"run {self.id}")
        run_files.require_whole(self.folder)
        forget_erased(self.job.database, self.job.home)
        self.enter(SNAPSHOT)
        start_from = origin.find(self.job.database, self.config, self.job.home, parent)
        with self.job.database.write() as connection:
            runs.built_on(connection, self.id, parent=start_from.parent.number)
        snapshot, snapshot_id = self._snapshot(start_from)
        counts = snapshot_stage.counts_of(snapshot)
        self.job.say(f"from {start_from.parent.name}: {_summary(counts)}")
        chosen = choice.choose(self.config.algorithm, counts.train, counts.heldout, self.config.minimum)
        self.job.say(chosen.reason)
        self.record("choice", {"algorithm": chosen.algorithm, "reason": chosen.reason}, 0.0)
        memory = self._reckon(chosen.algorithm, start_from, counts)
        policy = self._learn(chosen.algorithm, start_from, snapshot, memory)
        lesson = self.lesson(chosen, counts)
        what = Registration(
            self.id,
            start_from,
            self.config,
            self.folder / chosen.algorithm / "adapter",
            policy.sha256,
            snapshot_id,
            snapshot.sha256,
            lesson,
        )
        return self._register(what)

    def _snapshot(self, start_from: Origin) -> tuple[Manifest, str]:
        """The snapshot's manifest and the id that the ledger knows it by."""
        folder = self.folder / SNAPSHOT
        newest_vote: list[int] = []

        def make(out: Path, _resume: bool) -> Mapping[str, Any]:
            if self.config.from_file is not None:
                collected = from_file.from_file(self.config.from_file, self.config.snapshot)
                from_file.say_dropped(self.config.from_file, collected, self.job.say)
            else:
                with self.job.database.read() as connection:
                    newest_vote.append(snapshots.newest_vote(connection))
                    collected = collect.from_ledger(connection, self.config.snapshot, base=start_from.base.number)
            self._check_roles(collected, start_from.base_model)
            filters = self._never_fewer_heldout()
            counts = snapshot_stage.write(collected, filters, out)
            return {"counts": counts.model_dump(), "filters": filters.model_dump()}

        inputs = {
            "base_model": start_from.base.sha256,
            "settings": digest(self.config.snapshot.model_dump(mode="json")),
        }
        if self.config.from_file is not None:
            inputs["file"] = _file_hash(self.config.from_file, folder)
        made = self.stage(SNAPSHOT, inputs, make, lambda: {"newest_vote": newest_vote[0] if newest_vote else None})
        try:
            return made, self._enter_snapshot(made, start_from.parent.number)
        except Erased:
            shutil.rmtree(folder)
            raise

    def _never_fewer_heldout(self) -> SnapshotConfig:
        """The settings, with the largest share that was ever held out: versions were measured on these prompts."""
        config = self.config.snapshot
        with self.job.database.read() as connection:
            share = snapshots.largest_heldout_share(connection)
        if share <= config.heldout_share:
            return config
        self.job.say(f"holding out {share:.0%} of the prompts, as a run before, and not {config.heldout_share:.0%}")
        return config.model_copy(update={"heldout_share": share})

    def _check_roles(self, collected: Collected, base_model: Path) -> None:
        if collected.candidates:
            # Imported here because they bring transformers along.
            from alignment.chat_tokens import ChatTokens
            from alignment.snapshot.roles import drop_refused_roles

            drop_refused_roles(collected, ChatTokens.load(base_model), self.job.say)

    def _enter_snapshot(self, made: Manifest, parent: int) -> str:
        """Enters the snapshot into the ledger, from where an erasing finds its files; returns its id.

        Raises:
            Erased: Feedback in it was erased meanwhile.
        """
        folder = self.folder / SNAPSHOT
        with self.job.database.write() as connection:
            row = snapshots.add(
                connection,
                content_sha256=snapshot_stage.content_sha256(made),
                path=str(folder),
                filters=made.facts["filters"],
                counts=made.facts["counts"],
                feedback_ids=snapshot_stage.feedback_ids(folder),
            )
            runs.built_on(connection, self.id, parent=parent, snapshot_id=row.id)
        return row.id

    def _reckon(
        self, algorithm: choice.Algorithm, start_from: Origin, counts: snapshot_stage.SnapshotCounts
    ) -> Mapping[str, StagePlan]:
        """How each stage keeps to the memory limit; of those that are done too, which costs nothing."""
        self.job.require_gate(start_from.base_model)
        with self.job.database.read() as connection:
            engines = engines_here(connection, self.job.engine_cache_gib * GIB)
        wanted = self.job.memory_limit_gib or self.config.memory_limit_gib
        limit = find_limit(engines, wanted, on_this_machine())
        stages = ((REWARD_MODEL,) if choice.teaches_a_judge(counts.train) else ()) + (algorithm, REGISTER)
        plans = self.job.learners.reckon(self.config, start_from.base_model, self.folder / SNAPSHOT, stages, limit)
        if plans:
            cut = ", ".join(
                f"{name} {found.bounds.trained_tokens}" for name, found in plans.items() if name != REGISTER
            )
            self.job.say(f"memory: {limit.bytes / GIB:.1f} GiB ({limit.reason}); tokens at once: {cut}")
        return plans

    def _learn(
        self, algorithm: choice.Algorithm, start_from: Origin, made: Manifest, memory: Mapping[str, StagePlan]
    ) -> Manifest:
        """Trains the reward model, for PPO and for the gate, and the policy; returns the policy's manifest."""
        config, learners, snapshot = self.config, self.job.learners, self.folder / SNAPSHOT
        inputs = start_from.inputs() | {"snapshot": made.sha256}
        reward_model: dict[str, str] = {}

        def task(out: Path, resuming: bool, judge: Path | None = None) -> Task:
            return Task(config, start_from, snapshot, out, resuming, judge, memory.get(out.name))

        def settings(section: Any) -> dict[str, str]:
            return {"settings": digest({"seed": config.seed, "section": section.model_dump(mode="json")})}

        if choice.teaches_a_judge(snapshot_stage.counts_of(made).train):
            judge = self.stage(
                REWARD_MODEL,
                # The reward model is trained from the base, whatever adapter the parent has.
                {"base_model": inputs["base_model"], "snapshot": made.sha256} | settings(config.reward_model),
                lambda out, resuming: learners.reward_model(task(out, resuming)),
            )
            reward_model["reward_model"] = judge.sha256
        else:
            self.job.say("no reward model: all feedback is of one kind, so the gate has nobody to judge by")
        if algorithm == "ppo":
            return self.stage(
                "ppo",
                inputs | reward_model | settings(config.ppo),
                lambda out, resuming: learners.ppo(task(out, resuming, self.folder / REWARD_MODEL)),
            )
        return self.stage(
            algorithm,
            inputs | settings(config.preference),
            lambda out, resuming: learners.preference(algorithm, task(out, resuming)),
        )

    def _register(self, what: Registration) -> ModelVersion:
        self.enter(REGISTER)
        version = register(self.job.database, self.job.home, what)
        self.job.say(f"{version.name} is a candidate")
        self.judge(version)
        return version

    def judge(self, version: ModelVersion) -> None:
        """Has the run's candidate judged, if the job judges and it has no verdict yet, and ends the run."""
        if self.job.judge is not None and version.gate_report is None:
            self.require_lock()
            with self.job.database.write() as connection:
                runs.enter(connection, self.id, GATE)
            self.job.judge(version)
        with self.job.database.write() as connection:
            runs.finish(connection, self.id, stage=DONE)


def _file_hash(path: Path, snapshot: Path) -> str:
    """SHA-256 of the file; once the snapshot is whole the file may go, and then the hash that it was made from."""
    if path.is_file():
        return manifest.file_sha256(path)
    if manifest.is_whole(snapshot):
        return manifest.read(snapshot).inputs.get("file", "")
    raise UnusableFile(f"There is no file {path}. Give a JSONL file with --from-file.")


def _summary(counts: snapshot_stage.SnapshotCounts) -> str:
    train, heldout = counts.train, counts.heldout
    dropped = sum(counts.dropped.values())
    return (
        f"{train.thumbs_up} thumbs up, {train.thumbs_down} down, {train.comparisons} comparisons to train on; "
        f"{heldout.thumbs_up + heldout.thumbs_down} thumbs, {heldout.comparisons} comparisons held out; "
        f"{dropped} dropped"
    )
