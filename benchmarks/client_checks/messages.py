"""Checks of what stands in `messages`: what clients write, and what they send back of an answer."""

from typing import Any

from benchmarks.client_checks.check import HELLO, Check, chats, conversation

_SYSTEM: dict[str, Any] = {"role": "system", "content": "Be brief."}
_AGAIN: dict[str, Any] = {"role": "user", "content": "And what can you do?"}
_PART: dict[str, Any] = {"type": "text", "text": "Hello!"}


def _answer(**more: Any) -> dict[str, Any]:
    return conversation(HELLO, {"role": "assistant", "content": "I am a model."} | more, _AGAIN)


def _call(arguments: str = '{"city": "Paris"}', **more: Any) -> dict[str, Any]:
    function = {"name": "get_weather", "arguments": arguments}
    return {"id": "call_1", "type": "function", "function": function} | more


def _tool_turn(call: dict[str, Any], assistant: dict[str, Any] | None = None, **tool: Any) -> dict[str, Any]:
    return conversation(
        HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]} | (assistant or {}),
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"} | tool,
    )


_DUMPED = dict.fromkeys(("refusal", "annotations", "audio", "function_call", "tool_calls", "reasoning"))
"""What `message.model_dump()` holds besides role and content; many programs send it back like that."""

_SPOKEN = {
    "a system message": conversation(_SYSTEM, HELLO),
    "a developer message": conversation({"role": "developer", "content": "Be brief."}, HELLO),
    "two system messages": conversation(_SYSTEM, _SYSTEM, HELLO),
    "a system message in the middle": conversation(HELLO, _SYSTEM, _AGAIN),
    "a system message alone": conversation(_SYSTEM),
    "two user messages in a row": conversation(HELLO, _AGAIN),
    "names of the speakers": conversation(_SYSTEM | {"name": "op"}, HELLO | {"name": "ada"}),
    "empty text": conversation(HELLO | {"content": ""}),
    "a line break, an emoji and Chinese": conversation(HELLO | {"content": "Hi\n👋🏽 你好"}),
    "the same letters in another form": conversation(HELLO | {"content": "cafe\u0301"}),
    "a text of 2,000 characters": conversation(HELLO | {"content": "word " * 400}),
    "a NUL": conversation(HELLO | {"content": "a\0b"}),
    "a control token as text": conversation(HELLO | {"content": "What is <|im_end|>?"}),
    "JSON as text": conversation(HELLO | {"content": '{"role": "system"}'}),
    "the last message is the assistant's": conversation(HELLO, {"role": "assistant", "content": "I am"}),
    "the first message is the assistant's": conversation({"role": "assistant", "content": "Hi!"}, HELLO),
    "an answer that is to be continued": conversation(HELLO, {"role": "assistant", "content": "I am"})
    | {"continue_final_message": True, "add_generation_prompt": False},
    "twenty turns": conversation(*[HELLO, {"role": "assistant", "content": "Hi!"}] * 20, _AGAIN),
}
_PARTS = {
    "one part": conversation(HELLO | {"content": [_PART]}),
    "two parts": conversation(HELLO | {"content": [_PART, _PART]}),
    "an empty part": conversation(HELLO | {"content": [_PART | {"text": ""}]}),
    "no parts": conversation(HELLO | {"content": []}, HELLO),
    "a system message of parts": conversation(_SYSTEM | {"content": [_PART]}, HELLO),
    "a developer message of parts": conversation({"role": "developer", "content": [_PART]}, HELLO),
    "an answer of parts": _answer(content=[_PART]),
    "a part with cache_control": conversation(HELLO | {"content": [_PART | {"cache_control": {"type": "ephemeral"}}]}),
    "a part with annotations": _answer(content=[_PART | {"annotations": []}]),
    "a text among the parts": conversation(HELLO | {"content": [_PART, "And you?"]}),
    "a part with null besides": conversation(HELLO | {"content": [_PART | {"image_url": None}]}),
}
_SENT_BACK = {
    "null for the user's text": conversation(HELLO | {"content": None}, HELLO),
    "null for the system's text": conversation(_SYSTEM | {"content": None}, HELLO),
    "an answer without content": conversation(HELLO, {"role": "assistant"}, _AGAIN),
    "an answer of null": _answer(content=None),
    "an answer of empty text": _answer(content=""),
    "an answer as model_dump() gives it": _answer(**_DUMPED),
    "an answer with an empty list of calls": _answer(tool_calls=[]),
    "an answer with its name": _answer(name="helper"),
    "an answer with its id": _answer(id="msg_1"),
    "an answer with reasoning_content": _answer(reasoning_content="Hm."),
    "an answer with reasoning": _answer(reasoning="Hm."),
    "an answer with provider_specific_fields": _answer(provider_specific_fields={"citations": None}),
    "an answer with cache_control": _answer(cache_control={"type": "ephemeral"}),
    "an answer with a refusal of null": _answer(refusal=None),
    "an answer with an audio id": _answer(audio={"id": "audio_1"}),
    "an answer with a part of thoughts": _answer(content=[{"type": "thinking", "thinking": "Hm."}, _PART]),
    "an answer with reasoning that is an object": _answer(reasoning={"text": "Hm."}),
    "a user's message without content": conversation({"role": "user"}, HELLO),
    "a name of 100 characters": conversation(HELLO | {"name": "x" * 100}),
    "an answer with thinking blocks": _answer(thinking_blocks=[{"type": "thinking", "thinking": "Hm."}]),
    "an answer with annotations": _answer(annotations=[{"type": "url_citation"}]),
    "an answer with a time and a model": _answer(created_at=1, model="attune@v1"),
    "a user's message with metadata": conversation(HELLO | {"metadata": {"a": "b"}}),
}
_CALLS = {
    "a call and its result": _tool_turn(_call()),
    "a call as a stream gives it": _tool_turn(_call(index=0)),
    "a call as model_dump() gives it": _tool_turn(_call(), _DUMPED | {"content": None, "tool_calls": [_call()]}),
    "a call beside text": _tool_turn(_call(), {"content": "I look."}),
    "a call beside empty text": _tool_turn(_call(), {"content": ""}),
    "a call with a member more": _tool_turn(_call(provider_specific_fields={"a": 1}, extra_content={"google": {}})),
    "a call without arguments": _tool_turn(_call("")),
    "a call with an empty object": _tool_turn(_call("{}")),
    "arguments that are a list": _tool_turn(_call("[1]")),
    "arguments that are a string": _tool_turn(_call('"Paris"')),
    "arguments that are null": _tool_turn(_call("null")),
    "arguments with white space": _tool_turn(_call('\n{ "city" : "Paris" }\n')),
    "arguments that were cut off": _tool_turn(_call('{"city')),
    "a call without an id": _tool_turn(_call(id=""), tool_call_id=""),
    "a call with an id of 5,000 characters": _tool_turn(_call(id="c" * 5000), tool_call_id="c" * 5000),
    "a result that names no call": conversation(HELLO, {"role": "tool", "content": "sunny"}),
    "a result of parts": _tool_turn(_call(), content=[_PART]),
    "a result of empty text": _tool_turn(_call(), content=""),
    "a result of null": _tool_turn(_call(), content=None),
    "a result with a name": _tool_turn(_call(), name="get_weather"),
    "a result with a status": _tool_turn(_call(), status="success", artifact=None),
    "two calls and two results": conversation(
        HELLO,
        {"role": "assistant", "tool_calls": [_call(), _call(id="call_2")]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "call_2", "content": "rainy"},
    ),
    "a result without its call": conversation(HELLO, {"role": "tool", "tool_call_id": "x", "content": "1"}),
    "a call of a legacy function": conversation(
        HELLO,
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "1"},
    ),
}
_WRONG = {
    "no messages": {"messages": []},
    "messages of null": {"messages": None},
    "a message without a role": conversation({"content": "Hi"}),
    "content that is a number": conversation({"role": "user", "content": 7}),
    "a part of an unknown type": conversation({"role": "user", "content": [{"type": "hologram", "hologram": 1}]}),
    "a picture for a model that reads text": conversation(
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}
    ),
    "a call without a function": _tool_turn({"id": "c", "type": "function"}),
}

CHECKS: list[Check] = [
    *chats("messages", _SPOKEN),
    *chats("parts", _PARTS),
    *chats("sent back", _SENT_BACK),
    *chats("calls", _CALLS),
    *chats("wrong messages", _WRONG, "BadRequestError"),
]
