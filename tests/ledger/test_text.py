"""Whatever people and models write is stored, on both databases, and comes back."""

import string
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import completions, conversations, feedback
from ledger.column_types import storable_json, storable_text
from ledger.database import Database
from ledger.errors import NotFound
from ledger.records import Choice, Completion, NewFeedback, NewMessage

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    [
        "\x00",
        "a\x00b",
        "\ud800",
        "\udfff\ud800",
        "👩‍👩‍👧‍👦 🏴‍☠️",
        "\u202eright to left",
        "\ufeff",
        "é vs e\u0301",
        "' \" \\ % _ ;--",
        "\r\n",
    ]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
few = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def clean(text: str) -> str:
    """What a text must come back as, written down by another rule than the ledger's."""
    return "".join("\ufffd" if ord(c) == 0 or 0xD800 <= ord(c) <= 0xDFFF else c for c in text)


@few
@given(text=ANY_TEXT)
def test_every_text_of_a_model_is_stored(database: Database, answer: Callable[..., Completion], text: str) -> None:
    new = answer(choices=(Choice(0, text),), error=text, status="error")
    with database.write() as connection:
        completions.insert(connection, new)
        vote = NewFeedback(new.id, "acme", "ann", 1, reasons=(text,), comment=text, correction=text)
        row = feedback.add(connection, vote)
        back = completions.get(connection, new.id, "acme", "ann")
    assert back.choices[0].text == back.error == clean(text)
    assert (row.comment, row.correction, row.reasons) == (clean(text), clean(text), (clean(text),))


@few
@given(text=ANY_TEXT)
def test_every_text_of_a_person_is_stored_and_found(database: Database, text: str) -> None:
    user = uuid4().hex
    with database.write() as connection:
        made = conversations.create(connection, owner=text, user=user, title=text, settings={text: text})
        conversations.add_message(connection, NewMessage(made.id, text, user, text, client_id=text))
        tree = conversations.get(connection, made.id, clean(text), user)
        page = conversations.search(connection, owner=clean(text), user=user, query=text)
    assert tree.conversation.title == tree.messages[0].content == clean(text)
    assert tree.conversation.settings == {clean(text): clean(text)}
    assert [conversation.id for conversation in page.items] == [made.id]


@few
@given(value=ANY_JSON)
def test_every_json_value_is_stored(database: Database, answer: Callable[..., Completion], value: Any) -> None:
    new = answer(params={"value": value}, messages=[{"role": "user", "content": value}])
    with database.write() as connection:
        completions.insert(connection, new)
        back = completions.get(connection, new.id, "acme", "ann")
    assert back.params == {"value": storable_json(value)}
    assert back.messages == [{"role": "user", "content": storable_json(value)}]


@few
@given(text=ANY_TEXT)
def test_any_text_can_be_asked_for_as_an_id(database: Database, text: str) -> None:
    with database.write() as connection:
        for ask in (completions.get, conversations.get, completions.delete, conversations.delete):
            with pytest.raises(NotFound):
                ask(connection, text, text, text)
        with pytest.raises(NotFound):
            feedback.add(connection, NewFeedback(text, text, text, 1, preferred_over=text, idempotency_key=text))
        with pytest.raises(NotFound):
            conversations.shared(connection, text)


def test_json_numbers_that_nobody_can_read_are_stored_as_near_as_possible() -> None:
    assert storable_json([float("nan"), float("-inf"), 10**4000, 2**64, 2**64 - 1, -(2**63), True]) == [
        None,
        None,
        None,
        2.0**64,
        2**64 - 1,
        -(2**63),
        True,
    ]


def test_plain_text_is_left_alone() -> None:
    assert storable_text(string.printable + "\U0001f600") == string.printable + "\U0001f600"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))),
    ],
)
def test_a_time_of_any_zone_comes_back_in_utc(
    database: Database, answer: Callable[..., Completion], moment: datetime
) -> None:
    new = replace(answer(), created_at=moment)
    with database.write() as connection:
        completions.insert(connection, new)
        back = completions.get(connection, new.id, "acme", "ann").created_at
    assert back.tzinfo is UTC
    assert back == moment or moment.year in (1, 9999)  # the ends of the calendar have no UTC


def test_a_time_without_a_zone_is_refused(database: Database, answer: Callable[..., Completion]) -> None:
    with pytest.raises(Exception, match="has no time zone"), database.write() as connection:
        completions.insert(connection, answer(created_at=datetime(2026, 1, 1)))
