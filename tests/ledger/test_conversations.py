"""Conversations: trees, lists, search, sharing."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ledger import conversations, feedback
from ledger.database import Database
from ledger.errors import Conflict, Impossible, NotFound
from ledger.message_tree import answer_message_id, check_parent
from ledger.records import Choice, Completion, Conversation, NewFeedback, NewMessage

Store = Callable[..., Completion]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def conversation(database: Database) -> Conversation:
    with database.write() as connection:
        return conversations.create(connection, owner="acme", user="ann", title="Accounts", settings={"top_k": 3})


def say(database: Database, conversation: Conversation, text: str, parent_id: str | None = None) -> str:
    with database.write() as connection:
        new = NewMessage(conversation.id, "acme", "ann", text, parent_id)
        return conversations.add_message(connection, new).id


def found(database: Database, query: str) -> list[str]:
    with database.read() as connection:
        page = conversations.search(connection, owner="acme", user="ann", query=query)
    return [conversation.title for conversation in page.items]


def test_the_tree_has_siblings_and_the_votes_of_its_user(
    database: Database, conversation: Conversation, stored: Store
) -> None:
    asked = say(database, conversation, "Well?")
    under = {"conversation_id": conversation.id, "parent_id": asked}
    first = stored(choices=(Choice(0, "One"),), **under)
    second = stored(choices=(Choice(0, "Two"),), status="partial", **under)
    followed = say(database, conversation, "And?", answer_message_id(second.id))
    with database.write() as connection:
        down = feedback.add(connection, NewFeedback(second.id, "acme", "ann", -1))
        feedback.add(connection, NewFeedback(first.id, "acme", "ann", 1))
        feedback.add(connection, NewFeedback(first.id, "acme", "ann", 0))
        feedback.add(connection, NewFeedback(second.id, "acme", "ann", 1, preferred_over=first.id))
        tree = conversations.get(connection, conversation.id, "acme", "ann")
    assert tree.conversation.settings == {"top_k": 3}
    assert [(message.content, message.parent_id) for message in tree.messages] == [
        ("Well?", None),
        ("One", asked),
        ("Two", asked),
        ("And?", answer_message_id(second.id)),
    ]
    assert [message.feedback for message in tree.messages] == [None, None, down, None]
    assert [message.status for message in tree.messages] == [None, "complete", "partial", None]
    assert tree.messages[3].id == followed


def test_storing_an_answer_moves_the_conversation_to_the_top(
    database: Database, conversation: Conversation, stored: Store
) -> None:
    asked = say(database, conversation, "Well?")
    later = datetime.now(UTC) + timedelta(hours=1)
    stored(conversation_id=conversation.id, parent_id=asked, created_at=later)
    with database.read() as connection:
        assert conversations.find(connection, conversation.id, "acme", "ann").updated_at == later


@pytest.mark.parametrize(("owner", "user"), [("acme", "bob"), ("acme", ""), ("other", "ann")])
def test_nobody_else_sees_or_touches_it(database: Database, conversation: Conversation, owner: str, user: str) -> None:
    message = say(database, conversation, "Well?")
    with database.write() as connection:
        for function in (
            conversations.get,
            conversations.find,
            conversations.update,
            conversations.export,
            conversations.share,
            conversations.unshare,
            conversations.delete,
        ):
            with pytest.raises(NotFound):
                function(connection, conversation.id, owner, user)
        with pytest.raises(NotFound):
            conversations.add_message(connection, NewMessage(conversation.id, owner, user, "Mine now"))
        with pytest.raises(NotFound):
            check_parent(connection, conversation.id, message, owner, user)
        assert conversations.search(connection, owner=owner, user=user).items == ()
        assert len(conversations.get(connection, conversation.id, "acme", "ann").messages) == 1


def test_renaming_keeps_settings_and_changing_settings_keeps_the_title(
    database: Database, conversation: Conversation
) -> None:
    with database.write() as connection:
        renamed = conversations.update(connection, conversation.id, "acme", "ann", title="Books")
        changed = conversations.update(connection, conversation.id, "acme", "ann", settings={"top_k": 5})
    assert (renamed.title, renamed.settings) == ("Books", {"top_k": 3})
    assert (changed.title, changed.settings) == ("Books", {"top_k": 5})
    assert found(database, "books") == ["Books"] and found(database, "accounts") == []


def test_a_message_sent_twice_is_stored_once(database: Database, conversation: Conversation) -> None:
    new = NewMessage(conversation.id, "acme", "ann", "Well?\x00", client_id="c1")
    with database.write() as connection:
        first = conversations.add_message(connection, new)
        assert conversations.add_message(connection, new) == first
        with pytest.raises(Conflict, match="'c1'"):
            other = NewMessage(conversation.id, "acme", "ann", "Other", client_id="c1")
            conversations.add_message(connection, other)
        assert conversations.get(connection, conversation.id, "acme", "ann").messages == (first,)


def test_a_message_cannot_follow_one_of_another_conversation(database: Database, conversation: Conversation) -> None:
    with database.write() as connection:
        other = conversations.create(connection, owner="acme", user="ann")
    message = say(database, other, "Elsewhere")
    with pytest.raises(NotFound, match=message):
        say(database, conversation, "Here", message)


def test_search_looks_in_titles_and_messages_and_ignores_case_of_every_script(database: Database) -> None:
    with database.write() as connection:
        for title, text in [("Straße", "ПРИВЕТ мир"), ("Prices", "100% of_it"), ("Other", "back\\slash")]:
            made = conversations.create(connection, owner="acme", user="ann", title=title)
            conversations.add_message(connection, NewMessage(made.id, "acme", "ann", text))
    assert found(database, "STRASSE") == ["Straße"]
    assert found(database, "привет") == ["Straße"]
    assert found(database, "0% OF_") == ["Prices"]
    assert found(database, "%") == ["Prices"]
    assert found(database, "_") == ["Prices"]
    assert found(database, "\\") == ["Other"]
    assert found(database, "x%y") == []
    assert len(found(database, "")) == 3


def test_a_search_is_refused_when_longer_than_a_database_takes(database: Database) -> None:
    assert found(database, "\U0001f600" * conversations.LONGEST_QUERY) == []
    with pytest.raises(Impossible, match="1001 characters"):
        found(database, "x" * 1001)


def test_pages_hold_every_conversation_once_newest_first(database: Database) -> None:
    with database.write() as connection:
        for number in range(7):
            at = NOW + timedelta(seconds=number // 2)  # pairs with the same time
            conversations.create(connection, owner="acme", user="ann", title=str(number), now=at)
        seen: list[Conversation] = []
        while True:
            last = seen[-1].id if seen else None
            page = conversations.search(connection, owner="acme", user="ann", limit=3, after=last)
            seen += page.items
            if not page.has_more:
                break
    assert len(page.items) == 1 and len({conversation.id for conversation in seen}) == 7
    assert [c.updated_at for c in seen] == sorted((c.updated_at for c in seen), reverse=True)


def test_a_link_shows_the_conversation_without_votes_until_it_is_taken_back(
    database: Database, conversation: Conversation, stored: Store
) -> None:
    asked = say(database, conversation, "Well?")
    rated = stored(conversation_id=conversation.id, parent_id=asked)
    with database.write() as connection:
        feedback.add(connection, NewFeedback(rated.id, "acme", "ann", 1))
        token = conversations.share(connection, conversation.id, "acme", "ann")
        assert conversations.share(connection, conversation.id, "acme", "ann") == token
        tree = conversations.shared(connection, token)
        assert len(token) >= 40 and len(tree.messages) == 2
        assert all(message.feedback is None for message in tree.messages)
        conversations.unshare(connection, conversation.id, "acme", "ann")
        with pytest.raises(NotFound):
            conversations.shared(connection, token)
        assert conversations.share(connection, conversation.id, "acme", "ann") != token


def test_an_export_is_plain_json_with_messages_and_votes_and_no_secret(
    database: Database, conversation: Conversation, stored: Store
) -> None:
    asked = say(database, conversation, "Well?")
    rated = stored(conversation_id=conversation.id, parent_id=asked)
    with database.write() as connection:
        feedback.add(connection, NewFeedback(rated.id, "acme", "ann", 1))
        token = conversations.share(connection, conversation.id, "acme", "ann")
        exported = conversations.export(connection, conversation.id, "acme", "ann")
    text = json.dumps(exported)
    assert token not in text
    back = json.loads(text)
    assert back["title"] == "Accounts" and back["created_at"].endswith("+00:00")
    assert [message["content"] for message in back["messages"]] == ["Well?", "A book of accounts."]
    assert back["messages"][1]["feedback"]["value"] == 1
