"""Frozen sets of feedback: which votes a snapshot holds, and where its files lie."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, insert, select, update

from ledger.clock import utc_now
from ledger.errors import Erased, NotFound
from ledger.insertion import insert_if_absent
from ledger.records import Json, Snapshot
from ledger.schema import completions, feedback, feedback_latest, snapshot_feedback, snapshots

_BATCH = 500


def add(
    connection: Connection,
    *,
    content_sha256: str,
    path: str,
    filters: Json,
    counts: Json,
    feedback_ids: Sequence[str],
) -> Snapshot:
    """Stores a snapshot. The same content again keeps its row and its id; its path becomes the new one.

    The id follows from the content, so that it is the same in every ledger.

    Raises:
        Erased: Some of the feedback was erased since it was read.
    """
    _hold(connection, feedback_ids)
    row = {
        "id": f"snap_{content_sha256[:32]}",
        "content_sha256": content_sha256,
        "path": path,
        "filters": filters,
        "counts": counts,
        "created_at": utc_now(),
        "erased_at": None,
    }
    if insert_if_absent(connection, snapshots, row):
        for start in range(0, len(feedback_ids), _BATCH):
            batch = feedback_ids[start : start + _BATCH]
            held = [{"snapshot_id": row["id"], "feedback_id": feedback_id} for feedback_id in batch]
            connection.execute(insert(snapshot_feedback), held)
    else:
        connection.execute(update(snapshots).where(snapshots.c.id == row["id"]).values(path=path))
    return get(connection, str(row["id"]))


def _hold(connection: Connection, feedback_ids: Sequence[str]) -> None:
    """Keeps the feedback from being erased until the transaction ends, so that its erasing finds the snapshot."""
    for start in range(0, len(feedback_ids), _BATCH):
        batch = feedback_ids[start : start + _BATCH]
        query = select(feedback.c.id).where(feedback.c.id.in_(batch)).with_for_update(read=True, key_share=True)
        if len(connection.execute(query).all()) < len(batch):
            raise Erased("Feedback was erased while the snapshot was made of it. Start the run again.")


def get(connection: Connection, snapshot_id: str) -> Snapshot:
    """Returns a snapshot.

    Raises:
        NotFound: There is none of this id.
    """
    row = connection.execute(select(snapshots).where(snapshots.c.id == snapshot_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no snapshot {snapshot_id}.")
    return Snapshot(**row)


def largest_heldout_share(connection: Connection) -> float:
    """Returns the largest share of prompts that any snapshot held out, 0 to 1; 0 where there is none."""
    shares = (filters.get("heldout_share", 0.0) for filters in connection.scalars(select(snapshots.c.filters)))
    return max(shares, default=0.0)


def erased(connection: Connection) -> list[Snapshot]:
    """Returns the snapshots that hold feedback which was erased since: their files hold it still."""
    rows = connection.execute(select(snapshots).where(snapshots.c.erased_at.is_not(None))).mappings()
    return [Snapshot(**row) for row in rows]


def feedback_by_kind(connection: Connection, snapshot_id: str) -> Mapping[str, int]:
    """Counts the votes that a snapshot holds by their kind; those that were erased since are `erased`."""
    joined = snapshot_feedback.outerjoin(feedback, feedback.c.id == snapshot_feedback.c.feedback_id)
    kind = func.coalesce(feedback.c.kind, "erased").label("kind")
    rows = connection.execute(
        select(kind, func.count())
        .select_from(joined)
        .where(snapshot_feedback.c.snapshot_id == snapshot_id)
        .group_by(kind)
        .order_by(kind)
    )
    return {row[0]: row[1] for row in rows}


def newest_vote(connection: Connection) -> int:
    """Returns the `sequence` of the newest vote; 0 if there is none."""
    return connection.execute(select(func.max(feedback.c.sequence))).scalar() or 0


def votes_after(connection: Connection, sequence: int) -> int:
    """Counts the votes that hold now, came after the one of this `sequence`, and can be learned from.

    Nothing is learned from a vote on an answer of which no text is kept.
    """
    latest = feedback_latest.c
    voted_on = feedback_latest.join(completions, completions.c.id == latest.completion_id)
    wanted = latest.value != 0, latest.sequence > sequence, completions.c.kept == "full"
    query = select(func.count()).select_from(voted_on).where(*wanted)
    return connection.execute(query).scalar_one()
