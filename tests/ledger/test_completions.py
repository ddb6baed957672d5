"""Completions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select

from ledger import completions, conversations, feedback
from ledger.database import Database
from ledger.errors import Impossible, NotFound
from ledger.message_tree import answer_message_id
from ledger.records import Choice, Completion, NewFeedback, NewMessage
from ledger.schema import completions as table

TWO = (Choice(0, "Yes.", "stop"), Choice(1, "No.", "length", [{"id": "call_1", "type": "function"}]))


def test_a_completion_comes_back_as_it_was_stored(database: Database, answer: Callable[..., Completion]) -> None:
    new = answer(choices=TWO, created_at=datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    with database.write() as connection:
        completions.insert(connection, new)
    with database.read() as connection:
        back = completions.get(connection, new.id, "acme", "ann")
    assert back.messages == list(new.messages)
    assert back.created_at == new.created_at and back.created_at.tzinfo == UTC
    for name in ("choices", "params", "usage", "ttft_ms", "duration_ms", "status", "model_version", "route", "user"):
        assert getattr(back, name) == getattr(new, name)


def test_storing_the_same_id_again_changes_nothing(database: Database, stored: Callable[..., Completion]) -> None:
    first = stored()
    stored(id=first.id, choices=(Choice(0, "Something else."),))
    with database.read() as connection:
        assert completions.get(connection, first.id, "acme", "ann").choices == first.choices
        assert connection.execute(select(func.count()).select_from(table)).scalar() == 1


@pytest.mark.parametrize(("owner", "user"), [("acme", "bob"), ("acme", ""), ("other", "ann")])
def test_a_completion_is_hidden_from_other_owners_and_users(
    database: Database, stored: Callable[..., Completion], owner: str, user: str
) -> None:
    hidden = stored()
    with database.write() as connection:
        with pytest.raises(NotFound):
            completions.get(connection, hidden.id, owner, user)
        with pytest.raises(NotFound):
            completions.delete(connection, hidden.id, owner, user)
        assert completions.get(connection, hidden.id, "acme", "ann").id == hidden.id


def test_every_choice_becomes_a_message_under_the_message_it_answers(
    database: Database, answer: Callable[..., Completion]
) -> None:
    with database.write() as connection:
        conversation = conversations.create(connection, owner="acme", user="ann")
        asked = conversations.add_message(connection, NewMessage(conversation.id, "acme", "ann", "Well?"))
        new = answer(choices=TWO, conversation_id=conversation.id, parent_id=asked.id)
        completions.insert(connection, new)
        completions.insert(connection, new)
        tree = conversations.get(connection, conversation.id, "acme", "ann")
    hex_part = new.id.removeprefix("chatcmpl-")
    assert [message.id for message in tree.messages[1:]] == [f"msg_{hex_part}", f"msg_{hex_part}_1"]
    assert [message.content for message in tree.messages] == ["Well?", "Yes.", "No."]
    assert {message.parent_id for message in tree.messages[1:]} == {asked.id}
    assert tree.messages[2].completion_id == new.id and tree.messages[2].choice_index == 1
    assert tree.messages[1].status == "complete" and tree.messages[1].model_version == 1


@pytest.mark.parametrize("prefix", ["chatcmpl-", "cmpl-", "resp_"])
def test_message_id_is_made_of_the_hex_of_any_completion_id(prefix: str) -> None:
    assert answer_message_id(f"{prefix}0a1b") == "msg_0a1b"


def test_an_answer_cannot_be_stored_where_it_does_not_belong(
    database: Database, answer: Callable[..., Completion]
) -> None:
    with database.write() as connection:
        mine = conversations.create(connection, owner="acme", user="ann")
        asked = conversations.add_message(connection, NewMessage(mine.id, "acme", "ann", "Well?"))
        other = conversations.create(connection, owner="acme", user="bob")
        theirs = conversations.add_message(connection, NewMessage(other.id, "acme", "bob", "Hm?"))
        first = answer(conversation_id=mine.id, parent_id=asked.id)
        completions.insert(connection, first)
        with pytest.raises(NotFound):
            completions.insert(connection, answer(conversation_id=other.id, parent_id=theirs.id))
        with pytest.raises(NotFound):
            completions.insert(connection, answer(conversation_id=mine.id, parent_id=theirs.id))
        with pytest.raises(NotFound):
            completions.insert(connection, answer(conversation_id="conv_none", parent_id=asked.id))
        with pytest.raises(Impossible, match="message of the assistant"):
            completions.insert(connection, answer(conversation_id=mine.id, parent_id=answer_message_id(first.id)))


def test_deleting_a_completion_takes_its_feedback_and_leaves_the_message(
    database: Database, answer: Callable[..., Completion]
) -> None:
    with database.write() as connection:
        conversation = conversations.create(connection, owner="acme", user="ann")
        asked = conversations.add_message(connection, NewMessage(conversation.id, "acme", "ann", "Well?"))
        new = answer(conversation_id=conversation.id, parent_id=asked.id)
        completions.insert(connection, new)
        feedback.add(connection, NewFeedback(new.id, "acme", "ann", 1))
        completions.delete(connection, new.id, "acme", "ann")
        with pytest.raises(NotFound):
            completions.get(connection, new.id, "acme", "ann")
        assert feedback.latest_for(connection, [new.id], owner="acme", user="ann") == []
        message = conversations.get(connection, conversation.id, "acme", "ann").messages[1]
    assert message.content == "A book of accounts." and message.completion_id is None
