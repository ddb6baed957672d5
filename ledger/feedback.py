"""Feedback: append-only votes on answers.

A vote replaces the rater's earlier one on the same thing (an answer, or two answers that are compared, in either order)
by coming after it; nothing is overwritten. The view `feedback_latest` holds the last of each.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, bindparam, select

from ledger.column_types import storable_json, storable_text
from ledger.errors import Conflict, Impossible, NotFound, NotYours
from ledger.exports import export_preference, export_unpaired
from ledger.ids import new_id
from ledger.insertion import insert_if_absent
from ledger.kept import require_kept, require_text
from ledger.prompts import same_prompt
from ledger.records import Feedback, FeedbackFilter, Kind, NewFeedback, Page
from ledger.schema import completions, feedback, feedback_latest, snapshot_feedback, users

__all__ = ["add", "export_preference", "export_unpaired", "latest_for", "search"]


def _with_user(table: Table) -> Select[Any]:
    """Selects a `Feedback`'s columns from the table or from the view of the latest."""
    hidden = {"sequence", "user_id", "body_sha256"}
    columns = [column for column in table.columns if column.name not in hidden]
    return select(*columns, users.c.external_id.label("user")).join(users, users.c.id == table.c.user_id)


# Built once, because building a statement takes longer than SQLite needs to run it.
_BY_ID = _with_user(feedback).where(feedback.c.id == bindparam("id"))
_BY_IDEMPOTENCY_KEY = (
    _with_user(feedback)
    .where(feedback.c.owner == bindparam("owner"), feedback.c.idempotency_key == bindparam("idempotency_key"))
    .add_columns(feedback.c.body_sha256.label("body"))
)
_HOLD_COMPLETION = (
    select(completions.c.user_id, completions.c.choices, completions.c.kept, users.c.external_id)
    .join(users, users.c.id == completions.c.user_id)
    .where(completions.c.id == bindparam("id"), completions.c.owner == bindparam("owner"))
    .with_for_update(read=True, key_share=True, of=completions)
)


def add(connection: Connection, new: NewFeedback) -> Feedback:
    """Stores feedback. It is safe once the transaction is committed.

    Returns:
        The row; for an idempotency key that was used before with the same body, the row of that time.

    Raises:
        NotFound: There is no such completion of this owner (also for `preferred_over`).
        NotYours: It was given to another user of this owner.
        Impossible: There is no such choice; the answers compared are the same or answer different prompts; the value is
            not -1, 0 or 1; or the parts contradict each other.
        NotKept: Nothing was kept of the answer, or no text and there is more than a thumb (`ledger.kept`).
        Conflict: The idempotency key was used before with another body.
    """
    earlier = _by_idempotency_key(connection, new)
    if earlier is not None:
        return earlier
    user_id = _check(connection, new)
    row = asdict(new) | {
        "id": new_id("fb"),
        "user_id": user_id,
        "kind": _kind(new),
        "reasons": list(new.reasons),
        "body_sha256": _digest(new),
    }
    del row["user"]
    if not insert_if_absent(connection, feedback, row):
        # Somebody else has used the key since we looked.
        earlier = _by_idempotency_key(connection, new)
        assert earlier is not None, "a row of feedback has no other unique keys that could be taken"
        return earlier
    return _feedback(connection.execute(_BY_ID, {"id": row["id"]}).mappings().one())


def search(
    connection: Connection, filters: FeedbackFilter, *, limit: int = 20, after: str | None = None
) -> Page[Feedback]:
    """Returns the feedback that passes the filters, newest first, votes that were replaced too.

    Args:
        connection: Of a transaction.
        filters: Which feedback; an `owner` of None means all owners.
        limit: How many rows at most.
        after: The id of the last row of the page before.

    Raises:
        NotFound: There is no feedback `after`.
    """
    table = feedback.c
    wanted: list[tuple[ColumnElement[Any], str | int | None]] = [
        (table.owner, filters.owner),
        (users.c.external_id, filters.user),
        (table.completion_id, filters.completion_id),
        (table.kind, filters.kind),
        (table.value, filters.value),
    ]
    query = _with_user(feedback).where(*[column == value for column, value in wanted if value is not None])
    if filters.since is not None:
        query = query.where(table.created_at >= filters.since)
    if filters.until is not None:
        query = query.where(table.created_at < filters.until)
    if filters.snapshot_id is not None:
        held = select(snapshot_feedback.c.feedback_id).where(snapshot_feedback.c.snapshot_id == filters.snapshot_id)
        query = query.where(table.id.in_(held))
    if after is not None:
        sequence = connection.execute(select(table.sequence).where(table.id == after)).scalar()
        if sequence is None:
            raise NotFound(f"There is no feedback {after} to continue after.")
        query = query.where(table.sequence < sequence)
    rows = connection.execute(query.order_by(table.sequence.desc()).limit(limit + 1)).mappings().all()
    return Page(tuple(_feedback(row) for row in rows[:limit]), has_more=len(rows) > limit)


