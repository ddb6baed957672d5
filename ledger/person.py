"""What is stored of one person, for themselves or for who answers their request."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, select

from ledger.errors import NotFound
from ledger.schema import completions, conversations, feedback, messages, ratings, users

_INTERNAL = {"user_id", "sequence", "content_folded", "title_folded", "share_token", "body_sha256", "key_id", "owner"}


def export(connection: Connection, owner: str, user: str) -> dict[str, Any]:
    """Returns everything that is stored of a user as JSON values, each list in the order of writing.

    Raises:
        NotFound: Nothing is.
    """
    query = select(users.c.id, users.c.created_at).where(users.c.owner == owner, users.c.external_id == user)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"Nothing is stored for the user {user!r}.")
    theirs = select(conversations.c.id).where(conversations.c.user_id == row.id)
    return {
        "object": "user",
        "id": user,
        "created_at": row.created_at.isoformat(),
        "conversations": _rows(connection, conversations, conversations.c.user_id == row.id),
        "messages": _rows(connection, messages, messages.c.conversation_id.in_(theirs), messages.c.sequence),
        "completions": _rows(connection, completions, completions.c.user_id == row.id),
        "feedback": _rows(connection, feedback, feedback.c.user_id == row.id, feedback.c.sequence),
        "ratings": _rows(connection, ratings, ratings.c.user_id == row.id),
    }


def list_all(connection: Connection, owner: str | None = None) -> list[dict[str, Any]]:
    """Returns owner, name and time of the first request of each user, and how many answers are stored; oldest first."""
    stored = select(func.count()).where(completions.c.user_id == users.c.id).scalar_subquery()
    query: Select[Any] = select(
        users.c.owner, users.c.external_id.label("user"), users.c.created_at, stored.label("completions")
    ).order_by(users.c.created_at, users.c.id)
    if owner is not None:
        query = query.where(users.c.owner == owner)
    return [dict(row) for row in connection.execute(query).mappings()]


def owners_of(connection: Connection, user: str) -> Sequence[str]:
    """Returns the owners that have a user of this name, sorted."""
    query = select(users.c.owner).where(users.c.external_id == user).order_by(users.c.owner)
    return connection.execute(query).scalars().all()


def _rows(
    connection: Connection, table: Table, theirs: ColumnElement[bool], order: ColumnElement[Any] | None = None
) -> list[dict[str, Any]]:
    columns = [column for column in table.columns if column.name not in _INTERNAL]
    query = select(*columns).where(theirs).order_by(table.c.created_at if order is None else order)
    return [{name: _plain(value) for name, value in row.items()} for row in connection.execute(query).mappings()]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
