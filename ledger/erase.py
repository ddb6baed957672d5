"""Erasing what a person wrote. Rows go; a tombstone says that they were there; what was trained on them is marked."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, Select, delete, or_, select, update

from ledger import migration_backups, vacuums
from ledger.clock import utc_now
from ledger.errors import NotFound
from ledger.ids import new_id
from ledger.insertion import insert_if_absent, upsert
from ledger.records import Tombstone
from ledger.schema import (
    alignment_runs,
    completions,
    conversations,
    erased_names,
    feedback,
    messages,
    model_versions,
    ratings,
    snapshot_feedback,
    snapshots,
    tombstones,
    users,
)
from ledger.users import name_sha256

COUNTS_ONLY = (
    "Too little feedback to learn from: there are ",
    "Too little feedback for algorithm = ",
    "There is no feedback to learn from. ",
    "All feedback comes from ",
    "The feedback comes from ",
)
"""How the refusals of `alignment.choice` begin, which count feedback and quote none; nothing else of a run does."""
REASON_REMOVED = "It failed. The reason was removed when a person was erased."
NAMES_KEPT_FOR = timedelta(days=1)
"""Longer than any answer is on its way."""


def erase_user(connection: Connection, owner: str, user: str, *, now: datetime | None = None) -> bool:
    """Erases a user: their conversations, completions, feedback and ratings, and their row.

    What they asked before and comes later, such as an answer that streams now, is not stored (`users.resolve`).

    Returns:
        Whether anything was stored for this user. Commit the transaction in either case.
    """
    at = now or utc_now()
    connection.execute(delete(erased_names).where(erased_names.c.erased_at < at - NAMES_KEPT_FOR))
    upsert(connection, erased_names, {"name_sha256": name_sha256(owner, user), "erased_at": at})
    user_id = _held_user(connection, owner, user)
    if user_id is None:
        return False
    _erase_user_row(connection, user_id, at)
    return True


def _held_user(connection: Connection, owner: str, user: str) -> str | None:
    """The id of a user whose row nobody else can use until the transaction ends; None where there is none."""
    query = select(users.c.id).where(users.c.owner == owner, users.c.external_id == user).with_for_update()
    found = connection.execute(query).scalar()
    if found is None and connection.dialect.name == "postgresql":
        # Another transaction can be storing this user's first answer now: inserting the same name waits for it.
        row = {"id": new_id("usr"), "owner": owner, "external_id": user, "created_at": utc_now()}
        if insert_if_absent(connection, users, row):
            connection.execute(delete(users).where(users.c.id == row["id"]))
        else:
            found = connection.execute(query).scalar()
    return found


def _erase_user_row(connection: Connection, user_id: str, at: datetime) -> None:
    their_conversations = select(conversations.c.id).where(conversations.c.user_id == user_id)
    _erase_completions(connection, completions.c.user_id == user_id, at)
    connection.execute(delete(messages).where(messages.c.conversation_id.in_(their_conversations)))
    connection.execute(delete(conversations).where(conversations.c.user_id == user_id))
    connection.execute(delete(ratings).where(ratings.c.user_id == user_id))
    connection.execute(delete(users).where(users.c.id == user_id))
    _bury(connection, "user", user_id, at)


def erase_conversation(
    connection: Connection, conversation_id: str, owner: str, user: str, *, now: datetime | None = None
) -> None:
    """Erases a conversation: its messages, the completions made in it, and the feedback on them.

    Raises:
        NotFound: There is no such conversation of this owner and user.
    """
    at = now or utc_now()
    query = (
        select(conversations.c.id)
        .join(users, users.c.id == conversations.c.user_id)
        .where(conversations.c.id == conversation_id, users.c.owner == owner, users.c.external_id == user)
        .with_for_update(of=conversations)
    )
    if connection.execute(query).scalar() is None:
        raise NotFound(f"There is no conversation {conversation_id}.")
    _erase_conversation_row(connection, conversation_id, at)


def _erase_conversation_row(connection: Connection, conversation_id: str, at: datetime) -> None:
    # Answers refer to their completions, so the messages go first.
    connection.execute(delete(messages).where(messages.c.conversation_id == conversation_id))
    _erase_completions(connection, completions.c.conversation_id == conversation_id, at)
    connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
    _bury(connection, "conversation", conversation_id, at)


def erase_completion(connection: Connection, completion_id: str, *, now: datetime | None = None) -> None:
    """Erases one completion and the feedback on it. A message that shows its text in a conversation stays."""
    _erase_completion_row(connection, completion_id, now or utc_now())


def _erase_completion_row(connection: Connection, completion_id: str, at: datetime) -> None:
    _erase_completions(connection, completions.c.id == completion_id, at)
    _bury(connection, "completion", completion_id, at)


def replay(connection: Connection, erased: Iterable[Tombstone]) -> int:
    """Erases again what was erased before, in a ledger that is older than that; returns how much of it was there."""
    found = 0
    by_kind: dict[str, dict[str, datetime]] = {kind: {} for kind in _BY_KIND}
    for tombstone in erased:
        by_kind[tombstone.kind][tombstone.id] = tombstone.erased_at
    for kind, (ids, erase_row) in _BY_KIND.items():
        present = by_kind[kind].keys() & set(connection.execute(select(ids)).scalars())
        for erased_id in sorted(present):
            erase_row(connection, erased_id, by_kind[kind][erased_id])
        found += len(present)
        for erased_id in by_kind[kind].keys() - present:
            upsert(connection, tombstones, {"kind": kind, "id": erased_id, "erased_at": by_kind[kind][erased_id]})
    return found


def tombstones_since(connection: Connection, since: datetime | None) -> list[Tombstone]:
    """Returns what was erased from that moment on, or ever; the oldest first."""
    query = select(tombstones).order_by(tombstones.c.erased_at, tombstones.c.kind, tombstones.c.id)
    if since is not None:
        query = query.where(tombstones.c.erased_at >= since)
    return [Tombstone(**row) for row in connection.execute(query).mappings()]


def _erase_completions(connection: Connection, doomed: ColumnElement[bool], at: datetime) -> None:
    """Erases the completions for which `doomed` holds, and every vote on them or against them."""
    ids = select(completions.c.id).where(doomed)
    # Locked first: else somebody could add feedback to one of them between the next statements.
    connection.execute(ids.with_for_update()).all()
    votes = or_(feedback.c.completion_id.in_(ids), feedback.c.preferred_over.in_(ids))
    mark_built_from(connection, or_(votes, feedback.c.completion_id.in_(_siblings(doomed))), at)
    connection.execute(delete(feedback).where(votes))
    connection.execute(update(messages).where(messages.c.completion_id.in_(ids)).values(completion_id=None))
    connection.execute(delete(completions).where(doomed))


def _siblings(doomed: ColumnElement[bool]) -> Select[tuple[str]]:
    """Other answers to the same messages: a snapshot can hold one on which nobody voted beside one that was liked."""
    answered = select(completions.c.parent_id).where(doomed, completions.c.parent_id.is_not(None)).scalar_subquery()
    other = completions.alias("other")
    return select(other.c.id).where(other.c.parent_id.in_(answered))


def mark_built_from(connection: Connection, votes: ColumnElement[bool], at: datetime) -> None:
    """Marks the snapshots that hold any of this feedback, the versions trained on those, and their descendants."""
    held = snapshot_feedback.c.feedback_id.in_(select(feedback.c.id).where(votes))
    snapshot_ids = select(snapshot_feedback.c.snapshot_id).where(held)
    runs = select(alignment_runs.c.id).where(alignment_runs.c.snapshot_id.in_(snapshot_ids))
    trained = select(model_versions.c.number).where(model_versions.c.run_id.in_(runs)).cte(recursive=True)
    children = select(model_versions.c.number).where(model_versions.c.parent_number == trained.c.number)
    lineage = select(trained.union(children).c.number)
    built = (snapshots, snapshots.c.id.in_(snapshot_ids)), (model_versions, model_versions.c.number.in_(lineage))
    for table, is_built in built:
        connection.execute(update(table).where(is_built, table.c.erased_at.is_(None)).values(erased_at=at))
    # What a library says of a failure can quote the rows that it failed on.
    counts_only = or_(*(alignment_runs.c.error.startswith(words, autoescape=True) for words in COUNTS_ONLY))
    failed = alignment_runs.c.id.in_(runs), alignment_runs.c.error.is_not(None), ~counts_only
    connection.execute(update(alignment_runs).where(*failed).values(error=REASON_REMOVED))


def _bury(connection: Connection, kind: str, buried_id: str, at: datetime) -> None:
    migration_backups.delete_all(connection)
    upsert(connection, tombstones, {"kind": kind, "id": buried_id, "erased_at": at})
    vacuums.request(connection, at)


_BY_KIND: dict[str, tuple[Column[str], Callable[[Connection, str, datetime], None]]] = {
    "user": (users.c.id, _erase_user_row),
    "conversation": (conversations.c.id, _erase_conversation_row),
    "completion": (completions.c.id, _erase_completion_row),
}
