"""What the votes that hold now say: rated answers, and pairs of answers of which a person prefers one.

Only the latest votes count, none that were taken back, and none on answers of which no text is kept. Exports
(`ledger.exports`) and the alignment job's snapshots read the same rows here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    case,
    cast,
    literal,
    null,
    select,
    union_all,
)

from ledger.judged_answers import Answer, answer_columns, answer_of
from ledger.raters import rater
from ledger.records import Json, Kind
from ledger.schema import completions, feedback_latest, users

_BATCH = 200

COMPARED, THUMBED, OVER_UNRATED = 0, 1, 2
"""Where a pair comes from. Where one pair has several origins, the one that says it most plainly counts."""

SOURCES: Mapping[int, Literal["preferred_over", "regenerated"]] = {
    COMPARED: "preferred_over",
    THUMBED: "regenerated",
    OVER_UNRATED: "regenerated",
}
"""What exports and snapshots call these origins."""

VOTE_SEPARATOR = "+"
"""Stands in a pair's id between the votes that it was made of."""


@dataclass(frozen=True, slots=True)
class Rating:
    """A thumb on one answer, which may come with a correction.

    Attributes:
        rater: Whom the vote counts as, by an opaque id: the user, or several who share one rater's weight.
        prompt: The messages that were answered; empty for endpoints without messages.
    """

    feedback_id: str
    rater: str
    kind: Kind
    value: int
    correction: str | None
    created_at: datetime
    prompt: Sequence[Json]
    answer: Answer


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """Two answers to the same prompt, of which one rater prefers `chosen`.

    Attributes:
        feedback_ids: The votes that say so: a comparison, a thumb up and a thumb down, or a thumb up alone.
        origin: COMPARED, THUMBED or OVER_UNRATED.
        created_at: When the pair came to be: the time of the later vote.
    """

    feedback_ids: tuple[str, ...]
    origin: int
    rater: str
    created_at: datetime
    prompt: Sequence[Json]
    chosen: Answer
    rejected: Answer


def ratings(connection: Connection, *, owner: str | None = None, corrections_only: bool = False) -> Iterator[Rating]:
    """Yields the thumbs that hold now (a correction is one too), oldest first."""
    votes = feedback_latest.c
    wanted = votes.kind == "correction" if corrections_only else votes.kind != "comparison"
    query = (
        select(
            *(votes[name] for name in ("id", "kind", "value", "correction", "created_at")),
            votes.choice_index,
            rater().label("rater"),
            completions.c.messages,
            *answer_columns(completions, "rated"),
        )
        .join(completions, completions.c.id == votes.completion_id)
        .join(users, users.c.id == votes.user_id)
        .where(wanted, votes.value != 0, completions.c.kept == "full", _owned_by(votes.owner, owner))
        .order_by(votes.created_at, votes.id)
    )
    for row in _stream(connection, query):
        answer = answer_of(row, "rated", row["choice_index"])
        if answer is not None:
            yield Rating(
                row["id"],
                row["rater"],
                row["kind"],
                row["value"],
                row["correction"],
                row["created_at"],
                row["messages"],
                answer,
            )


def pairs(connection: Connection, *, owner: str | None = None, over_unrated: bool = False) -> Iterator[AnswerPair]:
    """Yields each pair of answers once, in the order in which the better ones were given.

    A pair comes from a comparison, and from a thumb up and a thumb down that one rater gave to two answers to the same
    prompt.

    Args:
        connection: Of a reading transaction.
        owner: Only what this owner's keys were answered; None for all.
        over_unrated: Whether a liked answer is also preferred over the earlier ones to the same message that nobody
            rated: a person who asks again and then likes what comes has passed those over.
    """
    origins = [_compared(owner), _thumbed_choices(owner), _thumbed_siblings(owner)]
    found = union_all(*origins, *([_liked_over_unrated(owner)] if over_unrated else [])).subquery()
    chosen, rejected = completions.alias("chosen"), completions.alias("rejected")
    columns = found.c
    query = (
        select(
            *columns,
            rater().label("rater"),
            chosen.c.messages,
            rejected.c.messages.label("rejected_messages"),
            *answer_columns(chosen, "chosen"),
            *answer_columns(rejected, "rejected"),
        )
        .join(chosen, chosen.c.id == columns.chosen_id)
        .join(rejected, rejected.c.id == columns.rejected_id)
        .join(users, users.c.id == columns.user_id)
        .where(chosen.c.kept == "full", rejected.c.kept == "full")
        .order_by(
            chosen.c.created_at,
            chosen.c.id,
            columns.chosen_choice,
            columns.rejected_id,
            columns.rejected_choice,
            columns.origin,
            columns.vote_id,
        )
    )
    earlier = None
    for row in _stream(connection, query):
        key = row["chosen_id"], row["chosen_choice"], row["rejected_id"], row["rejected_choice"]
        # Siblings can have been asked for under different system prompts; then they are no answers to the same prompt.
        if key == earlier or row["messages"] != row["rejected_messages"]:
            continue
        earlier = key
        better, worse = answer_of(row, "chosen", key[1]), answer_of(row, "rejected", key[3])
        if better is not None and worse is not None:
            votes = tuple(vote for vote in (row["vote_id"], row["other_vote_id"]) if vote is not None)
            yield AnswerPair(votes, row["origin"], row["rater"], row["voted_at"], row["messages"], better, worse)


