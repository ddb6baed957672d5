"""A run: snapshot → reward model → policy → register → gate, each stage done once and gone on with after a crash.

    ATTUNE_HOME/runs/RUN/config.json       the resolved configuration
                         snapshot/         rows and prompts          each stage's folder is whole when its
                         reward-model/     the judge                 manifest.json is there
                         ppo|kto|dpo|sft/  adapter, report, curves
    ATTUNE_HOME/versions/RUN/              what was registered

The ledger's row says which stage the run is in, what each found, and why it ended.
"""

import json
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from alignment.config import AlignConfig, parse
from alignment.durable import room_on_disk, write_durably
from alignment.errors import AlignmentError, AlreadyRunning, StageFailed, WrongConfig
from alignment.pipeline import Pipeline
from alignment.recorded_run import SNAPSHOT, Job
from ledger import erased_files, runs, snapshots, versions
from ledger.clock import iso
from ledger.database import Database
from ledger.errors import Busy, Erased, LedgerError
from ledger.home_rights import make_private
from ledger.records import ModelVersion

# `attune align status` looks at the lock by taking it for an instant, which must not turn a run away.
_LOCK_TRIES, _LOCK_WAIT_S = 4, 0.5


def start(job: Job, config: AlignConfig) -> ModelVersion:
    """Begins a run and brings it to its end; returns the candidate.

    Raises:
        WrongConfig: The file to learn from cannot be read; no run is begun.
        AlreadyRunning: Another run uses this ledger.
        AlignmentError: It could not come to its end. The run's row says why; `resume` goes on with it.
    """
    _require_file(config)
    with _only_run(job) as held:
        values = config.model_dump(mode="json")
        with job.database.write() as connection:
            run = runs.create(connection, stage=SNAPSHOT, config=values)
        with _recorded(job, run.id):
            with room_on_disk(job.home):
                make_private(job.folder(run.id))
                saved = json.dumps(values, indent=2) + "\n"
                write_durably(job.folder(run.id) / "config.json", saved.encode())
            return Pipeline(job, run.id, config, held).advance(None)


def resume(job: Job, run_id: str) -> ModelVersion:
    """Goes on with a run that was interrupted, with its own configuration; one that is done returns its candidate.

    Raises:
        NotFound: There is no such run.
        AlreadyRunning: Another run uses this ledger.
        AlignmentError: As in `start`.
    """
    with _only_run(job) as held:
        with job.database.read() as connection:
            run = runs.get(connection, run_id)
            made = versions.made_by(connection, run_id)
        pipeline = Pipeline(job, run_id, parse(run.config, f"the configuration of the run {run_id}"), held)
        if made is not None:
            if not run.done or job.judge is not None:
                with _recorded(job, run_id):
                    pipeline.judge(made)
            return made
        if not job.folder(run_id).is_dir():
            raise AlignmentError(
                f"The run {run_id} has no folder {job.folder(run_id)} on this machine, so it cannot be resumed here. "
                "Start a new one."
            )
        with _recorded(job, run_id):
            return pipeline.advance(run.parent_number)


def running(database: Database) -> bool:
    """Whether a run uses this ledger now."""
    try:
        with database.exclusive(runs.LOCK):
            return False
    except Busy:
        return True


def new_feedback(database: Database) -> int:
    """Counts the votes that came after those which the last finished run on the ledger's feedback saw."""
    with database.read() as connection:
        return snapshots.votes_after(connection, runs.newest_vote_learned(connection))


def _require_file(config: AlignConfig) -> None:
    """Raises WrongConfig where the file to learn from cannot be read: such a run would end at once, and stay listed."""
    if config.from_file is None:
        return
    try:
        config.from_file.open("rb").close()
    except OSError as error:
        raise WrongConfig(
            f"{config.from_file} cannot be read: {error.strerror}. Give a JSONL file with --from-file."
        ) from error


@contextmanager
def _only_run(job: Job) -> Iterator[Callable[[], bool]]:
    """Holds the ledger's lock for alignment runs; see `Database.exclusive` for how a dead run gives it up.

    Raises:
        AlreadyRunning: Another run holds it.
    """
    for attempt in range(1, _LOCK_TRIES + 1):
        try:
            with job.database.exclusive(runs.LOCK) as held:
                try:
                    yield held
                finally:
                    _remove_erased(job)
                return
        except Busy as error:
            if attempt == _LOCK_TRIES:
                raise AlreadyRunning(_who_runs(job.database)) from error
            time.sleep(_LOCK_WAIT_S)


def _remove_erased(job: Job) -> None:
    """Removes what a run has written since feedback of its snapshot was erased. The gateway tries again."""
    with suppress(LedgerError, OSError):
        erased_files.remove(job.database, job.home)


def _who_runs(database: Database) -> str:
    with database.read() as connection:
        unfinished = [run for run in runs.latest(connection) if run.finished_at is None]
    newest = max(unfinished, key=lambda run: run.updated_at, default=None)
    who = "Another alignment run, which has only just begun,"
    if newest is not None:
        since = f"begun {iso(newest.created_at)} and in its stage {newest.stage}"
        who = f"The alignment run {newest.id}, {since},"
    return f"{who} uses this ledger. One may run at a time: wait for it (`attune align status`), or stop it first."


@contextmanager
def _recorded(job: Job, run_id: str) -> Iterator[None]:
    """Writes into the run's row why it ended. A person who interrupts it, or a kill, leaves it unfinished.

    Raises:
        StageFailed: In the place of an error that nobody foresaw.
    """
    try:
        yield
    except KeyboardInterrupt:
        job.say(f"interrupted; go on with `attune align run --resume {run_id}`")
        raise
    except Exception as error:
        _require_unerased(job, run_id, error)
        if isinstance(error, AlignmentError | LedgerError):
            _end(job.database, run_id, str(error))
            raise
        trace = job.folder(run_id) / "traceback.txt"
        with suppress(OSError):
            trace.write_text(traceback.format_exc(), encoding="utf-8")
        said = str(error).strip().splitlines()[:1]
        message = f"{type(error).__name__}: {''.join(said)[:500]}. The traceback is in {trace}."
        _end(job.database, run_id, message)
        raise StageFailed(f"The run {run_id} failed with {message} `attune align run --resume {run_id}`.") from error


def _require_unerased(job: Job, run_id: str, error: Exception) -> None:
    """Raises Erased, and ends the run with it, where its feedback was erased: whatever failed, failed for that."""
    try:
        with job.database.read() as connection:
            runs.require_unerased(connection, run_id)
    except Erased as erased:
        _end(job.database, run_id, str(erased))
        raise erased from error
    except LedgerError:
        return


def _end(database: Database, run_id: str, error: str) -> None:
    """Notes the error as far as the ledger can be written: it must not hide the error itself."""
    with suppress(LedgerError), database.write() as connection:
        runs.finish(connection, run_id, stage=runs.get(connection, run_id).stage, error=error)
