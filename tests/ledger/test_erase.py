"""Erasing: rows go, tombstones stay, what was trained on them is marked."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, insert, select

from ledger import conversations, erase, feedback, users, versions
from ledger.database import Database
from ledger.errors import NotFound
from ledger.message_tree import answer_message_id
from ledger.records import Completion, Conversation, NewFeedback, NewMessage
from ledger.schema import (
    alignment_runs,
    completions,
    messages,
    model_versions,
    snapshot_feedback,
    snapshots,
    tombstones,
)
from ledger.schema import conversations as conversations_table
from ledger.schema import feedback as feedback_table
from ledger.schema import users as users_table

Store = Callable[..., Completion]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OF_PEOPLE = (users_table, conversations_table, messages, completions, feedback_table)


@pytest.fixture
def talk(database: Database, stored: Store) -> Callable[[str], tuple[Conversation, Completion, str]]:
    """Makes a conversation with a rated answer and a further question; returns it, the answer and the vote's id."""

    def talk(user: str) -> tuple[Conversation, Completion, str]:
        with database.write() as connection:
            conversation = conversations.create(connection, owner="acme", user=user, title="t")
            asked = conversations.add_message(connection, NewMessage(conversation.id, "acme", user, "Well?"))
        answer = stored(user=user, conversation_id=conversation.id, parent_id=asked.id)
        with database.write() as connection:
            followed = NewMessage(conversation.id, "acme", user, "And?", answer_message_id(answer.id))
            conversations.add_message(connection, followed)
            vote = feedback.add(connection, NewFeedback(answer.id, "acme", user, 1))
        return conversation, answer, vote.id

    return talk


def counts(connection: Connection) -> dict[str, int]:
    return {table.name: count(connection, table) for table in OF_PEOPLE}


def count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def buried(connection: Connection) -> list[tuple[str, str]]:
    return [(kind, name) for kind, name in connection.execute(select(tombstones.c.kind, tombstones.c.id))]


def test_erasing_a_user_leaves_nothing_but_a_tombstone_and_other_users(
    database: Database, stored: Store, talk: Callable[..., Any]
) -> None:
    talk("bob")
    with database.write() as connection:
        before = counts(connection)
        user_id = users.resolve(connection, "acme", "ann").id
    talk("ann")
    alone = stored()
    with database.write() as connection:
        feedback.add(connection, NewFeedback(alone.id, "acme", "ann", -1))
        erase.erase_user(connection, "acme", "ann", now=NOW)
        assert counts(connection) == before
        assert buried(connection) == [("user", user_id)]
        with pytest.raises(NotFound, match="'ann'"):
            erase.erase_user(connection, "acme", "ann")
    database.verify()


def test_a_user_of_the_same_name_elsewhere_is_another_person(database: Database, stored: Store) -> None:
    kept = stored(owner="other")
    stored()
    with database.write() as connection:
        erase.erase_user(connection, "acme", "ann")
        assert connection.execute(select(completions.c.id)).scalars().all() == [kept.id]


def test_erasing_a_conversation_takes_its_messages_completions_and_votes(
    database: Database, stored: Store, talk: Callable[..., Any]
) -> None:
    alone = stored()
    with database.write() as connection:
        before = counts(connection)
    gone, answer, _ = talk("ann")
    with database.write() as connection:
        feedback.add(connection, NewFeedback(alone.id, "acme", "ann", 1, preferred_over=answer.id))
        conversations.delete(connection, gone.id, "acme", "ann")
        assert counts(connection) == before
        assert buried(connection) == [("conversation", gone.id)]
        with pytest.raises(NotFound):
            conversations.get(connection, gone.id, "acme", "ann")
    database.verify()


def test_an_answer_that_comes_after_its_conversation_was_erased_is_not_stored(
    database: Database, stored: Store, talk: Callable[..., Any]
) -> None:
    conversation, answer, _ = talk("ann")
    with database.write() as connection:
        conversations.delete(connection, conversation.id, "acme", "ann")
    with pytest.raises(NotFound):
        stored(conversation_id=conversation.id, parent_id=answer.parent_id)
    with database.read() as connection:
        assert count(connection, completions) == 0


def test_what_was_trained_on_erased_feedback_is_marked_with_its_descendants(
    database: Database, talk: Callable[..., Any]
) -> None:
    _, _, erased_vote = talk("ann")
    _, _, kept_vote = talk("bob")
    with database.write() as connection:
        for name, vote in (("erased", erased_vote), ("kept", kept_vote)):
            snapshot = {
                "id": name,
                "content_sha256": name,
                "path": "/s",
                "filters": {},
                "counts": {},
                "created_at": NOW,
            }
            connection.execute(insert(snapshots).values(snapshot))
            connection.execute(insert(snapshot_feedback).values(snapshot_id=name, feedback_id=vote))
            run = {"id": name, "snapshot_id": name, "stage": "done", "config": {}, "metrics": {}}
            connection.execute(insert(alignment_runs).values(run | {"created_at": NOW, "updated_at": NOW}))
        for number, parent, run_id in ((2, 1, "erased"), (3, 1, "kept"), (4, 2, None), (5, 4, "kept")):
            version = {"number": number, "parent_number": parent, "run_id": run_id, "form": "adapter", "path": "/v"}
            version |= {"sha256": str(number), "state": "candidate", "created_at": NOW}
            connection.execute(insert(model_versions).values(version))
        erase.erase_user(connection, "acme", "ann", now=NOW)
    with database.read() as connection:
        marked = {version.number: version.erased_at for version in versions.list_all(connection)}
        rows = connection.execute(select(snapshots.c.id, snapshots.c.erased_at))
        assert {row.id: row.erased_at for row in rows} == {"erased": NOW, "kept": None}
    assert marked == {1: None, 2: NOW, 3: None, 4: NOW, 5: NOW}
