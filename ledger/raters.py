"""Whose voice a vote is: users who count alone, and users who share one rater's weight."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from ledger.schema import api_keys, completions, users

VOUCHES = "vouch"
"""The scope of a key whose owner answers for it that each user it names is one person."""


def rater() -> ColumnElement[str]:
    """The id by which a row of `users` counts as a rater: their own, or the one that they share with others."""
    return func.coalesce(users.c.counts_as, users.c.id)


def established(connection: Connection, before: datetime) -> ColumnElement[bool]:
    """The condition, on rows of `users` and `completions`, that a vote counts for verdicts that nobody looks at.

    Either the rater is keyed: they ask with a key that names no users, or are named by a key with the scope `vouch`.
    Or something was stored of the user before the given time.
    """
    keys = connection.execute(select(api_keys.c.id, api_keys.c.scopes))
    vouching = [key.id for key in keys if VOUCHES in key.scopes]
    alone = and_(users.c.external_id == "", users.c.counts_as.is_(None))
    return or_(users.c.created_at <= before, alone, completions.c.key_id.in_(vouching))
