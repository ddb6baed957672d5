"""Old answers go: the row with prompt and text. A conversation keeps the message that shows it.

A pass goes once through the answers that are old enough, version by version, in the order of their index; so it looks
at each row once, however many stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, delete, func, not_, or_, select, update

from ledger.retention import needed
from ledger.retention.amount import Amount
from ledger.retention.rules import RetentionRules, days_before
from ledger.schema import completions, feedback, messages, model_versions

AnswerKind = Literal["unrated answers", "rated answers"]

_TEXTS = (completions.c.messages, completions.c.params, completions.c.choices)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pass is: the last answer that it has looked at."""

    created_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Pass:
    """Which answers go.

    Attributes:
        before: An answer that was given before is old enough.
        evidence: Condition of those that stay as evidence about versions.
    """

    kind: AnswerKind
    before: datetime
    evidence: ColumnElement[bool]

    @classmethod
    def begin(cls, connection: Connection, kind: AnswerKind, rules: RetentionRules, now: datetime) -> "Pass | None":
        """Returns a pass as the rules ask for it; None where no answer of this kind is old enough."""
        before = _old_enough(connection, kind, rules, now)
        return None if before is None else cls(kind, before, needed.evidence(connection))

    def due(self, ids: Sequence[str]) -> ColumnElement[bool]:
        """The condition that an answer is one of these, and goes."""
        of_kind = {
            "unrated answers": and_(not_(needed.rated()), not_(needed.rated_sibling())),
            "rated answers": and_(needed.rated(), not_(needed.voted_on_since(self.before))),
        }[self.kind]
        return and_(completions.c.id.in_(ids), completions.c.created_at < self.before, of_kind, not_(self.evidence))


def _old_enough(connection: Connection, kind: AnswerKind, rules: RetentionRules, now: datetime) -> datetime | None:
    if kind == "rated answers":
        return days_before(now, rules.rated_answers_days)
    by_age, by_number = days_before(now, rules.unrated_answers_days), None
    if rules.unrated_answers_kept:
        newest_first = select(completions.c.created_at).order_by(completions.c.created_at.desc())
        beyond = connection.execute(newest_first.offset(rules.unrated_answers_kept).limit(1)).scalar()
        by_number = None if beyond is None else beyond + timedelta(microseconds=1)
    return max((moment for moment in (by_age, by_number) if moment is not None), default=None)


def versions(connection: Connection) -> list[int | None]:
    """Returns whose answers a pass goes through; None stands for those of no known version."""
    return [None, *connection.execute(select(model_versions.c.number)).scalars()]


def next_page(connection: Connection, version: int | None, which: Pass, after: Place | None, limit: int) -> list[Place]:
    """Returns the next answers of a version, oldest first, that are old enough."""
    answer = completions.c
    query = select(answer.created_at, answer.id).where(answer.model_version == version)  # SQL's IS NULL for None
    query = query.where(answer.created_at < which.before)
    if after is not None:
        later = or_(answer.created_at > after.created_at, answer.id > after.id)
        query = query.where(answer.created_at >= after.created_at, later)
    rows = connection.execute(query.order_by(answer.created_at, answer.id).limit(limit))
    return [Place(row.created_at, row.id) for row in rows]


def due(connection: Connection, which: Pass, ids: Sequence[str]) -> list[str]:
    """Returns which of these answers go."""
    return list(connection.execute(select(completions.c.id).where(which.due(ids))).scalars())


def amount(connection: Connection, which: Pass, ids: Sequence[str]) -> Amount:
    """Returns how much of these answers `remove` would remove."""
    return _amount(connection, which.due(ids))


def remove(connection: Connection, which: Pass, ids: Sequence[str]) -> Amount:
    """Removes those of these answers that nothing needs, and the votes on them; returns how much that was."""
    # Locked first: else somebody could vote on one of them between the next statements.
    connection.execute(select(completions.c.id).where(completions.c.id.in_(ids)).with_for_update()).all()
    gone = due(connection, which, ids)
    found = _amount(connection, completions.c.id.in_(gone))
    if which.kind == "rated answers":
        votes = or_(feedback.c.completion_id.in_(gone), feedback.c.preferred_over.in_(gone))
        connection.execute(delete(feedback).where(votes))
    connection.execute(update(messages).where(messages.c.completion_id.in_(gone)).values(completion_id=None))
    connection.execute(delete(completions).where(completions.c.id.in_(gone)))
    return found


def _amount(connection: Connection, condition: ColumnElement[bool]) -> Amount:
    size = reduce(add, (func.octet_length(cast(column, Text)) for column in _TEXTS))
    count, held = connection.execute(select(func.count(), func.coalesce(func.sum(size), 0)).where(condition)).one()
    return Amount(count, int(held))
