"""Conversations: made, read as a tree, listed and searched, renamed, shared, exported, erased."""

import secrets
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select, and_, insert, or_, select

from ledger import erase, feedback, users
from ledger.clock import utc_now
from ledger.errors import Impossible, NotFound
from ledger.ids import new_id
from ledger.message_tree import add_message, messages_of
from ledger.records import Conversation, ConversationTree, Feedback, Json, Page
from ledger.schema import conversations, messages
from ledger.schema import users as users_table
from ledger.search_text import folded

__all__ = [
    "add_message",
    "create",
    "delete",
    "export",
    "find",
    "get",
    "search",
    "share",
    "shared",
    "unshare",
    "update",
]

LONGEST_QUERY = 1000


def create(
    connection: Connection,
    *,
    owner: str,
    user: str,
    title: str = "",
    settings: Json | None = None,
    counts_as: str | None = None,
    now: datetime | None = None,
) -> Conversation:
    """Makes an empty conversation; `counts_as` as in `ledger.users.resolve`."""
    at = now or utc_now()
    row = {
        "id": new_id("conv"),
        "owner": owner,
        "user_id": users.resolve(connection, owner, user, counts_as=counts_as).id,
        "title": title,
        "title_folded": folded(title),
        "settings": dict(settings or {}),
        "created_at": at,
        "updated_at": at,
    }
    connection.execute(insert(conversations).values(**row))
    return find(connection, str(row["id"]), owner, user)


