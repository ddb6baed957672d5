"""The stall detector: what counts as life, and when an engine hangs."""

from hypothesis import given
from hypothesis import strategies as st

from server.controller.stall import StallDetector


def test_an_idle_engine_that_was_not_asked_does_not_hang() -> None:
    detector = StallDetector(30, progress_at=0)
    assert not detector.stalled(10_000)


def test_a_probe_is_due_after_a_third_of_the_timeout_without_progress() -> None:
    detector = StallDetector(30, progress_at=0)
    assert not detector.probe_due(9.9)
    assert detector.probe_due(10)
    detector.asked(10)
    assert not detector.probe_due(20)


def test_an_engine_that_was_asked_and_shows_nothing_hangs_after_the_timeout() -> None:
    detector = StallDetector(30, progress_at=0)
    detector.asked(10)
    assert not detector.stalled(29.9)
    assert detector.stalled(30)


def test_moving_token_counters_are_life_even_if_the_probe_waits() -> None:
    detector = StallDetector(30, progress_at=0)
    detector.saw_tokens(0, 0)
    for now in range(1, 300):
        if detector.probe_due(now):
            detector.asked(now)
        detector.saw_tokens(now // 20, now)
        assert not detector.stalled(now)


def test_the_first_look_at_the_counters_is_no_progress() -> None:
    detector = StallDetector(30, progress_at=0)
    detector.asked(10)
    detector.saw_tokens(500, 29)
    assert detector.stalled(30)


def test_an_answered_probe_is_life() -> None:
    detector = StallDetector(30, progress_at=0)
    detector.asked(10)
    detector.answered(25)
    assert not detector.stalled(60)
    assert detector.probe_due(35)


def test_a_watcher_that_was_held_up_gives_the_engine_time_to_answer() -> None:
    detector = StallDetector(30, progress_at=0)
    detector.asked(1000)
    assert not detector.stalled(1000)
    assert not detector.stalled(1009.9)
    assert detector.stalled(1010)


@given(st.lists(st.floats(0.1, 9), min_size=1, max_size=60))
def test_an_engine_that_progresses_often_enough_never_hangs(gaps: list[float]) -> None:
    detector, now = StallDetector(30, progress_at=0), 0.0
    for tokens, gap in enumerate(gaps):
        now += gap
        detector.asked(now)
        assert not detector.stalled(now)
        detector.saw_tokens(tokens, now)
        detector.answered(now)
