"""Feedback in TRL's dataset formats: what a person liked, as pairs and as single labelled answers.

The formats (conversational; preference with explicit prompt, and unpaired preference):
https://huggingface.co/docs/trl/dataset_formats. Only the latest votes count, and none that were taken back. Completions
without messages (such as those of `/v1/completions`) are left out, since their prompt is not a conversation. Beside
TRL's columns each row says who judged (an opaque id), when, which version answered, and whether the answer is whole.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select

from ledger.judged_answers import Answer
from ledger.schema import feedback
from ledger.votes import SOURCES, VOTE_SEPARATOR, pairs, ratings

_BREAKS_LINES = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}
"""Characters at which some readers end a line, and JSON does not."""

_BATCH = 200
_VOTES = select(
    feedback.c.id,
    feedback.c.value,
    feedback.c.created_at,
    feedback.c.correction,
    feedback.c.reasons,
    feedback.c.comment,
    feedback.c.source.label("given_in"),
).where(feedback.c.id.in_(bindparam("ids", expanding=True)))
_SAID = ("reasons", "comment", "given_in")
"""Columns of a vote that are exported on demand."""


def export_preference(
    connection: Connection, *, owner: str | None = None, comments: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield `{"prompt": [...], "chosen": [...], "rejected": [...], …}`, each of the three a list of messages.

    A pair comes from a comparison; from a thumb up and a thumb down that one rater gave to two answers to the same
    prompt; and from a correction, which is chosen over what it corrects. Each pair of answers comes once.

    Args:
        connection: Of a reading transaction.
        owner: Only what this owner's keys were answered; None for all.
        comments: Whether to add to each of `votes` its reasons, its comment, and where it was given.
    """
    return _with_votes(connection, _preference_rows(connection, owner), comments)


def export_unpaired(
    connection: Connection, *, owner: str | None = None, comments: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield `{"prompt": [...], "completion": [...], "label": bool, …}` from thumbs, those with a correction too.

    The arguments are those of `export_preference`.
    """
    return _with_votes(connection, _unpaired_rows(connection, owner), comments)


def _preference_rows(connection: Connection, owner: str | None) -> Iterator[dict[str, Any]]:
    for pair in pairs(connection, owner=owner):
        if pair.prompt:
            row: dict[str, Any] = {
                "prompt": pair.prompt,
                "chosen": [_message(pair.chosen)],
                "rejected": [_message(pair.rejected)],
            }
            row |= _identity(pair.feedback_ids, pair.rater, SOURCES[pair.origin], pair.created_at.isoformat())
            yield row | {"chosen_from": _origin(pair.chosen), "rejected_from": _origin(pair.rejected)}
    for rating in ratings(connection, owner=owner, corrections_only=True):
        if rating.prompt:
            correction, ids = {"role": "assistant", "content": rating.correction}, (rating.feedback_id,)
            row = {"prompt": rating.prompt, "chosen": [correction], "rejected": [_message(rating.answer)]}
            row |= _identity(ids, rating.rater, "correction", rating.created_at.isoformat())
            yield row | {"chosen_from": None, "rejected_from": _origin(rating.answer)}


def _unpaired_rows(connection: Connection, owner: str | None) -> Iterator[dict[str, Any]]:
    for rating in ratings(connection, owner=owner):
        if rating.prompt:
            row = {"prompt": rating.prompt, "completion": [_message(rating.answer)], "label": rating.value > 0}
            row |= _identity((rating.feedback_id,), rating.rater, "thumb", rating.created_at.isoformat())
            yield row | {"completion_from": _origin(rating.answer)}


def line(row: Mapping[str, Any]) -> bytes:
    """Return a row as a line of JSON in UTF-8 that no reader splits, with its end."""
    return (json.dumps(row, ensure_ascii=False).translate(_BREAKS_LINES) + "\n").encode()


def _message(answer: Answer) -> dict[str, Any]:
    """Returns an answer as the assistant's message."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    return message | {"tool_calls": answer.tool_calls} if answer.tool_calls else message


def _identity(feedback_ids: Sequence[str], rater: str, source: str, created_at: str) -> dict[str, Any]:
    return {"id": VOTE_SEPARATOR.join(feedback_ids), "rater": rater, "source": source, "created_at": created_at}


def _origin(answer: Answer) -> dict[str, Any]:
    """Return who gave an answer, and whether it is whole: a status other than complete, or a length, says it is not.

    The ids say which answers are one, or answer the same message: an import needs them (`ledger.importing`).
    """
    return {
        "version": answer.model_version,
        "status": answer.status,
        "finish_reason": answer.finish_reason,
        "completion_id": answer.completion_id,
        "choice_index": answer.choice_index,
        "parent_id": answer.parent_id,
        "created_at": answer.created_at.isoformat(),
    }


def _with_votes(connection: Connection, rows: Iterator[dict[str, Any]], comments: bool) -> Iterator[dict[str, Any]]:
    """Adds to each row the votes that it was made of, in the order of its id."""
    while batch := list(islice(rows, _BATCH)):
        ids = sorted({vote for row in batch for vote in row["id"].split(VOTE_SEPARATOR)})
        found = {vote["id"]: _vote(vote, comments) for vote in connection.execute(_VOTES, {"ids": ids}).mappings()}
        for row in batch:
            yield row | {"votes": [found[vote] for vote in row["id"].split(VOTE_SEPARATOR)]}


def _vote(row: RowMapping, comments: bool) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if comments or name not in _SAID}
    return shown | {"created_at": row["created_at"].isoformat()}