def find(connection: Connection, conversation_id: str, owner: str, user: str) -> Conversation:
    """Returns a conversation of this owner and user, without its messages.

    Raises:
        NotFound: There is none.
    """
    row = connection.execute(_mine(owner, user).where(conversations.c.id == conversation_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}.")
    return Conversation(**row)


def get(connection: Connection, conversation_id: str, owner: str, user: str) -> ConversationTree:
    """Returns a conversation with all its messages, and the user's vote on each answer.

    Raises:
        NotFound: There is no such conversation of this owner and user.
    """
    conversation = find(connection, conversation_id, owner, user)
    found = messages_of(connection, conversation_id)
    rated = [message.completion_id for message in found if message.completion_id is not None]
    votes = _by_answer(feedback.latest_for(connection, rated, owner=owner, user=user))
    with_votes = (
        replace(message, feedback=votes.get((message.completion_id, message.choice_index))) for message in found
    )
    return ConversationTree(conversation, tuple(with_votes))


def search(
    connection: Connection,
    *,
    owner: str,
    user: str,
    query: str = "",
    limit: int = 20,
    after: str | None = None,
) -> Page[Conversation]:
    """Returns a user's conversations, the one used last first.

    Args:
        connection: Of a transaction.
        owner: Of the conversations.
        user: Of the conversations.
        query: Text that the title or a message must contain, in any case; empty for all.
        limit: How many at most.
        after: The id of the last conversation of the page before.

    Raises:
        Impossible: The query has more than `LONGEST_QUERY` characters.
        NotFound: There is no conversation `after`.
    """
    if len(query) > LONGEST_QUERY:
        raise Impossible(f"A search of {len(query)} characters is too long: give {LONGEST_QUERY} or fewer.")
    found = _mine(owner, user)
    if query:
        needle = folded(query)
        in_message = select(messages.c.conversation_id).where(
            messages.c.conversation_id == conversations.c.id,
            messages.c.content_folded.contains(needle, autoescape=True),
        )
        found = found.where(or_(conversations.c.title_folded.contains(needle, autoescape=True), in_message.exists()))
    if after is not None:
        last = find(connection, after, owner, user)
        same_time = and_(conversations.c.updated_at == last.updated_at, conversations.c.id < last.id)
        found = found.where(or_(conversations.c.updated_at < last.updated_at, same_time))
    ordered = found.order_by(conversations.c.updated_at.desc(), conversations.c.id.desc()).limit(limit + 1)
    rows = connection.execute(ordered).mappings().all()
    return Page(tuple(Conversation(**row) for row in rows[:limit]), has_more=len(rows) > limit)


def update(
    connection: Connection,
    conversation_id: str,
    owner: str,
    user: str,
    *,
    title: str | None = None,
    settings: Json | None = None,
    now: datetime | None = None,
) -> Conversation:
    """Renames a conversation or replaces its settings; None leaves as is.

    Raises:
        NotFound: There is no such conversation of this owner and user.
    """
    find(connection, conversation_id, owner, user)
    values: dict[str, Any] = {"updated_at": now or utc_now()}
    if title is not None:
        values |= {"title": title, "title_folded": folded(title)}
    if settings is not None:
        values["settings"] = dict(settings)
    connection.execute(sa.update(conversations).where(conversations.c.id == conversation_id).values(**values))
    return find(connection, conversation_id, owner, user)


def delete(connection: Connection, conversation_id: str, owner: str, user: str, *, now: datetime | None = None) -> None:
    """Erases a conversation with its messages, completions and feedback. A tombstone stays.

    Raises:
        NotFound: There is no such conversation of this owner and user.
    """
    erase.erase_conversation(connection, conversation_id, owner, user, now=now)


def share(connection: Connection, conversation_id: str, owner: str, user: str) -> str:
    """Returns the token of a read-only link, made at the first call.

    Raises:
        NotFound: There is no such conversation of this owner and user.
    """
    find(connection, conversation_id, owner, user)
    unshared = and_(conversations.c.id == conversation_id, conversations.c.share_token.is_(None))
    connection.execute(sa.update(conversations).where(unshared).values(share_token=secrets.token_urlsafe(32)))
    return str(find(connection, conversation_id, owner, user).share_token)


def unshare(connection: Connection, conversation_id: str, owner: str, user: str) -> None:
    """Makes the link stop working. A later `share` gives another one.

    Raises:
        NotFound: There is no such conversation of this owner and user.
    """
    find(connection, conversation_id, owner, user)
    connection.execute(sa.update(conversations).where(conversations.c.id == conversation_id).values(share_token=None))


def shared(connection: Connection, token: str) -> ConversationTree:
    """Returns the conversation behind a link, with nobody's votes.

    Raises:
        NotFound: The link never worked, or was taken back.
    """
    row = connection.execute(_any().where(conversations.c.share_token == token)).mappings().first()
    if row is None:
        raise NotFound("This link leads to no conversation. Its owner may have taken it back.")
    return ConversationTree(Conversation(**row), messages_of(connection, row["id"]))


def export(connection: Connection, conversation_id: str, owner: str, user: str) -> dict[str, Any]:
    """Returns a conversation as JSON values: its title, settings and times, and all messages with votes.

    Raises:
        NotFound: There is no such conversation of this owner and user.
    """
    tree = get(connection, conversation_id, owner, user)
    exported = asdict(tree.conversation) | {"messages": [asdict(message) for message in tree.messages]}
    del exported["share_token"]  # a secret, which has no place in a file that people pass on
    return {name: _with_times_as_text(value) for name, value in exported.items()}


def _any() -> Select[Any]:
    """Selects a `Conversation`'s columns."""
    names = ("id", "owner", "title", "settings", "share_token", "created_at", "updated_at")
    return select(*[conversations.c[name] for name in names], users_table.c.external_id.label("user")).join(
        users_table, users_table.c.id == conversations.c.user_id
    )


def _mine(owner: str, user: str) -> Select[Any]:
    """Selects the conversations of an owner and user."""
    return _any().where(users_table.c.owner == owner, users_table.c.external_id == user)


def _by_answer(votes: list[Feedback]) -> dict[tuple[str | None, int | None], Feedback]:
    """Returns the vote on each answer by itself; comparisons are about two."""
    return {(vote.completion_id, vote.choice_index): vote for vote in votes if vote.kind != "comparison"}


def _with_times_as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _with_times_as_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_times_as_text(item) for item in value]
    return value