def _compared(owner: str | None) -> Select[Any]:
    """Pairs from comparisons; a value of -1 says that the other answer is the better one."""
    votes = feedback_latest.c
    this, other = (votes.completion_id, votes.choice_index), (votes.preferred_over, votes.preferred_over_choice)
    better = [case((votes.value > 0, mine), else_=theirs) for mine, theirs in zip(this, other, strict=True)]
    worse = [case((votes.value > 0, theirs), else_=mine) for mine, theirs in zip(this, other, strict=True)]
    return select(
        better[0].label("chosen_id"),
        better[1].label("chosen_choice"),
        worse[0].label("rejected_id"),
        worse[1].label("rejected_choice"),
        votes.id.label("vote_id"),
        cast(null(), Text).label("other_vote_id"),
        votes.user_id,
        votes.created_at.label("voted_at"),
        literal(COMPARED).label("origin"),
    ).where(votes.kind == "comparison", votes.value != 0, _owned_by(votes.owner, owner))


def _thumbed_choices(owner: str | None) -> Select[Any]:
    """Pairs of a thumb up and a thumb down on two choices of one completion."""
    up, down = feedback_latest.alias("up"), feedback_latest.alias("down")
    return _up_and_down(up, down, owner).join_from(up, down, down.c.completion_id == up.c.completion_id)


def _thumbed_siblings(owner: str | None) -> Select[Any]:
    """Pairs of a thumb up and a thumb down on two answers to one message."""
    up, down = feedback_latest.alias("up"), feedback_latest.alias("down")
    up_of, down_of = completions.alias("up_of"), completions.alias("down_of")
    siblings = and_(down_of.c.parent_id == up_of.c.parent_id, down_of.c.id != up_of.c.id)
    return (
        _up_and_down(up, down, owner)
        .join_from(up, up_of, up_of.c.id == up.c.completion_id)
        .join(down_of, siblings)
        .join(down, down.c.completion_id == down_of.c.id)
    )


def _liked_over_unrated(owner: str | None) -> Select[Any]:
    """Pairs of a thumb up and an earlier answer to the same message on which nobody voted."""
    up, up_of, passed_over = feedback_latest.alias("up"), completions.alias("up_of"), completions.alias("passed_over")
    votes = feedback_latest.alias("votes")
    rated = select(votes.c.id).where(votes.c.completion_id == passed_over.c.id, votes.c.value != 0).exists()
    earlier = and_(
        passed_over.c.parent_id == up_of.c.parent_id,
        passed_over.c.id != up_of.c.id,
        passed_over.c.created_at < up_of.c.created_at,
    )
    return (
        select(
            up.c.completion_id.label("chosen_id"),
            up.c.choice_index.label("chosen_choice"),
            passed_over.c.id.label("rejected_id"),
            literal(0).label("rejected_choice"),
            up.c.id.label("vote_id"),
            cast(null(), Text).label("other_vote_id"),
            up.c.user_id,
            up.c.created_at.label("voted_at"),
            literal(OVER_UNRATED).label("origin"),
        )
        .join_from(up, up_of, up_of.c.id == up.c.completion_id)
        .join(passed_over, earlier)
        .where(up.c.value == 1, up.c.kind != "comparison", ~rated, _owned_by(up.c.owner, owner))
    )


def _up_and_down(up: FromClause, down: FromClause, owner: str | None) -> Select[Any]:
    """Selects pairs from two votes; the caller joins them.

    Both are by the same rater without asking for it: only the user who received an answer rates it.
    """
    later = case((up.c.created_at > down.c.created_at, up.c.created_at), else_=down.c.created_at)
    return select(
        up.c.completion_id.label("chosen_id"),
        up.c.choice_index.label("chosen_choice"),
        down.c.completion_id.label("rejected_id"),
        down.c.choice_index.label("rejected_choice"),
        up.c.id.label("vote_id"),
        down.c.id.label("other_vote_id"),
        up.c.user_id,
        later.label("voted_at"),
        literal(THUMBED).label("origin"),
    ).where(
        and_(up.c.value == 1, up.c.kind != "comparison"),
        and_(down.c.value == -1, down.c.kind != "comparison"),
        _owned_by(up.c.owner, owner),
    )


def _owned_by(column: ColumnElement[str], owner: str | None) -> ColumnElement[bool]:
    return column.is_not(None) if owner is None else column == owner


def _stream(connection: Connection, query: Select[Any]) -> Iterator[Mapping[str, Any]]:
    """Yields rows without holding all of them in memory."""
    with connection.execution_options(yield_per=_BATCH).execute(query) as rows:
        for row in rows.mappings():
            yield dict(row)
