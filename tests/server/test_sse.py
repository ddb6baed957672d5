"""Events as bytes: cut anywhere, they come out whole, and the last ones wait."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.sse import EventGate, data_of_events, end_of_events

HELD = (b"data: [DONE]",)
STREAM = (
    b'data: {"id":"a","choices":[{"delta":{"content":"data: [DONE]"}}]}\n\n'
    b'data: {"id":"a","choices":[],"usage":{}}\n\n'
    b"data: [DONE]\n\n"
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_however_the_stream_is_cut_only_whole_events_pass_and_the_last_is_held(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    gate = EventGate(HELD)
    passed = [gate.feed(STREAM[a:b]) for a, b in pairwise(edges)]
    assert all(piece == b"" or piece.endswith(b"\n\n") for piece in passed)
    assert b"".join(passed) + gate.held() == STREAM
    assert gate.held() == b"data: [DONE]\n\n"


def test_text_that_looks_like_the_end_does_not_hold_the_stream() -> None:
    gate = EventGate(HELD)
    event = b'data: {"choices":[{"delta":{"content":"data: [DONE]"}}]}\n\n'
    assert gate.feed(event) == event
    assert gate.feed(event) == event


def test_an_event_that_never_ends_is_not_passed() -> None:
    gate = EventGate(HELD)
    assert gate.feed(b'data: {"a":1}\n\ndata: {"b"') == b'data: {"a":1}\n\n'
    assert gate.held() == b'data: {"b"'


def test_streams_with_carriage_returns_pass_too() -> None:
    gate = EventGate(HELD)
    assert gate.feed(b"data: 1\r\n\r\n") == b"data: 1\r\n\r\n"
    assert gate.feed(b"data: 2\r\n\r\ndata: 3") == b"data: 2\r\n\r\n"
    assert gate.feed(b"\r\n\r\n") == b"data: 3\r\n\r\n"


def test_data_lines_of_an_event_are_joined_and_other_fields_passed_over() -> None:
    raw = b"event: x\ndata: 1\ndata:2\n\n: comment\n\ndata: 3\n\n"
    assert list(data_of_events(raw)) == [b"1\n2", b"3"]


def test_the_end_of_the_last_whole_event_is_found_whatever_the_blank_lines_are() -> None:
    assert end_of_events(b"data: 1\n\ndata: 2\r\n\r\ndata: 3") == len(b"data: 1\n\ndata: 2\r\n\r\n")
    assert end_of_events(b"data: 1\r\n\r\ndata: 2\n\ndata: 3\n") == len(b"data: 1\r\n\r\ndata: 2\n\n")
    assert end_of_events(b"data: 1") == 0
