"""Users who count as one rater, and raters who are established."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from ledger import deployments, feedback, keys, ratings, trials, users, vote_statistics, votes
from ledger.clock import utc_now
from ledger.database import Database
from ledger.deployments import Change
from ledger.records import ApiKey, Completion, NewFeedback
from ledger.rubric import ASPECTS
from ledger.schema import model_versions
from ledger.schema import users as users_table
from ledger.trials import Trial, VoteWindow

Store = Callable[..., Completion]

DAY_S = 86_400.0
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TRIAL = Trial(live=1, canary=2, since=NOW)
BEFORE = trials.known_before(TRIAL, DAY_S)
AT_ANY_TIME = VoteWindow(1e9, NOW + timedelta(seconds=2e9))


@pytest.fixture
def vote(database: Database, stored: Store) -> Callable[..., Completion]:
    """Stores an answer of v1 and a thumb on it; `known` is when the user's row was made."""

    def give(user: str, value: int, *, known: datetime = NOW, **fields: object) -> Completion:
        completion = stored(user=user, **{"created_at": NOW} | fields)
        with database.write() as connection:
            mine = users_table.c.external_id == user
            connection.execute(update(users_table).where(mine).values(created_at=known))
            feedback.add(connection, NewFeedback(completion.id, "acme", user, value))
        return completion

    return give


def test_users_who_count_as_the_same_are_one_rater_in_all_that_learns_and_counts(
    database: Database, vote: Callable[..., Completion]
) -> None:
    for number in range(5):
        vote(f"browser-{number}", 1, counts_as="browser")
    vote("ann", 1)
    vote("bob", -1, counts_as="bob")
    with database.read() as connection:
        raters = [row.rater for row in votes.ratings(connection)]
        assert len(raters) == 7 and len(set(raters)) == 3
        assert len(trials.first_thumbs(connection, TRIAL, AT_ANY_TIME)) == 3
        assert trials.largest_shares(connection, TRIAL) == {1: 5 / 7}
        assert len(trials.first_answers(connection, TRIAL, NOW + timedelta(hours=1))) == 3
        assert vote_statistics.votes_since(connection, NOW - timedelta(days=1)).raters == {1: 3}
    with database.write() as connection:
        assert users.resolve(connection, "acme", "ann").counts_as is None
        assert users.resolve(connection, "acme", "bob").counts_as is None


def test_pairs_of_answers_have_the_rater_that_their_user_counts_as(database: Database, stored: Store) -> None:
    for number in range(3):
        user = f"browser-{number}"
        better, worse = (stored(user=user, counts_as="browser") for _ in range(2))
        with database.write() as connection:
            feedback.add(connection, NewFeedback(better.id, "acme", user, 1, preferred_over=worse.id))
    with database.read() as connection:
        assert len({pair.rater for pair in votes.pairs(connection)}) == 1


def test_what_a_user_counts_as_is_said_with_their_first_row_and_is_of_their_owner_only(database: Database) -> None:
    with database.write() as connection:
        first = users.resolve(connection, "acme", "ann", counts_as="group")
        assert users.resolve(connection, "acme", "ann", counts_as="another") == first
        assert users.resolve(connection, "acme", "ann") == first
        assert users.resolve(connection, "acme", "bob", counts_as="group").counts_as == first.counts_as
        other = users.resolve(connection, "globex", "ann", counts_as="group")
    assert first.counts_as is not None and first.counts_as.startswith("rater_")
    assert "group" not in first.counts_as
    assert other.counts_as not in (None, first.counts_as)


def test_blind_ratings_are_by_the_raters_that_their_users_count_as(database: Database, key: ApiKey) -> None:
    with database.write() as connection:
        ratings.begin_study(connection, [ratings.Answered(0, (), "Yes.", 1)], seed=0)
        item = ratings.next_item(connection, "acme", "ann")
        assert item is not None
        for user in ("one", "two"):
            ratings.rate(connection, item.id, "acme", user, dict.fromkeys(ASPECTS, 3), counts_as="group")
    with database.read() as connection:
        assert len({row.rater for row in ratings.all_rated(connection)}) == 1


def test_established_is_who_was_known_long_enough_before_the_trial(
    database: Database, vote: Callable[..., Completion]
) -> None:
    vote("old", 1, known=BEFORE)
    vote("just before", 1, known=BEFORE + timedelta(seconds=1))
    vote("new", -1, known=NOW)
    with database.read() as connection:
        assert len(trials.first_thumbs(connection, TRIAL, AT_ANY_TIME)) == 3
        assert [thumb.value for thumb in trials.first_thumbs(connection, TRIAL, AT_ANY_TIME, BEFORE)] == [1]
        assert trials.largest_shares(connection, TRIAL, BEFORE) == {1: 1.0}


def test_established_is_who_votes_with_a_key_of_their_own_or_is_vouched_for(
    database: Database, vote: Callable[..., Completion]
) -> None:
    with database.write() as connection:
        vouching, _ = keys.create(connection, name="vouching", owner="acme", scopes=("inference", "feedback", "vouch"))
    vote("", 1)
    vote("", 1)
    vote("ann", 1, key_id=vouching.id)
    vote("bob", 1, key_id=vouching.id)
    vote("named by a key that does not vouch", -1)
    with database.read() as connection:
        found = trials.first_thumbs(connection, TRIAL, AT_ANY_TIME, BEFORE)
    assert [thumb.value for thumb in found] == [1, 1, 1]


def test_users_who_share_a_rater_are_established_one_by_one_and_count_once(
    database: Database, vote: Callable[..., Completion]
) -> None:
    vote("browser-new", -1, counts_as="browser")
    vote("browser-old", 1, counts_as="browser", known=BEFORE)
    later = NOW + timedelta(seconds=1)
    vote("browser-older", -1, counts_as="browser", known=BEFORE - timedelta(days=1), created_at=later)
    with database.read() as connection:
        assert [thumb.value for thumb in trials.first_thumbs(connection, TRIAL, AT_ANY_TIME, BEFORE)] == [1]


def test_established_raters_are_counted_as_of_the_trials_beginning(
    database: Database, vote: Callable[..., Completion]
) -> None:
    vote("old", 1, known=utc_now() - timedelta(days=2))
    vote("new", 1, known=utc_now() - timedelta(hours=2))
    with database.write() as connection:
        assert trials.count_established(connection, DAY_S) == 1
        assert trials.count_established(connection, 3600) == 2
        row = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "2", "state": "passed"}
        connection.execute(insert(model_versions).values(row | {"created_at": NOW}))
        deployments.set_live(connection, 1, Change("op", "first"))
        deployments.start_canary(connection, 2, 0.5, Change("op", "try it"))
        assert trials.count_established(connection, 3600) == 2
        assert trials.count_established(connection, 3 * DAY_S) == 0
