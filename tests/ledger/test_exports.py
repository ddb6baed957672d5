"""Exports in TRL's formats."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger import conversations, feedback
from ledger.database import Database
from ledger.records import Choice, Completion, NewFeedback, NewMessage

Store = Callable[..., Completion]
PROMPT = [{"role": "user", "content": "What is a ledger?"}]


@pytest.fixture
def give(database: Database) -> Callable[..., None]:
    def give(completion: Completion, value: int, **fields: Any) -> None:
        new = NewFeedback(completion.id, completion.owner, completion.user, value, **fields)
        with database.write() as connection:
            feedback.add(connection, new)

    return give


def says(text: str) -> tuple[Choice, ...]:
    return (Choice(0, text),)


def pair(chosen: str, rejected: str) -> dict[str, Any]:
    return {
        "prompt": PROMPT,
        "chosen": [{"role": "assistant", "content": chosen}],
        "rejected": [{"role": "assistant", "content": rejected}],
    }


def trl(row: dict[str, Any]) -> dict[str, Any]:
    """A row's columns that TRL knows; tests/alignment/test_from_file.py looks at the others."""
    return {name: row[name] for name in ("prompt", "chosen", "rejected", "completion", "label") if name in row}


def pairs(database: Database, **which: Any) -> list[dict[str, Any]]:
    with database.read() as connection:
        return [trl(row) for row in feedback.export_preference(connection, **which)]


def test_a_comparison_becomes_a_pair_in_the_direction_of_its_value(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    a, b, c = stored(choices=says("a")), stored(choices=says("b")), stored(choices=says("c"))
    give(a, 1, preferred_over=b.id)
    give(a, -1, preferred_over=c.id)
    give(b, 1, preferred_over=c.id)
    give(b, 0, preferred_over=c.id)
    assert pairs(database) == [pair("a", "b"), pair("c", "a")]


def test_a_correction_is_chosen_over_the_corrected(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    give(stored(choices=says("wrong")), -1, correction="right")
    assert pairs(database) == [pair("right", "wrong")]


def test_a_correction_that_a_later_vote_replaced_is_left_out(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    answer = stored(choices=says("fine"))
    give(answer, -1, correction="better")
    give(answer, 1)
    assert pairs(database) == []


def test_thumbs_up_and_down_on_regenerated_answers_make_a_pair(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    with database.write() as connection:
        conversation = conversations.create(connection, owner="acme", user="ann")
        asked, other = (
            conversations.add_message(connection, NewMessage(conversation.id, "acme", "ann", text)) for text in "qr"
        )
    under = {"conversation_id": conversation.id, "parent_id": asked.id}
    good, bad, unrated = (stored(choices=says(text), **under) for text in ("good", "bad", "unrated"))
    elsewhere = stored(choices=says("elsewhere"), conversation_id=conversation.id, parent_id=other.id)
    lone = stored(choices=says("lone"))
    for completion, value in ((good, 1), (bad, -1), (elsewhere, -1), (lone, -1)):
        give(completion, value)
    assert pairs(database) == [pair("good", "bad")]
    give(unrated, -1)
    give(bad, 0)
    assert pairs(database) == [pair("good", "unrated")]


def test_siblings_under_different_system_prompts_make_no_pair(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    with database.write() as connection:
        conversation = conversations.create(connection, owner="acme", user="ann")
        asked = conversations.add_message(connection, NewMessage(conversation.id, "acme", "ann", "q"))
    under = {"conversation_id": conversation.id, "parent_id": asked.id}
    give(stored(**under), 1)
    give(stored(messages=[{"role": "system", "content": "Be rude."}, *PROMPT], **under), -1)
    assert pairs(database) == []


def test_thumbs_on_choices_of_one_completion_make_a_pair(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    both = stored(choices=(Choice(0, "bad"), Choice(1, "good")))
    give(both, -1)
    give(both, 1, choice_index=1)
    assert pairs(database) == [pair("good", "bad")]


def test_a_pair_that_was_both_thumbed_and_compared_comes_once(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    both = stored(choices=(Choice(0, "bad"), Choice(1, "good")))
    give(both, -1)
    give(both, 1, choice_index=1)
    give(both, 1, choice_index=1, preferred_over=both.id, preferred_over_choice=0)
    assert pairs(database) == [pair("good", "bad")]


def test_unpaired_has_the_latest_thumbs_and_no_comparisons(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    a, b, c = stored(choices=says("a")), stored(choices=says("b")), stored(choices=says("c"))
    give(a, -1)
    give(a, 1)
    give(b, -1, correction="better")
    give(c, 1)
    give(c, 0)
    give(c, 1, preferred_over=a.id)
    with database.read() as connection:
        rows = [trl(row) for row in feedback.export_unpaired(connection)]
    assert rows == [
        {"prompt": PROMPT, "completion": [{"role": "assistant", "content": "a"}], "label": True},
        {"prompt": PROMPT, "completion": [{"role": "assistant", "content": "b"}], "label": False},
    ]


def test_exports_can_be_limited_to_an_owner(database: Database, stored: Store, give: Callable[..., None]) -> None:
    give(stored(choices=says("mine")), -1, correction="better")
    give(stored(choices=says("theirs"), owner="other"), -1, correction="better")
    assert pairs(database, owner="other") == [pair("better", "theirs")]
    with database.read() as connection:
        (row,) = feedback.export_unpaired(connection, owner="other")
    assert row["completion"][0]["content"] == "theirs"


def test_prompts_that_are_no_conversation_are_left_out_and_tool_calls_kept(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    calls = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    give(stored(messages=[], params={"prompt": "Once"}), 1)
    give(stored(choices=(Choice(0, "", "tool_calls", calls),)), 1)
    with database.read() as connection:
        (row,) = feedback.export_unpaired(connection)
    assert row["completion"] == [{"role": "assistant", "content": "", "tool_calls": calls}]


def test_an_export_of_more_rows_than_a_batch_is_complete(
    database: Database, stored: Store, give: Callable[..., None]
) -> None:
    choices = tuple(Choice(index, str(index)) for index in range(30))
    many = stored(choices=choices)
    for index in range(30):
        give(many, 1 if index < 15 else -1, choice_index=index)
    assert len(pairs(database)) == 15 * 15  # above the batch of 200
