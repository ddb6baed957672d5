"""An answer as a vote is about it: one choice of a completion, given here or imported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from ledger.importing.origin import VERSION, given_parent, params_of_imported
from ledger.records import Json, Status


@dataclass(frozen=True, slots=True)
class Answer:
    """One choice of a completion, as a vote is about it.

    Attributes:
        status: Of the completion: whether the text is all that the model had to say.
        model_version: Who answered; None where it is not known. Of an imported answer, a number of another ledger.
        parent_id: The message that is answered; None where it is not stored.
        imported: Whether it was answered elsewhere.
    """

    completion_id: str
    choice_index: int
    text: str
    tool_calls: Sequence[Json] | None
    finish_reason: str | None
    status: Status
    model_version: int | None
    parent_id: str | None
    created_at: datetime
    imported: bool


def answer_columns(table: FromClause, prefix: str) -> list[ColumnElement[Any]]:
    """Return the columns of an alias of `completions` that `answer_of` reads, under names that begin with `prefix`."""
    return [
        table.c[name].label(f"{prefix}_{label}")
        for name, label in (
            ("id", "completion_id"),
            ("choices", "choices"),
            ("status", "status"),
            ("model_version", "model_version"),
            ("parent_id", "parent_id"),
            ("created_at", "created_at"),
        )
    ] + [params_of_imported(table).label(f"{prefix}_imported")]


def answer_of(row: Mapping[str, Any], prefix: str, index: int) -> Answer | None:
    """Return the choice that a vote is about; None if the completion has none of this index."""
    choice = next((choice for choice in row[f"{prefix}_choices"] if choice["index"] == index), None)
    if choice is None:
        return None
    imported = row[f"{prefix}_imported"]
    return Answer(
        row[f"{prefix}_completion_id"],
        index,
        choice["text"],
        choice["tool_calls"],
        choice["finish_reason"],
        row[f"{prefix}_status"],
        row[f"{prefix}_model_version"] if imported is None else imported.get(VERSION),
        given_parent(row[f"{prefix}_parent_id"]),
        row[f"{prefix}_created_at"],
        imported is not None,
    )
