"""What is read from an engine's bytes, whole, cut anywhere, and broken."""

import json
from typing import Any

import pytest

from server import transcript as module
from server.transcript import ChatTranscript, ResponseTranscript, TextTranscript, Transcript
from tests import fake_wire as wire

HEAD = wire.Head("chatcmpl-1", 0, "attune@v1")
ANSWERS = [wire.Answer(0, ("one ", "two"), "stop"), wire.Answer(1, ("three",), "length")]


def chat_stream() -> bytes:
    chunks = [wire.chat_role_chunk(HEAD, answer.index) for answer in ANSWERS]
    for answer in ANSWERS:
        for position in range(len(answer.tokens)):
            chunks.append(wire.chat_chunk(HEAD, [wire.chat_token_choice(answer, position, None)]))
    chunks.append(wire.chat_chunk(HEAD, [], usage=wire.usage(3, 3)))
    return b"".join(map(wire.event, chunks)) + b"data: [DONE]\n\n"


def read(kind: type[Transcript], raw: bytes, size: int = 7) -> Transcript:
    read_so_far = kind()
    for begin in range(0, len(raw), size):
        read_so_far.add(raw[begin : begin + size])
    read_so_far.fold()
    return read_so_far


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_every_choice_of_a_stream_is_put_together(size: int) -> None:
    found = read(ChatTranscript, chat_stream(), size)
    assert [(choice.index, choice.text, choice.finish_reason) for choice in found.choices] == [
        (0, "one two", "stop"),
        (1, "three", "length"),
    ]
    assert (found.ended, found.error) == (True, None)
    assert found.usage == wire.usage(3, 3)


def test_a_long_stream_is_folded_on_the_way_and_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read(ChatTranscript, chat_stream()).choices
    monkeypatch.setattr(module, "FOLD_AT_BYTES", 100)
    assert read(ChatTranscript, chat_stream()).choices == expected


def test_a_stream_without_done_has_not_ended() -> None:
    found = read(ChatTranscript, chat_stream().removesuffix(b"data: [DONE]\n\n"))
    assert not found.ended
    assert found.choices[0].text == "one two"


@pytest.mark.parametrize(
    "event",
    [
        wire.error(500, "Internal server error"),
        {"error": "it broke"},
        {"choices": 5},
        {"choices": [{"index": 0, "delta": {"tool_calls": [5]}}]},
    ],
)
def test_an_error_or_an_odd_event_in_a_stream_is_an_error(event: Any) -> None:
    assert read(ChatTranscript, wire.event(event)).error


def test_an_event_that_is_not_json_is_an_error() -> None:
    assert read(ChatTranscript, b"data: {oops\n\n").error


def test_tool_calls_in_pieces_become_whole_calls() -> None:
    pieces: list[dict[str, Any]] = [
        {"index": 0, "id": "call_a", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a":'}},
        {"index": 1, "id": "call_b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": "1}"}},
    ]
    chunks = [{"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]} for piece in pieces]
    found = read(ChatTranscript, b"".join(map(wire.event, chunks)))
    assert found.choices[0].tool_calls == [
        {"id": "call_a", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "call_b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]


def test_a_whole_chat_answer_is_read() -> None:
    body = wire.chat_completion(HEAD, ANSWERS, wire.full_usage(3, 3), None)
    found = ChatTranscript()
    found.read_whole(json.dumps(body).encode())
    assert [choice.text for choice in found.choices] == ["one two", "three"]
    assert found.usage == wire.full_usage(3, 3)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"choices": [{}]}', b"<html>"])
def test_an_answer_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ChatTranscript().read_whole(body)


def test_text_completions_are_read() -> None:
    chunks = [wire.text_chunk(HEAD, [wire.text_token_choice(ANSWERS[0], i, False)]) for i in range(2)]
    found = read(TextTranscript, b"".join(map(wire.event, chunks)) + b"data: [DONE]\n\n")
    assert (found.choices[0].text, found.choices[0].finish_reason, found.ended) == ("one two", "stop", True)


def test_a_response_that_breaks_off_keeps_the_pieces_that_came() -> None:
    pieces = [{"type": "response.output_text.delta", "delta": text} for text in ("one ", "two")]
    found = read(ResponseTranscript, b"".join(map(wire.named_event, pieces)))
    assert (found.choices[0].text, found.ended) == ("one two", False)


@pytest.mark.parametrize(("status", "finish_reason"), [("completed", "stop"), ("incomplete", "length")])
def test_the_last_event_of_a_response_holds_everything(status: str, finish_reason: str) -> None:
    message = wire.response_message("msg_1", "one two")
    body = wire.response(HEAD, {}, message, wire.response_usage(3, 2), status)
    found = read(ResponseTranscript, wire.named_event({"type": f"response.{status}", "response": body}))
    assert (found.choices[0].text, found.choices[0].finish_reason, found.ended) == ("one two", finish_reason, True)
    assert found.usage == wire.response_usage(3, 2)


def test_a_call_in_a_response_is_stored_as_chat_completions_have_it() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    body = wire.response(HEAD, {}, item, None, "completed")
    found = ResponseTranscript()
    found.read_whole(json.dumps(body).encode())
    assert found.choices[0].tool_calls == [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    ]
    assert found.choices[0].finish_reason == "tool_calls"


def test_calls_without_an_index_stay_apart_and_may_hold_objects() -> None:
    def call(name: str, arguments: Any) -> dict[str, Any]:
        return {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}}

    event = {"choices": [{"delta": {"tool_calls": [call("f", '{"a": 1}'), call("g", {"b": 2})]}}]}
    calls = read(ChatTranscript, wire.event(event)).choices[0].tool_calls
    assert calls is not None
    assert [(one["function"]["name"], json.loads(one["function"]["arguments"])) for one in calls] == [
        ("f", {"a": 1}),
        ("g", {"b": 2}),
    ]
