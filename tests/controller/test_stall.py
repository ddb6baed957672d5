"""The stall detector: what counts as life, what explains silence, and when an engine hangs."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server.controller.stall import Patience, StallDetector, Tick

PATIENCE = Patience(silent_s=30, busy_s=120, starved_s=300)


def watched(seconds: float, *, every_s: float = 1, asked_at: float | None = None, **seen: Any) -> StallDetector:
    """A detector that has seen nothing of an engine but `seen` for so long; asked when it says so, if not told when."""
    detector = StallDetector(PATIENCE, looked_at=0)
    pass_time(detector, seconds, every_s=every_s, asked_at=asked_at, **seen)
    return detector


def pass_time(
    detector: StallDetector, seconds: float, *, every_s: float = 1, asked_at: float | None = None, **seen: Any
) -> None:
    began = detector.looked_at
    while detector.looked_at - began < seconds:
        if detector.probe_due if asked_at is None else detector.looked_at >= asked_at:
            detector.asked()
        detector.ticked(Tick(detector.looked_at + every_s, **seen))


def test_an_idle_engine_that_was_not_asked_does_not_hang() -> None:
    assert watched(10_000, every_s=100, asked_at=1e9).hangs is None


def test_a_probe_is_due_after_a_third_of_the_bound_without_progress() -> None:
    assert not watched(9, asked_at=1e9).probe_due
    detector = watched(10, asked_at=1e9)
    assert detector.probe_due
    detector.asked()
    assert not detector.probe_due


def test_an_engine_that_was_asked_and_shows_nothing_hangs_after_the_bound() -> None:
    assert watched(29).hangs is None
    assert watched(30).hangs == "silent"


def test_moving_token_counters_are_life_even_if_the_probe_waits() -> None:
    detector = StallDetector(PATIENCE, looked_at=0)
    detector.saw_tokens(0)
    for now in range(1, 300):
        pass_time(detector, 1)
        detector.saw_tokens(now // 20)
        assert detector.hangs is None


def test_the_first_look_at_the_counters_is_no_progress() -> None:
    detector = watched(29)
    detector.saw_tokens(500)
    pass_time(detector, 1)
    assert detector.hangs == "silent"


def test_an_answered_probe_is_life() -> None:
    detector = watched(25)
    detector.answered()
    pass_time(detector, 9)
    assert not detector.waiting
    pass_time(detector, 20)
    assert detector.hangs is None


def test_an_engine_that_was_asked_late_gets_time_to_answer() -> None:
    assert watched(1009, asked_at=1000).hangs is None
    assert watched(1010, asked_at=1000).hangs == "silent"


def test_time_in_which_the_machine_stood_still_is_no_evidence() -> None:
    """Ten minutes of it, in which the engine answers now and then, though far too slowly for a healthy machine."""
    detector = StallDetector(PATIENCE, looked_at=0)
    for _ in range(3):
        pass_time(detector, 200, starved=True)
        assert detector.hangs is None
        detector.answered()


def test_late_looks_are_no_evidence() -> None:
    assert watched(297, every_s=9, late_s=9).hangs is None


def test_a_stopped_engine_is_found_though_cores_are_so_short_that_each_look_is_late() -> None:
    assert watched(60, every_s=3.5, late_s=1.5).hangs == "silent"


def test_an_engine_that_queues_for_cores_is_given_time_though_each_look_is_late() -> None:
    assert watched(119, every_s=3.5, late_s=1.5, busy=True).hangs is None


def test_a_silent_engine_is_replaced_after_five_minutes_in_which_the_machine_stood_still() -> None:
    assert watched(299, starved=True).hangs is None
    assert watched(300, starved=True).hangs == "starved"


def test_a_silent_engine_is_found_soon_after_the_machine_recovers() -> None:
    detector = watched(240, starved=True)
    pass_time(detector, 19)
    assert detector.hangs is None  # two thirds of the bound are its own
    pass_time(detector, 1)
    assert detector.hangs == "silent"


def test_a_moment_of_pressure_does_not_shorten_the_bound() -> None:
    detector = watched(5, starved=True)
    pass_time(detector, 24)
    assert detector.hangs is None


def test_an_engine_that_computes_is_given_longer() -> None:
    assert watched(119, busy=True).hangs is None
    assert watched(120, busy=True).hangs == "busy"


def test_what_computes_and_then_answers_has_lost_nothing() -> None:
    detector = watched(100, busy=True)
    detector.answered()
    pass_time(detector, 29)
    assert detector.hangs is None
    assert detector.excused_s == 0


@given(st.lists(st.floats(0.1, 9), min_size=1, max_size=60))
def test_an_engine_that_progresses_often_enough_never_hangs(gaps: list[float]) -> None:
    detector = StallDetector(PATIENCE, looked_at=0)
    for tokens, gap in enumerate(gaps):
        detector.asked()
        detector.ticked(Tick(detector.looked_at + gap))
        assert detector.hangs is None
        detector.saw_tokens(tokens)
        detector.answered()


@given(st.lists(st.tuples(st.floats(0.1, 9), st.booleans(), st.booleans()), max_size=300))
def test_a_silent_engine_never_outlives_the_sum_of_the_bounds(ticks: list[tuple[float, bool, bool]]) -> None:
    detector = StallDetector(PATIENCE, looked_at=0)
    detector.asked()
    for gap, starved, busy in ticks:
        detector.ticked(Tick(detector.looked_at + gap, starved=starved, busy=busy))
        if detector.hangs is None:
            assert detector.looked_at < PATIENCE.silent_s + PATIENCE.busy_s + PATIENCE.starved_s
