"""What of the answers is needed still, however old it is: conditions on rows of `completions`."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, or_, select

from ledger import trials
from ledger.schema import alignment_runs, completions, feedback, model_versions, snapshot_feedback


def rated() -> ColumnElement[bool]:
    """Somebody voted on the answer, or preferred another to it; also where the vote was taken back."""
    return exists().where(_votes_on(completions.c.id))


def rated_sibling() -> ColumnElement[bool]:
    """Another answer to the same message was rated: training may prefer that one to this (`over_unrated`)."""
    other = completions.alias("other")
    same = and_(other.c.parent_id == completions.c.parent_id, other.c.id != completions.c.id)
    return exists().where(same, exists().where(_votes_on(other.c.id)))


def voted_on_since(moment: datetime) -> ColumnElement[bool]:
    """A vote on the answer is not older than that, is the newest of all votes, or taught a version that may be served.

    The newest vote stays because votes are counted on from its number.
    """
    newest = select(func.max(feedback.c.sequence)).scalar_subquery()
    held = exists().where(
        snapshot_feedback.c.feedback_id == feedback.c.id, snapshot_feedback.c.snapshot_id.in_(_snapshots_of_lineage())
    )
    needed = or_(feedback.c.created_at >= moment, feedback.c.sequence == newest, held)
    return exists().where(_votes_on(completions.c.id), needed)


def evidence(connection: Connection) -> ColumnElement[bool]:
    """The answer is evidence in the trial that goes on: given in it, or one of those that tell what is usual.

    Where there is no trial, nothing is kept for one that may come: what is said to go after days must go.
    """
    trial, answer = trials.current(connection), completions.c
    if trial is None:
        return false()
    in_trial = and_(answer.model_version.in_((trial.live, trial.canary)), answer.created_at >= trial.since)
    usual = and_(answer.model_version == trial.live, answer.route == "live", answer.created_at < trial.since)
    newest_first = select(answer.created_at).where(usual).order_by(answer.created_at.desc())
    oldest = connection.execute(newest_first.offset(trials.USUAL_ANSWERS - 1).limit(1)).scalar()
    return or_(in_trial, usual if oldest is None else and_(usual, answer.created_at >= oldest))


def _votes_on(completion_id: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(feedback.c.completion_id == completion_id, feedback.c.preferred_over == completion_id)


def _snapshots_of_lineage() -> Select[Any]:
    """Snapshots that versions were taught from which are served, can come to be, or have such descendants."""
    versions = model_versions.c
    served = select(versions.number, versions.parent_number, versions.run_id).where(versions.state != "rejected")
    lineage = served.cte("lineage", recursive=True)
    parent = model_versions.alias("parent")
    parents = select(parent.c.number, parent.c.parent_number, parent.c.run_id)
    lineage = lineage.union(parents.join(lineage, parent.c.number == lineage.c.parent_number))
    run = alignment_runs.c
    wanted = or_(run.finished_at.is_(None), run.id.in_(select(lineage.c.run_id)))
    return select(run.snapshot_id).where(wanted, run.snapshot_id.is_not(None))
