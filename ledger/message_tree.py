"""The tree of messages in a conversation: where a new message may be attached, and attaching it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from ledger.column_types import storable_text
from ledger.errors import Conflict, Impossible, NotFound
from ledger.ids import new_id
from ledger.insertion import insert_if_absent
from ledger.records import Completion, Message, NewMessage
from ledger.schema import completions, conversations, messages, users
from ledger.search_text import folded
from ledger.users import resolve

_ID_PREFIXES = ("chatcmpl-", "cmpl-", "resp_")


def answer_message_id(completion_id: str, choice_index: int = 0) -> str:
    """Returns the id of the message that stores a completion's answer: `msg_<hex>`, or `msg_<hex>_<i>` for others."""
    for prefix in _ID_PREFIXES:
        completion_id = completion_id.removeprefix(prefix)
    return f"msg_{completion_id}" + (f"_{choice_index}" if choice_index else "")


def check_parent(connection: Connection, conversation_id: str, parent_id: str, owner: str, user: str) -> None:
    """Checks that an answer may be stored under a message. Call it before the answer is generated.

    Raises:
        NotFound: There is no such conversation of this owner and user, or no such message in it.
        Impossible: The message is not a user's.
    """
    query = (
        select(messages.c.role)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(users, users.c.id == conversations.c.user_id)
        .where(
            conversations.c.id == conversation_id,
            messages.c.id == parent_id,
            users.c.owner == owner,
            users.c.external_id == user,
        )
    )
    role = connection.execute(query).scalar()
    if role is None:
        raise NotFound(f"There is no conversation {conversation_id} with a message {parent_id}.")
    if role != "user":
        raise Impossible(
            f"An answer cannot follow {parent_id}, a message of the {role}: name the user's message that it answers."
        )


def touch(connection: Connection, conversation_id: str, user_id: str, now: datetime) -> None:
    """Marks a conversation as used just now, and keeps it from being erased until the transaction ends.

    Raises:
        NotFound: There is no such conversation of this user.
    """
    mine = (conversations.c.id == conversation_id) & (conversations.c.user_id == user_id)
    if connection.execute(update(conversations).where(mine).values(updated_at=now)).rowcount == 0:
        raise NotFound(f"There is no conversation {conversation_id}.")


def attach_answers(connection: Connection, completion: Completion) -> None:
    """Stores each choice of a completion as a message under the message it answers."""
    rows: list[dict[str, Any]] = [
        {
            "id": answer_message_id(completion.id, choice.index),
            "conversation_id": completion.conversation_id,
            "parent_id": completion.parent_id,
            "role": "assistant",
            "content": choice.text,
            "content_folded": folded(choice.text),
            "completion_id": completion.id,
            "choice_index": choice.index,
            "created_at": completion.created_at,
        }
        for choice in completion.choices
    ]
    if rows:
        connection.execute(insert(messages), rows)


def add_message(connection: Connection, new: NewMessage) -> Message:
    """Stores a user's message.

    Returns:
        The message; for a `client_id` that was used before with the same message, that one.

    Raises:
        NotFound: There is no such conversation of this owner and user, or no such parent in it.
        Conflict: The `client_id` was used before with another message.
    """
    user = resolve(connection, new.owner, new.user)
    touch(connection, new.conversation_id, user.id, new.created_at)
    if new.parent_id is not None:
        _check_in_conversation(connection, new.parent_id, new.conversation_id)
    row = {
        "id": new_id("msg"),
        "conversation_id": new.conversation_id,
        "parent_id": new.parent_id,
        "role": "user",
        "content": new.content,
        "content_folded": folded(new.content),
        "client_id": new.client_id,
        "created_at": new.created_at,
    }
    inserted = insert_if_absent(connection, messages, row)
    same = messages.c.id == row["id"] if inserted else messages.c.client_id == new.client_id
    stored = messages_of(connection, new.conversation_id, same)[0]
    if not inserted and (stored.parent_id, stored.content) != (new.parent_id, storable_text(new.content)):
        raise Conflict(f"The client_id {new.client_id!r} was used before for another message of this conversation.")
    return stored


def messages_of(
    connection: Connection, conversation_id: str, condition: ColumnElement[bool] | None = None
) -> tuple[Message, ...]:
    """Returns the messages of a conversation in the order of writing, without votes."""
    names = ("id", "conversation_id", "parent_id", "role", "content", "created_at", "completion_id", "choice_index")
    query = (
        select(*[messages.c[name] for name in names], completions.c.status, completions.c.model_version)
        .outerjoin(completions, completions.c.id == messages.c.completion_id)
        .where(messages.c.conversation_id == conversation_id)
        .order_by(messages.c.sequence)
    )
    if condition is not None:
        query = query.where(condition)
    return tuple(Message(**row) for row in connection.execute(query).mappings())


def _check_in_conversation(connection: Connection, message_id: str, conversation_id: str) -> None:
    query = select(messages.c.id).where(messages.c.id == message_id, messages.c.conversation_id == conversation_id)
    if connection.execute(query).scalar() is None:
        raise NotFound(f"There is no message {message_id} in the conversation {conversation_id}.")
