"""What people think of each version, day by day: counts of the votes that hold, and the reasons given with them.

Counted are the latest votes, none that were taken back and none that were imported. Days are in UTC.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, select

from ledger.importing.origin import own
from ledger.raters import rater
from ledger.records import Kind
from ledger.schema import completions, feedback_latest, users


@dataclass(frozen=True, slots=True)
class VoteCount:
    """So many votes of one day, about one version, with the same reasons.

    Attributes:
        version: Who gave the answer; None where it is not known.
        value: 1 or -1.
    """

    day: date
    version: int | None
    kind: Kind
    value: int
    reasons: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Votes:
    """All votes since a moment.

    Attributes:
        since: The moment.
        counts: Oldest day first.
        raters: How many raters gave the thumbs on each version; users who share a rater's weight count as one.
    """

    since: datetime
    counts: tuple[VoteCount, ...]
    raters: Mapping[int | None, int]


def votes_since(connection: Connection, since: datetime) -> Votes:
    """Counts the votes that were given since then."""
    return Votes(since, tuple(_counts(connection, since)), _raters(connection, since))


def _counts(connection: Connection, since: datetime) -> Iterator[VoteCount]:
    vote, version = feedback_latest.c, completions.c.model_version
    day, reasons = func.date(vote.created_at).label("day"), cast(vote.reasons, Text).label("reasons")
    columns = (day, version, vote.kind, vote.value, reasons)
    query = _selected(since, *columns, func.count().label("votes")).group_by(*columns).order_by(day, version)
    for row in connection.execute(query):
        named = tuple(json.loads(row.reasons))
        # SQLite has no dates: there it is text.
        yield VoteCount(date.fromisoformat(str(row.day)), row.model_version, row.kind, row.value, named, row.votes)


def _raters(connection: Connection, since: datetime) -> dict[int | None, int]:
    version, people = completions.c.model_version, func.count(rater().distinct()).label("people")
    given = _selected(since, version, people).join(users, users.c.id == feedback_latest.c.user_id)
    query = given.where(feedback_latest.c.kind != "comparison").group_by(version)
    return {row.model_version: row.people for row in connection.execute(query)}


def _selected(since: datetime, *columns: Any) -> Select[Any]:
    vote = feedback_latest.c
    joined = feedback_latest.join(completions, completions.c.id == vote.completion_id)
    return select(*columns).select_from(joined).where(vote.created_at >= since, vote.value != 0, own())
