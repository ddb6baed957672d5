"""Votes counted by day, version and reason."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from ledger import feedback
from ledger.database import Database
from ledger.records import Completion, NewFeedback
from ledger.vote_statistics import VoteCount, votes_since

MONDAY = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(seconds=1)


def test_votes_that_hold_are_counted_by_day_version_and_reasons(
    database: Database, stored: Callable[..., Completion]
) -> None:
    mine, other, unknown = stored(), stored(user="bob"), stored(user="bob", model_version=None)

    def vote(completion: Completion, value: int, at: datetime, *reasons: str, **more: object) -> None:
        new = NewFeedback(completion.id, "acme", completion.user, value, reasons=reasons, created_at=at, **more)  # type: ignore[arg-type]
        with database.write() as connection:
            feedback.add(connection, new)

    vote(stored(), 1, MONDAY - timedelta(days=1))  # before what is asked for
    vote(mine, -1, MONDAY)  # replaced by the next
    vote(mine, 1, MONDAY, "kind", "clär")
    vote(other, 1, MONDAY, "kind", "clär")
    vote(unknown, -1, TUESDAY, correction="Better.")
    vote(stored(), 1, TUESDAY)
    vote(taken_back := stored(), 1, TUESDAY)
    vote(taken_back, 0, TUESDAY)
    vote(mine, 1, TUESDAY, preferred_over=stored().id)
    with database.read() as connection:
        votes = votes_since(connection, MONDAY)
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)
    assert set(votes.counts) == {
        VoteCount(monday, 1, "thumb", 1, ("kind", "clär"), 2),
        VoteCount(tuesday, None, "correction", -1, (), 1),
        VoteCount(tuesday, 1, "thumb", 1, (), 1),
        VoteCount(tuesday, 1, "comparison", 1, (), 1),
    }
    assert [counted.day for counted in votes.counts] == [monday, tuesday, tuesday, tuesday]
    assert votes.raters == {1: 2, None: 1}
