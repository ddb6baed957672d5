"""Feedback in TRL's dataset formats: what a person liked, as pairs and as single labelled answers.

The formats (conversational; preference with explicit prompt, and unpaired preference):
https://huggingface.co/docs/trl/dataset_formats. Only the latest votes count, and none that were taken back. Completions
without messages (such as those of `/v1/completions`) are left out, since their prompt is not a conversation.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, select, union

from ledger.schema import completions, feedback_latest

_BATCH = 200


def export_preference(connection: Connection, *, owner: str | None = None) -> Iterator[dict[str, Any]]:
    """Yields `{"prompt": [...], "chosen": [...], "rejected": [...]}`, each a list of messages.

    A pair comes from a comparison; from a thumb up and a thumb down that one rater gave to two answers to the same
    prompt; and from a correction, which is chosen over what it corrects. Each pair of answers comes once.
    """
    yield from _answer_pairs(connection, owner)
    yield from _correction_pairs(connection, owner)


def export_unpaired(connection: Connection, *, owner: str | None = None) -> Iterator[dict[str, Any]]:
    """Yields `{"prompt": [...], "completion": [...], "label": bool}` from thumbs, those with a correction too."""
    votes = feedback_latest.c
    query = _votes(votes.kind != "comparison", owner).add_columns(votes.value)
    for row in _stream(connection, query):
        if row.messages:
            yield {
                "prompt": row.messages,
                "completion": [_answer(row.choices, row.choice_index)],
                "label": row.value > 0,
            }


def _answer_pairs(connection: Connection, owner: str | None) -> Iterator[dict[str, Any]]:
    pairs = union(_compared(owner), _thumbed_choices(owner), _thumbed_siblings(owner)).subquery()
    chosen, rejected = completions.alias("chosen"), completions.alias("rejected")
    query = (
        select(
            chosen.c.messages,
            rejected.c.messages.label("rejected_messages"),
            chosen.c.choices.label("chosen_choices"),
            rejected.c.choices.label("rejected_choices"),
            pairs.c.chosen_choice,
            pairs.c.rejected_choice,
        )
        .join(chosen, chosen.c.id == pairs.c.chosen_id)
        .join(rejected, rejected.c.id == pairs.c.rejected_id)
        .order_by(chosen.c.created_at, chosen.c.id, pairs.c.chosen_choice, rejected.c.id, pairs.c.rejected_choice)
    )
    for row in _stream(connection, query):
        # Siblings can have been asked for under different system prompts; then they are no answers to the same prompt.
        if row.messages and row.messages == row.rejected_messages:
            yield {
                "prompt": row.messages,
                "chosen": [_answer(row.chosen_choices, row.chosen_choice)],
                "rejected": [_answer(row.rejected_choices, row.rejected_choice)],
            }


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


def _up_and_down(up: FromClause, down: FromClause, owner: str | None) -> Select[Any]:
    """Selects pairs from two votes; the caller joins them.

    Both are by the same rater without asking for it: only the user who received an answer rates it.
    """
    return select(
        up.c.completion_id.label("chosen_id"),
        up.c.choice_index.label("chosen_choice"),
        down.c.completion_id.label("rejected_id"),
        down.c.choice_index.label("rejected_choice"),
    ).where(
        and_(up.c.value == 1, up.c.kind != "comparison"),
        and_(down.c.value == -1, down.c.kind != "comparison"),
        _owned_by(up.c.owner, owner),
    )


def _correction_pairs(connection: Connection, owner: str | None) -> Iterator[dict[str, Any]]:
    votes = feedback_latest.c
    query = _votes(votes.kind == "correction", owner).add_columns(votes.correction)
    for row in _stream(connection, query):
        if row.messages:
            yield {
                "prompt": row.messages,
                "chosen": [{"role": "assistant", "content": row.correction}],
                "rejected": [_answer(row.choices, row.choice_index)],
            }


def _votes(condition: ColumnElement[bool], owner: str | None) -> Select[Any]:
    """Selects the votes that hold now, with the prompt and the answers that they are about."""
    votes = feedback_latest.c
    return (
        select(completions.c.messages, completions.c.choices, votes.choice_index)
        .join(completions, completions.c.id == votes.completion_id)
        .where(condition, votes.value != 0, _owned_by(votes.owner, owner))
        .order_by(votes.sequence)
    )


def _owned_by(column: ColumnElement[str], owner: str | None) -> ColumnElement[bool]:
    return column.is_not(None) if owner is None else column == owner


def _stream(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """Yields rows without holding all of them in memory."""
    with connection.execution_options(yield_per=_BATCH).execute(query) as rows:
        yield from rows


def _answer(choices: list[dict[str, Any]], index: int) -> dict[str, Any]:
    """Returns a choice as the assistant's message."""
    choice = next(choice for choice in choices if choice["index"] == index)
    message: dict[str, Any] = {"role": "assistant", "content": choice["text"]}
    return message | {"tool_calls": choice["tool_calls"]} if choice["tool_calls"] else message
