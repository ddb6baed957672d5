"""How a version has answered lately."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ledger import traffic
from ledger.database import Database
from ledger.records import Completion

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_last_answers_give_speed_and_failures(database: Database, stored: Callable[..., Completion]) -> None:
    for number in range(1, 21):
        stored(ttft_ms=float(number), created_at=NOW - number * timedelta(seconds=2))
    stored(ttft_ms=None, usage=None, status="error", created_at=NOW - MINUTE)
    stored(created_at=NOW - 6 * MINUTE)
    with database.read() as connection:
        seen = traffic.recent(connection, 1, NOW - 5 * MINUTE, NOW)
        newest = traffic.recent(connection, 1, NOW - 5 * MINUTE, NOW, limit=10)
        nobody = traffic.recent(connection, 9, NOW - 5 * MINUTE, NOW)
    assert (seen.span_s, seen.answers, seen.errors) == (300, 21, 1)
    assert seen.tokens_per_s == pytest.approx(20 * 4 / 300)
    assert (seen.ttft_ms_p50, seen.ttft_ms_p95) == (10, 19)
    assert (newest.span_s, newest.answers, newest.tokens_per_s) == (20, 10, 2)
    assert (nobody.answers, nobody.tokens_per_s, nobody.ttft_ms_p50) == (0, 0, None)
