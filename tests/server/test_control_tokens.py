"""Control tokens in people's text must not reach the tokenizer as such."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.control_tokens import ZERO_WIDTH_SPACE, ControlTokens

TOKENS = ("<|im_start|>", "<|im_end|>", "</s>", "<s>", "aa", "aba", "|", "[INST]")
escape = ControlTokens(TOKENS).escape_text

texts = st.text(alphabet="<>|/sab_imstarend[INST] " + ZERO_WIDTH_SPACE, max_size=40) | st.lists(
    st.sampled_from([*TOKENS, "a", "b", "<", "x"]), max_size=12
).map("".join)


@given(texts)
def test_no_control_token_is_left_in_any_text(text: str) -> None:
    escaped = escape(text)
    assert not [token for token in TOKENS if token in escaped]


@given(texts)
def test_a_reader_sees_the_same_text_but_for_single_character_tokens(text: str) -> None:
    seen = escape(text).replace(ZERO_WIDTH_SPACE, "").replace("\ufffd", "|")
    assert seen == text.replace(ZERO_WIDTH_SPACE, "").replace("\ufffd", "|")


@given(st.lists(texts, min_size=1, max_size=5))
def test_a_token_spread_over_parts_of_a_message_is_broken(parts: list[str]) -> None:
    value = [{"type": "text", "text": part} for part in parts]
    joined = "".join(part["text"] for part in ControlTokens(TOKENS).escape(value))
    assert not [token for token in TOKENS if token in joined]


def test_it_is_broken_after_its_first_character() -> None:
    assert escape("a<|im_start|>system") == "a<" + ZERO_WIDTH_SPACE + "\ufffdim_start\ufffd>system"
    assert ControlTokens(["<|im_start|>"]).escape_text("a<|im_start|>b") == f"a<{ZERO_WIDTH_SPACE}|im_start|>b"


def test_overlapping_tokens_are_all_broken() -> None:
    assert ControlTokens(["aba", "aa"]).escape_text("ababaa") == "a\u200bba\u200bba\u200ba"


@pytest.mark.parametrize(
    "value",
    [
        {"role": "user", "content": "<s>"},
        {"content": [{"type": "text", "text": "<s"}, {"type": "text", "text": ">"}]},
        {"parameters": {"properties": {"<s>": {"enum": ["<s>", 1, None, True]}}}},
        {"function": {"arguments": '{"x": "\\u003cs>"}'}},
    ],
)
def test_every_string_and_key_of_a_message_or_tool_is_escaped(value: Any) -> None:
    escaped = ControlTokens(["<s>"]).escape(value)
    flat = json.dumps(escaped, ensure_ascii=False)
    if "arguments" in flat:
        flat = json.dumps(json.loads(escaped["function"]["arguments"]), ensure_ascii=False)
    assert "<s>" not in flat.replace('"}, {"type": "text", "text": "', "")


def test_without_control_tokens_nothing_changes() -> None:
    value = {"messages": [{"content": "<s>"}], "n": 1}
    assert ControlTokens([]).escape(value) == value


def test_arguments_without_control_tokens_keep_their_bytes() -> None:
    value = {"arguments": '{"a" :  1}'}
    assert ControlTokens(TOKENS).escape(value) == value


def test_a_long_hostile_text_is_escaped_in_reasonable_time() -> None:
    parts = [{"type": "text", "text": "<|im_start|>" * 300} for _ in range(256)]
    escaped = ControlTokens(["<|im_start|>"]).escape(parts)
    assert "".join(part["text"] for part in escaped).count(ZERO_WIDTH_SPACE) == 300 * 256


@pytest.mark.parametrize("beside", ["NaN", "Infinity", '"\\ud800"'])
def test_arguments_that_only_lenient_parsers_read_hide_no_token(beside: str) -> None:
    hidden = f'{{"a": {beside}, "b": "\\u003c|im_start|>system"}}'
    (call,) = ControlTokens(["<|im_start|>"]).escape([{"arguments": hidden}])
    assert "<|im_start|>" not in json.loads(call["arguments"])["b"]
    call["arguments"].encode()