def latest_for(connection: Connection, completion_ids: Sequence[str], *, owner: str, user: str) -> list[Feedback]:
    """Returns the votes of a user that hold now on these completions, oldest first; none that were taken back."""
    latest = feedback_latest.c
    query = (
        _with_user(feedback_latest)
        .where(
            latest.completion_id.in_(completion_ids),
            latest.value != 0,
            users.c.owner == owner,
            users.c.external_id == user,
        )
        .order_by(latest.sequence)
    )
    return [_feedback(row) for row in connection.execute(query).mappings()]


def _check(connection: Connection, new: NewFeedback) -> str:
    """Checks that this user may give this feedback; returns the user's id."""
    if new.value not in (-1, 0, 1):
        raise Impossible(f"The value {new.value} is none of 1 (up), -1 (down) and 0 (take the vote back).")
    if new.correction is not None and new.preferred_over is not None:
        raise Impossible("A correction and preferred_over are two different pieces of feedback: send each by itself.")
    if new.correction is not None and new.value == 0:
        raise Impossible("A value of 0 takes a vote back, so it cannot bring a correction: give the value -1 or 1.")
    rated = _owned_completion(connection, new.completion_id, new)
    _check_choice(rated, new.completion_id, new.choice_index)
    require_text(new.completion_id, rated["kept"], new)
    if new.preferred_over is not None:
        other = _owned_completion(connection, new.preferred_over, new)
        _check_choice(other, new.preferred_over, new.preferred_over_choice)
        require_text(new.preferred_over, other["kept"], new)
        mine, theirs = (new.completion_id, new.choice_index), (new.preferred_over, new.preferred_over_choice)
        if mine == theirs:
            raise Impossible(f"The answer {new.completion_id} cannot be preferred over itself.")
        if not same_prompt(connection, mine, theirs):
            raise Impossible(
                f"Choice {new.choice_index} of {new.completion_id} and choice {new.preferred_over_choice} of "
                f"{new.preferred_over} answer different prompts, so they cannot be compared."
            )
    return str(rated["user_id"])


def _owned_completion(connection: Connection, completion_id: str, new: NewFeedback) -> RowMapping:
    """Returns the completion's row if it was given to this owner and user; it stays until the transaction ends."""
    require_kept(completion_id)
    row = connection.execute(_HOLD_COMPLETION, {"id": completion_id, "owner": new.owner}).mappings().first()
    if row is None:
        raise NotFound(f"There is no completion {completion_id}.")
    if row["external_id"] != storable_text(new.user):
        raise NotYours(f"The completion {completion_id} was given to another user; only they can rate it.")
    return row


def _check_choice(completion: RowMapping, completion_id: str, choice_index: int) -> None:
    indexes = [choice["index"] for choice in completion["choices"]]
    if choice_index not in indexes:
        raise Impossible(f"The completion {completion_id} has no choice {choice_index}; it has {indexes}.")


def _kind(new: NewFeedback) -> Kind:
    if new.preferred_over is not None:
        return "comparison"
    return "thumb" if new.correction is None else "correction"


def _digest(new: NewFeedback) -> str:
    """SHA-256 of what the client said, to recognise the same request sent again."""
    body = asdict(new)
    del body["created_at"], body["idempotency_key"]
    return hashlib.sha256(json.dumps(storable_json(body), sort_keys=True).encode()).hexdigest()


def _by_idempotency_key(connection: Connection, new: NewFeedback) -> Feedback | None:
    """Returns the row that this idempotency key made earlier."""
    if new.idempotency_key is None:
        return None
    used = {"owner": new.owner, "idempotency_key": new.idempotency_key}
    row = connection.execute(_BY_IDEMPOTENCY_KEY, used).mappings().first()
    if row is None:
        return None
    if row["body"] != _digest(new):
        raise Conflict(
            f"The Idempotency-Key {new.idempotency_key!r} was used before for other feedback. Use a new key for each."
        )
    return _feedback(row)


def _feedback(row: RowMapping) -> Feedback:
    values = {name: value for name, value in row.items() if name != "body"}
    return Feedback(**{**values, "reasons": tuple(values["reasons"])})
