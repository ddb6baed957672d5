"""Erasing what a person wrote. Rows go; a tombstone says that they were there; what was trained on them is marked."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from ledger import migration_backups
from ledger.clock import utc_now
from ledger.errors import NotFound
from ledger.insertion import upsert
from ledger.schema import (
    alignment_runs,
    completions,
    conversations,
    feedback,
    messages,
    model_versions,
    ratings,
    snapshot_feedback,
    snapshots,
    tombstones,
    users,
)


def erase_user(connection: Connection, owner: str, user: str, *, now: datetime | None = None) -> None:
    """Erases a user: their conversations, completions, feedback and ratings, and their row.

    Raises:
        NotFound: Nothing was ever stored for this user.
    """
    at = now or utc_now()
    query = select(users.c.id).where(users.c.owner == owner, users.c.external_id == user).with_for_update()
    user_id = connection.execute(query).scalar()
    if user_id is None:
        raise NotFound(f"Nothing is stored for the user {user!r}.")
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
    # Answers refer to their completions, so the messages go first.
    connection.execute(delete(messages).where(messages.c.conversation_id == conversation_id))
    _erase_completions(connection, completions.c.conversation_id == conversation_id, at)
    connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
    _bury(connection, "conversation", conversation_id, at)


def erase_completion(connection: Connection, completion_id: str, *, now: datetime | None = None) -> None:
    """Erases one completion and the feedback on it. A message that shows its text in a conversation stays."""
    at = now or utc_now()
    _erase_completions(connection, completions.c.id == completion_id, at)
    _bury(connection, "completion", completion_id, at)


def _erase_completions(connection: Connection, doomed: ColumnElement[bool], at: datetime) -> None:
    """Erases the completions for which `doomed` holds, and every vote on them or against them."""
    ids = select(completions.c.id).where(doomed)
    # Locked first: else somebody could add feedback to one of them between the next statements.
    connection.execute(ids.with_for_update()).all()
    votes = or_(feedback.c.completion_id.in_(ids), feedback.c.preferred_over.in_(ids))
    mark_built_from(connection, votes, at)
    connection.execute(delete(feedback).where(votes))
    connection.execute(update(messages).where(messages.c.completion_id.in_(ids)).values(completion_id=None))
    connection.execute(delete(completions).where(doomed))


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


def _bury(connection: Connection, kind: str, buried_id: str, at: datetime) -> None:
    migration_backups.delete_all(connection)
    upsert(connection, tombstones, {"kind": kind, "id": buried_id, "erased_at": at})
