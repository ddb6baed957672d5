"""Erasing: rows go, tombstones stay, what was trained on them is marked."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from ledger import completions as completions_module
from ledger import conversations, erase, feedback, runs, users, vacuums, versions
from ledger import snapshots as snapshots_module
from ledger.database import Database
from ledger.errors import Erased, NotFound
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
        assert not erase.erase_user(connection, "acme", "ann")
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


def test_an_answer_asked_for_before_the_erasing_is_not_stored_and_one_after_it_is(
    database: Database, answer: Store
) -> None:
    asked, named = answer(), answer(user="no one yet")
    with database.write() as connection:
        completions_module.insert(connection, answer())
        assert erase.erase_user(connection, "acme", "ann")
        assert not erase.erase_user(connection, "acme", "no one yet")
    with database.write() as connection:
        assert not completions_module.insert_unless_erased(connection, asked)
        assert not completions_module.insert_unless_erased(connection, named)
        assert count(connection, users_table) == count(connection, completions) == 0
        assert completions_module.insert_unless_erased(connection, answer())


def test_the_reason_of_a_failed_run_stays_only_where_it_can_quote_nobody(
    database: Database, talk: Callable[..., Any]
) -> None:
    _, _, vote = talk("ann")
    reasons = {
        "counts": "Too little feedback to learn from: there are 3 thumbs up to train on.",
        "quotes": "ValueError: 'my name is Ann. Too little feedback to learn from: there are none'",
        "fine": None,
    }
    with database.write() as connection:
        snapshot = {"id": "s", "content_sha256": "s", "path": "/s", "filters": {}, "counts": {}, "created_at": NOW}
        connection.execute(insert(snapshots).values(snapshot))
        connection.execute(insert(snapshot_feedback).values(snapshot_id="s", feedback_id=vote))
        for name, reason in reasons.items():
            run = {"id": name, "snapshot_id": "s", "stage": "snapshot", "config": {}, "metrics": {}, "error": reason}
            connection.execute(insert(alignment_runs).values(run | {"created_at": NOW, "updated_at": NOW}))
        erase.erase_user(connection, "acme", "ann", now=NOW)
    with database.read() as connection:
        left = {run.id: run.error for run in runs.latest(connection)}
    assert left == reasons | {"quotes": "It failed. The reason was removed when a person was erased."}


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_an_erasing_waits_for_a_first_answer_that_is_being_stored(database: Database, answer: Store) -> None:
    """Two gateways at once: whoever commits first, the answer is gone."""
    erased = threading.Event()

    def erase_meanwhile() -> None:
        with database.write() as connection:
            assert erase.erase_user(connection, "acme", "ann")
        erased.set()

    with database.write() as connection:
        completions_module.insert(connection, answer())  # not committed yet, so nobody else sees it
        thread = threading.Thread(target=erase_meanwhile)
        thread.start()
        assert not erased.wait(0.3), "it waits"
    thread.join(10)
    with database.read() as connection:
        assert count(connection, completions) == count(connection, users_table) == 0


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_an_answer_waits_for_the_erasing_of_its_user(database: Database, answer: Store) -> None:
    asked, stored = answer(), []

    def store_meanwhile() -> None:
        with database.write() as connection:
            stored.append(completions_module.insert_unless_erased(connection, asked))

    with database.write() as connection:
        assert not erase.erase_user(connection, "acme", "ann")
        thread = threading.Thread(target=store_meanwhile)
        thread.start()
        time.sleep(0.3)
    thread.join(10)
    with database.read() as connection:
        assert stored == [False] and count(connection, users_table) == 0


def test_a_snapshot_of_feedback_that_was_erased_meanwhile_is_not_entered(
    database: Database, talk: Callable[..., Any]
) -> None:
    _, _, vote = talk("ann")
    with database.write() as connection:
        erase.erase_user(connection, "acme", "ann")
    with pytest.raises(Erased), database.write() as connection:
        snapshots_module.add(connection, content_sha256="a" * 64, path="/s", filters={}, counts={}, feedback_ids=[vote])


def test_an_erased_answer_without_a_vote_marks_the_snapshot_of_its_liked_sibling(
    database: Database, stored: Store, talk: Callable[..., Any]
) -> None:
    conversation, liked, vote = talk("ann")
    passed_over = stored(user="ann", conversation_id=conversation.id, parent_id=liked.parent_id)
    with database.write() as connection:
        row = snapshots_module.add(
            connection, content_sha256="a" * 64, path="/s", filters={}, counts={}, feedback_ids=[vote]
        )
        erase.erase_completion(connection, passed_over.id)
        assert [snapshot.id for snapshot in snapshots_module.erased(connection)] == [row.id]


def test_errors_of_the_database_do_not_repeat_what_people_wrote(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised, database.write() as connection:
        row = {"id": "x", "owner": "Marmeladenbaum", "external_id": "a", "created_at": NOW}
        connection.execute(insert(users_table), [row, row | {"owner": "Marmeladenbaum"}])
    assert "Marmeladenbaum" not in str(raised.value).split("DETAIL")[0]


def test_rewriting_removes_what_secure_delete_leaves(ledger_path: Path) -> None:
    draw, mark = Random(2), "Marmeladenbaum"  # a history of which secure_delete alone leaves bytes
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    with database.write() as connection:
        connection.exec_driver_sql("create table notes (id text primary key, who text, words text)")
        connection.exec_driver_sql("create index who on notes (who, words)")
    for _ in range(30):
        with database.write() as connection:
            for _ in range(60):
                mine = draw.random() < 0.3
                words = (mark if mine else "other") * draw.randint(1, draw.choice((30, 300)))
                row = (str(draw.random()), mark if mine else "x", words[:3000])
                connection.exec_driver_sql("insert into notes values (?, ?, ?)", row)
            connection.exec_driver_sql("delete from notes where id in (select id from notes where who = 'x' limit 20)")
    with database.write() as connection:
        connection.exec_driver_sql("delete from notes where who = ?", (mark,))
        vacuums.request(connection, NOW)
    vacuums.fulfil(database)
    database.close()
    assert mark.encode() not in ledger_path.read_bytes()
    log = Path(f"{ledger_path}-wal")
    assert not log.exists() or mark.encode() not in log.read_bytes()
