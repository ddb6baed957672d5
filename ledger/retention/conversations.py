"""Conversations that nobody has touched for long go, with their messages. Answers in them go by their own rules."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import add

from sqlalchemy import Connection, and_, delete, func, select, update

from ledger.retention.amount import Amount
from ledger.schema import completions, conversations, messages


def next_page(connection: Connection, before: datetime, after: str | None, limit: int) -> list[str]:
    """Returns the next conversations, by id, that were last changed before a time."""
    mine = conversations.c
    query = select(mine.id).where(mine.updated_at < before, mine.id > (after or "")).order_by(mine.id).limit(limit)
    return list(connection.execute(query).scalars())


def amount(connection: Connection, ids: Sequence[str]) -> Amount:
    """Returns how much of these conversations there is: their number, and the bytes of their messages."""
    size = reduce(add, (func.octet_length(text) for text in (messages.c.content, messages.c.content_folded)))
    query = select(func.coalesce(func.sum(size), 0)).where(messages.c.conversation_id.in_(ids))
    return Amount(len(ids), int(connection.execute(query).scalar_one()))


def remove(connection: Connection, ids: Sequence[str], before: datetime) -> Amount:
    """Removes those of these conversations that were not changed since; returns how much that was."""
    still = and_(conversations.c.id.in_(ids), conversations.c.updated_at < before)
    gone = connection.execute(select(conversations.c.id).where(still).with_for_update()).scalars().all()
    found = amount(connection, gone)
    connection.execute(delete(messages).where(messages.c.conversation_id.in_(gone)))
    detached = update(completions).where(completions.c.conversation_id.in_(gone))
    connection.execute(detached.values(conversation_id=None))
    connection.execute(delete(conversations).where(conversations.c.id.in_(gone)))
    return found
