"""The rows that a canary is judged by: each person once, as they first said it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from ledger import feedback, trials
from ledger.database import Database
from ledger.records import Completion, NewFeedback
from ledger.schema import feedback as feedback_rows
from ledger.schema import model_versions, users
from ledger.trials import FirstThumb, Trial, VoteWindow

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
TRIAL = Trial(live=1, canary=2, since=BEGAN)
HOUR = 3600.0

Vote = Callable[..., Completion]


@pytest.fixture
def vote(database: Database, stored: Callable[..., Completion]) -> Vote:
    """Stores an answer and a thumb on it; v1 is live and v2 the canary, v3 another."""
    with database.write() as connection:
        for number in (2, 3):
            row = {"number": number, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": str(number)}
            connection.execute(insert(model_versions).values(row | {"state": "passed", "created_at": BEGAN}))

    def give(user: str, value: int, after: float = 0.0, **fields: object) -> Completion:
        more = {"route": "canary" if fields.get("model_version") == 2 else "live", "created_at": BEGAN} | fields
        completion = stored(user=user, **more)
        if value:
            again(database, completion, value, after)
        return completion

    return give


def again(database: Database, completion: Completion, value: int, after: float = 0.0) -> None:
    """Votes so many seconds after the answer was asked for."""
    with database.write() as connection:
        given = feedback.add(connection, NewFeedback(completion.id, "acme", completion.user, value))
        at = completion.created_at + timedelta(seconds=after)
        connection.execute(update(feedback_rows).where(feedback_rows.c.id == given.id).values(created_at=at))


def seconds(count: float) -> datetime:
    return BEGAN + timedelta(seconds=count)


def thumbs(database: Database, at: float = 2 * HOUR) -> list[FirstThumb]:
    """What is looked at so many seconds after the trial began, where thumbs within an hour count."""
    with database.read() as connection:
        return trials.first_thumbs(connection, TRIAL, VoteWindow(HOUR, seconds(at)))


def test_each_person_counts_once_with_the_first_thumb_in_the_order_of_answers(database: Database, vote: Vote) -> None:
    first = vote("ann", 1)
    vote("bob", -1, model_version=2, created_at=seconds(1))
    vote("ann", -1, created_at=seconds(2))
    vote("ann", -1, model_version=2, created_at=seconds(3))  # moved to the canary meanwhile
    again(database, first, -1)
    again(database, first, 0)
    vote("cem", 1, model_version=2, created_at=seconds(4))
    assert thumbs(database) == [FirstThumb(1, 1), FirstThumb(2, -1), FirstThumb(2, 1)]


def test_thumbs_count_that_come_in_time_in_the_order_of_answers_once_that_time_is_over(
    database: Database, vote: Vote
) -> None:
    vote("late", 1, after=HOUR + 1)
    vote("slow", 1, after=HOUR - 1)
    vote("quick", -1, model_version=2, created_at=seconds(60))
    assert thumbs(database, at=HOUR) == []
    assert thumbs(database, at=HOUR + 30) == [FirstThumb(1, 1)]
    assert thumbs(database, at=HOUR + 90) == [FirstThumb(1, 1), FirstThumb(2, -1)]


def test_of_established_raters_the_first_answer_is_rated_or_not(database: Database, vote: Vote) -> None:
    vote("ann", 0)
    vote("ann", 1, created_at=seconds(1))
    vote("bob", -1, model_version=2, created_at=seconds(2))
    vote("late", 1, after=HOUR + 1, created_at=seconds(3))
    vote("slow", 0, created_at=seconds(4), duration_ms=1000 * HOUR + 1)
    vote("new", 1, created_at=seconds(5))
    with database.write() as connection:
        known = users.c.external_id != "new"
        connection.execute(update(users).where(known).values(created_at=BEGAN - timedelta(days=1)))
        window = VoteWindow(HOUR, seconds(2 * HOUR))
        found = trials.first_answers_rated(connection, TRIAL, window, BEGAN - timedelta(hours=1))
        nothing_yet = VoteWindow(HOUR, seconds(HOUR))
        assert trials.first_answers_rated(connection, TRIAL, nothing_yet, BEGAN) == []
    assert [(one.version, one.rated) for one in found] == [(1, False), (2, True), (1, False)]


def test_a_canary_has_traffic_from_its_first_answer_on(database: Database, vote: Vote) -> None:
    def began() -> datetime | None:
        with database.read() as connection:
            return trials.first_answered(connection, TRIAL)

    vote("ann", 1)
    vote("bob", 1, model_version=2, route="pinned")
    vote("bob", 1, model_version=2, created_at=BEGAN - timedelta(seconds=1))
    assert began() is None
    for minutes in (9, 7):
        vote("cem", 1, model_version=2, created_at=BEGAN + timedelta(minutes=minutes))
    assert began() == BEGAN + timedelta(minutes=7)


def test_what_was_pinned_or_is_older_or_is_of_another_version_does_not_count(database: Database, vote: Vote) -> None:
    vote("ann", 1, route="pinned")
    vote("bob", 1, model_version=3)
    vote("cem", 1, created_at=BEGAN - timedelta(seconds=1))
    assert thumbs(database) == []
    with database.read() as connection:
        assert trials.largest_shares(connection, TRIAL) == {}
        assert trials.first_answers(connection, TRIAL, BEGAN + timedelta(hours=1)) == []


def test_the_largest_share_counts_every_thumb(database: Database, vote: Vote) -> None:
    for user in ("ann", "ann", "ann", "bob"):
        vote(user, 1)
    vote("cem", -1, model_version=2)
    with database.read() as connection:
        assert trials.largest_shares(connection, TRIAL) == {1: 0.75, 2: 1.0}


def test_of_each_user_the_first_answer_is_looked_at(database: Database, vote: Vote) -> None:
    vote("ann", 1, status="error", created_at=BEGAN + timedelta(seconds=2))
    vote("ann", 1, created_at=BEGAN + timedelta(seconds=3))
    vote("bob", 1, model_version=2, ttft_ms=7.0, created_at=BEGAN + timedelta(seconds=1))
    with database.read() as connection:
        found = trials.first_answers(connection, TRIAL, BEGAN + timedelta(seconds=3))
        assert trials.first_answers(connection, TRIAL, BEGAN + timedelta(seconds=1)) == []
    assert [(one.version, one.status, one.ttft_ms) for one in found] == [(2, "complete", 7.0), (1, "error", 12.5)]
    assert found[0].usage == {"prompt_tokens": 5, "completion_tokens": 4}
    assert found[0].text == "A book of accounts."


def test_what_is_usual_is_taken_from_the_live_version_before_the_trial(database: Database, vote: Vote) -> None:
    for minutes, ttft_ms in ((3, 30.0), (2, 20.0), (1, 10.0)):
        vote("ann", 1, ttft_ms=ttft_ms, created_at=BEGAN - timedelta(minutes=minutes))
    vote("bob", 1, ttft_ms=99.0)
    vote("cem", 1, ttft_ms=99.0, route="pinned", created_at=BEGAN - timedelta(minutes=1))
    with database.read() as connection:
        found = trials.answers_before(connection, TRIAL, limit=2)
    assert [answer.ttft_ms for answer in found] == [10.0, 20.0]
