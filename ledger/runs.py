"""Alignment runs: begun, brought on, ended."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from ledger.clock import utc_now
from ledger.errors import Erased, NotFound
from ledger.ids import new_id
from ledger.records import AlignmentRun, Json
from ledger.schema import alignment_runs, model_versions, snapshots

LOCK = "alignment"
"""What a run holds with `Database.exclusive` while it goes on."""

RunState = Literal["running", "done", "failed", "interrupted"]


def create(connection: Connection, *, stage: str, config: Json) -> AlignmentRun:
    """Begins a run."""
    now = utc_now()
    run = AlignmentRun(new_id("run"), None, None, stage, config, {}, now, now)
    row = {column.name: getattr(run, column.name) for column in alignment_runs.columns}
    connection.execute(insert(alignment_runs).values(**row))
    return run


def get(connection: Connection, run_id: str) -> AlignmentRun:
    """Returns a run.

    Raises:
        NotFound: There is none of this id.
    """
    row = connection.execute(select(alignment_runs).where(alignment_runs.c.id == run_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no alignment run {run_id}. `attune align status` lists the latest.")
    return AlignmentRun(**row)


def latest(connection: Connection, limit: int = 20) -> list[AlignmentRun]:
    """Returns the newest runs, newest first."""
    order = alignment_runs.c.created_at.desc(), alignment_runs.c.id
    rows = connection.execute(select(alignment_runs).order_by(*order).limit(limit)).mappings()
    return [AlignmentRun(**row) for row in rows]


def states(found: Sequence[AlignmentRun], active: bool) -> dict[str, RunState]:
    """What became of runs, newest first, by their ids: done, failed, interrupted or running.

    Args:
        found: The runs.
        active: Whether a run uses the ledger now; it is the unfinished one that was touched last.
    """
    unfinished = [run for run in found if run.finished_at is None]
    going_on = max(unfinished, key=lambda run: run.updated_at).id if active and unfinished else None
    return {
        run.id: "running"
        if run.id == going_on
        else "done"
        if run.done
        else "failed"
        if run.error is not None
        else "interrupted"
        for run in found
    }


def require_unerased(connection: Connection, run_id: str) -> None:
    """Checks that a run may go on.

    Raises:
        Erased: Feedback that its snapshot holds was erased.
    """
    if run_id in erased(connection):
        raise Erased(
            f"Feedback that the run {run_id} learns from was erased, so its files were removed. Start a new run."
        )


def erased(connection: Connection) -> list[str]:
    """Returns the ids of the runs whose snapshot holds feedback that was erased since."""
    of_erased = select(snapshots.c.id).where(snapshots.c.erased_at.is_not(None))
    return list(
        connection.execute(select(alignment_runs.c.id).where(alignment_runs.c.snapshot_id.in_(of_erased))).scalars()
    )


def newest_vote_learned(connection: Connection) -> int:
    """Returns the `sequence` of the newest vote that a run has seen which made a version; 0 if none has.

    A run on a file has seen none, and says nothing about the votes. A run whose gate broke off has learned all the
    same: to resume it costs a verdict, to begin anew a training.
    """
    done = alignment_runs.c.finished_at.is_not(None) & alignment_runs.c.error.is_(None)
    made = alignment_runs.c.id.in_(select(model_versions.c.run_id).where(model_versions.c.run_id.is_not(None)))
    query = select(alignment_runs.c.metrics).where(done | made).order_by(alignment_runs.c.created_at.desc())
    seen = (row.metrics.get("snapshot", {}).get("newest_vote") for row in connection.execute(query))
    return next((int(vote) for vote in seen if vote is not None), 0)


def enter(connection: Connection, run_id: str, stage: str) -> None:
    """Notes that a run is in a stage now; it is not ended any more, if it was."""
    _change(connection, run_id, {"stage": stage, "error": None, "finished_at": None})


def built_on(connection: Connection, run_id: str, *, parent: int, snapshot_id: str | None = None) -> None:
    """Notes the version that a run starts from, and its snapshot once there is one; a snapshot stays noted."""
    noted = {} if snapshot_id is None else {"snapshot_id": snapshot_id}
    _change(connection, run_id, {"parent_number": parent, **noted})


def record(connection: Connection, run_id: str, stage: str, found: Mapping[str, Any], energy_joules: float) -> None:
    """Adds what a stage found and the energy that it took. What the stage found before is replaced."""
    query = select(alignment_runs).where(alignment_runs.c.id == run_id).with_for_update()
    run = AlignmentRun(**connection.execute(query).mappings().one())
    metrics = {**run.metrics, stage: dict(found)}
    _change(connection, run_id, {"metrics": metrics, "energy_joules": (run.energy_joules or 0.0) + energy_joules})


def finish(connection: Connection, run_id: str, *, stage: str, error: str | None = None) -> None:
    """Ends a run, well or with the reason why not."""
    _change(connection, run_id, {"stage": stage, "error": error, "finished_at": utc_now()})


def end_unfinished(connection: Connection, reason: str) -> None:
    """Ends the runs that were going on when a ledger was copied: their files are not in the copy."""
    unfinished = update(alignment_runs).where(alignment_runs.c.finished_at.is_(None))
    connection.execute(unfinished.values(error=reason, finished_at=utc_now(), updated_at=utc_now()))


def _change(connection: Connection, run_id: str, values: dict[str, Any]) -> None:
    """Raises NotFound if there is no such run."""
    get(connection, run_id)
    changed = update(alignment_runs).where(alignment_runs.c.id == run_id)
    connection.execute(changed.values(**values, updated_at=utc_now()))
