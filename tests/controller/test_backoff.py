"""How long to wait before a restart."""

from server.controller.backoff import Backoff


def test_waits_double_up_to_the_limit() -> None:
    backoff = Backoff(first_s=1, limit_s=10)
    assert [backoff.failed(0) for _ in range(6)] == [1, 2, 4, 8, 10, 10]


def test_something_that_ran_for_a_while_starts_again_at_once() -> None:
    backoff = Backoff(first_s=1, limit_s=10, stable_s=60)
    for _ in range(5):
        backoff.failed(3)
    assert backoff.failed(61) == 1
    assert backoff.failed(1) == 2


def test_a_thousand_failures_wait_no_longer_than_the_limit() -> None:
    backoff = Backoff(limit_s=60)
    assert max(backoff.failed(0) for _ in range(1000)) == 60
