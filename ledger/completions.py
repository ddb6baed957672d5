"""Completions: one row for each answered request."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from ledger import erase, kept, message_tree, users
from ledger.errors import Erased, NotFound
from ledger.insertion import insert_if_absent
from ledger.records import Choice, Completion
from ledger.schema import completions
from ledger.schema import users as users_table


def insert(connection: Connection, completion: Completion) -> None:
    """Stores a completion, and its answers as messages where `conversation_id` and `parent_id` are given.

    Storing the same id again changes nothing, so that a caller who does not know whether it worked can try again. This
    is the one place where answers are written; what `kept` says is not kept is left out here.

    Raises:
        NotFound: There is no such conversation or parent (any more) for this owner and user. Call
            `message_tree.check_parent` before the answer is generated; then this only means that it was erased since.
        Impossible: The parent is not a user's message.
        Erased: The user was erased after the request had begun.
    """
    completion = kept.storable(completion)
    user = users.resolve(
        connection,
        completion.owner,
        completion.user,
        counts_as=completion.counts_as,
        asked_at=completion.created_at,
    )
    if completion.conversation_id is not None:
        message_tree.touch(connection, completion.conversation_id, user.id, completion.created_at)
        if completion.parent_id is not None:
            message_tree.check_parent(
                connection, completion.conversation_id, completion.parent_id, completion.owner, completion.user
            )
    row = row_of(completion) | {"user_id": user.id}
    if insert_if_absent(connection, completions, row) and completion.conversation_id and completion.parent_id:
        message_tree.attach_answers(connection, completion)


def insert_unless_erased(connection: Connection, completion: Completion) -> bool:
    """Stores a completion as `insert` does, unless its user was erased after the request had begun.

    Returns:
        Whether it was stored.
    """
    try:
        insert(connection, completion)
    except Erased:  # raised before anything was written
        return False
    return True


def get(connection: Connection, completion_id: str, owner: str, user: str) -> Completion:
    """Returns a completion of this owner and user.

    Raises:
        NotFound: There is none.
    """
    return _found(connection, completion_id, completions.c.owner == owner, users_table.c.external_id == user)


def get_by_key(connection: Connection, completion_id: str, key_id: str) -> Completion:
    """Return a completion that was made with this API key, whoever it was made for.

    Raises:
        NotFound: There is none.
    """
    return _found(connection, completion_id, completions.c.key_id == key_id)


def _found(connection: Connection, completion_id: str, *conditions: ColumnElement[bool]) -> Completion:
    query = (
        select(completions, users_table.c.external_id)
        .join(users_table, users_table.c.id == completions.c.user_id)
        .where(completions.c.id == completion_id, *conditions)
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"There is no completion {completion_id}.")
    return _completion(row)


def delete(connection: Connection, completion_id: str, owner: str, user: str, *, now: datetime | None = None) -> None:
    """Erases a completion of this owner and user, and the feedback on it. A tombstone stays.

    An answer that was stored in a conversation stays there: the conversation is erased by itself.

    Raises:
        NotFound: There is none.
    """
    get(connection, completion_id, owner, user)
    erase.erase_completion(connection, completion_id, now=now)


def row_of(completion: Completion) -> dict[str, Any]:
    """Return a completion as its table's row, all but the user's id."""
    names = {column.name for column in completions.columns} - {"user_id"}
    row = {name: getattr(completion, name) for name in names}
    return row | {"choices": [asdict(choice) for choice in completion.choices]}


def _completion(row: RowMapping) -> Completion:
    values = dict(row)
    values["user"] = values.pop("external_id")
    del values["user_id"]
    values["choices"] = choices_of(values["choices"])
    return Completion(**values)


def choices_of(stored: list[dict[str, Any]]) -> tuple[Choice, ...]:
    """Returns the choices in the column `choices`."""
    return tuple(Choice(**choice) for choice in stored)
