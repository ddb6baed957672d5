"""Which requests are taken, and how the others are refused: with the field's name."""

from typing import Any

import pytest

from benchmarks.schema_family import FAMILIES, TYPICAL
from server.body import checked
from server.endpoints import CHAT, upstream_body
from server.errors import BadRequest
from server.requests.accept import Accepted, accept
from server.requests.chat import ChatRequest
from server.requests.embeddings import EmbeddingsRequest
from server.requests.feedback import FeedbackRequest
from server.requests.fields import OpenAIModel
from server.requests.harmful import REFUSALS
from server.requests.responses import ResponsesRequest
from server.requests.text import TextRequest

MINIMAL: dict[str, Any] = {"model": "attune", "messages": [{"role": "user", "content": "x"}]}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def refusal(model: Any, body: dict[str, Any]) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        (accept if issubclass(model, OpenAIModel) else checked)(model, body)
    return caught.value


def messages(*items: dict[str, Any]) -> dict[str, Any]:
    return {"model": "attune", "messages": list(items)}


@pytest.mark.parametrize("field", sorted(REFUSALS.keys() - ChatRequest.model_fields))
def test_a_field_that_can_hurt_is_refused_with_its_reason(field: str) -> None:
    refused = refusal(ChatRequest, MINIMAL | {field: {"asks": "for something"}})
    assert refused.param == field
    assert REFUSALS[field].reason in refused.message
    for asks_nothing in (None, *REFUSALS[field].harmless):
        assert accept(ChatRequest, MINIMAL | {field: asks_nothing}).body == MINIMAL


@pytest.mark.parametrize(
    ("more", "ignored"),
    [
        ({"verbosity": "low", "prompt_cache_retention": "24h", "service_tier": 7}, 3),
        ({"prediction": {"type": "content", "content": "x"}, "web_search_options": {}}, 2),
        ({"return_token_ids": True, "functions": [{"name": "f"}], "function_call": "auto"}, 3),
        ({"request_id": "x", "priority": -5, "prompt_logprobs": 5, "nonsense": {"a": 1}}, 4),
        ({"prompt_cache_key": "x" * 1000, "mm_processor_kwargs": {}, "best_of": 1}, 3),
        ({"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": False}}, 1),
    ],
)
def test_an_unknown_field_is_left_out_by_name(more: dict[str, Any], ignored: int) -> None:
    accepted = accept(ChatRequest, MINIMAL | more)
    assert len(accepted.ignored) == ignored
    assert not {path.partition(".")[0] for path in accepted.ignored} & (accepted.body.keys() - {"stream_options"})


def test_what_clients_send_back_of_an_answer_is_left_out_and_named() -> None:
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}", "extra": 1}}
    answer = {"role": "assistant", "id": "msg_1", "provider_specific_fields": {"a": 1}, "tool_calls": [call]}
    part = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    accepted = accept(ChatRequest, messages({"role": "user", "content": [part]}, answer))
    assert set(accepted.ignored) == {
        "messages.0.content.0.cache_control",
        "messages.1.id",
        "messages.1.provider_specific_fields",
        "messages.1.tool_calls.0.index",
        "messages.1.tool_calls.0.function.extra",
    }
    kept = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert accepted.body == messages(
        {"role": "user", "content": [{"type": "text", "text": "x"}]}, {"role": "assistant", "tool_calls": [kept]}
    )


@pytest.mark.parametrize("empty", [{"content": None}, {"content": []}, {}])
@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant", "tool", "function"])
def test_no_content_is_empty_text(role: str, empty: dict[str, Any]) -> None:
    accepted = accept(ChatRequest, messages({"role": role} | empty))
    assert accepted == Accepted(messages({"role": role, "content": ""}), ())


def test_the_switches_of_templates_for_thinking_are_taken_and_nothing_else_of_a_template() -> None:
    switches = {"chat_template_kwargs": {"enable_thinking": False, "thinking": True}}
    assert accept(ChatRequest, MINIMAL | switches) == Accepted(MINIMAL | switches, ())
    refused = refusal(ChatRequest, MINIMAL | {"chat_template_kwargs": {"enable_thinking": False, "messages": []}})
    assert refused.param == "chat_template_kwargs"
    assert "messages" in refused.message
    assert REFUSALS["chat_template_kwargs"].reason in refused.message
    for_another_route = {"model": "attune", "prompt": "x"} | switches
    assert refusal(TextRequest, for_another_route).param == "chat_template_kwargs"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens", "n", "seed", "top_k", "min_tokens"])
def test_a_whole_number_may_be_written_with_a_point(field: str) -> None:
    body = accept(ChatRequest, MINIMAL | {field: 4.0}).body
    assert body[field] == 4
    assert isinstance(body[field], int)
    refusal(ChatRequest, MINIMAL | {field: 4.5})
    refusal(ChatRequest, MINIMAL | {field: "4"})


def test_options_of_a_stream_that_ask_for_nothing_do_not_need_one() -> None:
    accept(ChatRequest, MINIMAL | {"stream_options": {}})
    accept(TextRequest, {"model": "attune", "prompt": "x", "stream_options": {}})


def test_the_text_of_a_list_may_stand_there_without_its_type() -> None:
    accepted = accept(ChatRequest, messages({"role": "user", "content": ["x"]}))
    assert accepted.body == messages({"role": "user", "content": [{"type": "text", "text": "x"}]})


def test_thoughts_in_the_form_of_other_servers_are_left_out_and_named() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    said = {"type": "text", "text": "Yes."}
    answer = {"role": "assistant", "content": [thought, said], "reasoning": {"text": "Hm."}, "reasoning_content": []}
    accepted = accept(ChatRequest, messages(answer))
    assert accepted.body["messages"][0]["content"] == [{"type": "text", "text": ""}, said]
    assert {path.removeprefix("messages.0.") for path in accepted.ignored} == {
        "content.0.thinking",
        "content.0.signature",
        "reasoning",
        "reasoning_content",
    }


@pytest.mark.parametrize("call_id", ["", "call_1__thought__" + "x" * 5000])
def test_a_call_keeps_the_id_that_some_server_gave_it(call_id: str) -> None:
    call = {"id": call_id, "function": {"name": "f", "arguments": "{}"}}
    turn = messages({"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": call_id})
    sent = accept(ChatRequest, turn).body["messages"]
    assert sent[0]["tool_calls"][0] == call | {"type": "function"}
    assert sent[1]["tool_call_id"] == call_id


@pytest.mark.parametrize("arguments", ["", "[1]", "null", "{city", "NaN", '{"a": NaN}', "[" * 60 + "]" * 60])
def test_a_call_is_sent_back_with_the_arguments_that_a_model_wrote(arguments: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    body = messages({"role": "assistant", "tool_calls": [call]})
    assert accept(ChatRequest, body).body == body


@pytest.mark.parametrize("depth", [65, 600, 100_000])
def test_arguments_that_would_overflow_a_stack_are_refused(depth: int) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "[" * depth + "]" * depth}}
    refused = refusal(ChatRequest, messages({"role": "assistant", "tool_calls": [call]}))
    assert "nest deeper than 64" in refused.message


def test_a_tool_without_its_type_is_a_function_and_a_schema_may_have_any_name() -> None:
    named = {"type": "json_schema", "json_schema": {"name": "a verdict", "schema": {"type": "boolean"}}}
    body = accept(ChatRequest, MINIMAL | {"tools": [{"function": {"name": "f"}}], "response_format": named}).body
    assert body["tools"] == [{"type": "function", "function": {"name": "f"}}]


def test_a_prompt_may_be_echoed_without_an_answer() -> None:
    accept(TextRequest, {"model": "attune", "prompt": "x", "max_tokens": 0, "echo": True})
    refusal(TextRequest, {"model": "attune", "prompt": "x", "max_tokens": -1})


def test_values_pass_as_they_were_sent() -> None:
    body = MINIMAL | {"temperature": 1, "seed": -(2**63), "stop": ["a"] * 64, "tools": [TOOL], "user": "ann"}
    assert accept(ChatRequest, body) == Accepted(body, ())


def test_allowed_tools_are_said_in_words_that_the_engine_knows() -> None:
    other = {"type": "function", "function": {"name": "g"}}
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    body = accept(ChatRequest, MINIMAL | {"tools": [TOOL, other], "tool_choice": choice}).body
    sent = upstream_body(CHAT, body, "chatcmpl-1")
    assert (sent["tools"], sent["tool_choice"]) == ([TOOL], "required")


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "file", "file": {"file_id": "x"}},
        {"type": "video_url", "video_url": {"url": "x"}},
        {"type": "image_embeds", "image_embeds": "x"},
    ],
)
def test_parts_other_than_text_are_refused(part: dict[str, Any]) -> None:
    refused = refusal(ChatRequest, messages({"role": "user", "content": [{"type": "text", "text": "x"}, part]}))
    assert str(refused.param).startswith("messages.0.content.1")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (messages(), "messages: at least 1 item wanted, and there are 0."),
        (messages({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}), "Images are not taken, only"),
        (messages({"role": "user", "content": [{"type": "input_audio"}]}), "Audio is not taken, only text is."),
    ],
)
def test_refusals_are_said_in_plain_words(body: dict[str, Any], words: str) -> None:
    assert words in refusal(ChatRequest, body).message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 9),
        ("n", 0),
        ("n", True),
        ("temperature", 2.1),
        ("temperature", -0.1),
        ("temperature", "1"),
        ("top_p", 0),
        ("top_p", 1.5),
        ("top_logprobs", 21),
        ("logprobs", 5),
        ("max_tokens", 0),
        ("max_tokens", 2**40),
        ("max_completion_tokens", -1),
        ("seed", 2**63),
        ("frequency_penalty", 3),
        ("repetition_penalty", 0),
        ("top_k", -2),
        ("min_p", 2),
        ("stop", ""),
        ("stop", ["a"] * 65),
        ("stop", "x" * 300),
        ("stop_token_ids", [-1]),
        ("stop_token_ids", [2**31]),
        ("logit_bias", {"1": 101}),
        ("logit_bias", {"x": 1}),
        ("logit_bias", {str(i): 1 for i in range(301)}),
        ("stream", "yes"),
        ("stream_options", {"include_usage": True}),
        ("user", "x" * 257),
        ("metadata", {"a": 1}),
        ("metadata", {"a": "x" * 513}),
        ("metadata", {str(i): "" for i in range(17)}),
        ("metadata", {"parent_id": "msg_1"}),
        ("response_format", {"type": "structural_tag"}),
        ("response_format", {"type": "json_schema"}),
        ("tools", []),
        ("tools", [{"type": "function", "function": {"name": "has space"}}]),
        ("tools", [{"type": "web_search"}]),
        ("tool_choice", "required"),
        ("modalities", ["audio"]),
        ("model", ""),
        ("messages", []),
    ],
)
def test_a_value_out_of_range_is_refused(field: str, value: Any) -> None:
    refusal(ChatRequest, MINIMAL | {field: value})


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": 0, "top_p": 1, "seed": -(2**63), "stop": ["a", "b"], "n": 8, "max_completion_tokens": 10},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"logprobs": True, "top_logprobs": 20, "logit_bias": {"5": -100}},
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": False},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}},
        {"response_format": {"type": "json_object"}, "user": "ann", "metadata": {"a": "b"}, "store": True},
        {"temperature": None, "stop": None, "tools": None, "logprobs": None},
        {"top_k": -1, "min_p": 0, "repetition_penalty": 1.1, "min_tokens": 1, "ignore_eos": True},
        {"stop_token_ids": [1], "skip_special_tokens": False, "service_tier": "auto", "reasoning_effort": "low"},
    ],
)
def test_what_openai_and_vllm_know_and_cannot_hurt_is_taken(more: dict[str, Any]) -> None:
    accept(ChatRequest, MINIMAL | more)


def test_an_answer_of_vllm_can_be_sent_back_as_it_is() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    answer = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
        "tool_calls": [call],
        "reasoning": None,
    }
    result = {"role": "tool", "tool_call_id": "call_1", "content": "42"}
    accept(ChatRequest, messages({"role": "user", "content": "x"}, answer, result))


@pytest.mark.parametrize(
    "message",
    [
        {"role": "wizard", "content": "x"},
        {"role": "user", "content": 7},
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}]},
    ],
)
def test_a_message_that_is_incomplete_or_odd_is_refused(message: dict[str, Any]) -> None:
    assert str(refusal(ChatRequest, messages(message)).param).startswith("messages.0")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "maxItems": 10**9},
        {"type": "array", "items": {}, "maxItems": 90_000},
        {"type": "string", "minLength": 10**10},
        {"type": "array", "minItems": 1},
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"type": "string", "pattern": "a" * 5000},
        {"properties": {str(i): {"type": "string", "pattern": "^[a-z]{1,1000}$"} for i in range(600)}},
        {"enum": ["x" * 220 for _ in range(2000)]},
        {"const": "x" * 9000},
        FAMILIES["references"](300),
        FAMILIES["pattern properties"](200),
        FAMILIES["optional properties"](3000),
        {"type": "integer", "multipleOf": 999_983},
        {"allOf": [{"anyOf": [{"required": [str(i)]} for i in range(6)]} for _ in range(5)]},
        {"$ref": "http://127.0.0.1/schema.json"},
        {"x-guidance": {"item_separator": "(a*)*"}},
        {"properties": {str(i): {} for i in range(10_000)}},
    ],
)
def test_a_schema_that_could_stall_the_engine_is_refused(schema: dict[str, Any]) -> None:
    format = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
    assert str(refusal(ChatRequest, MINIMAL | {"response_format": format}).param).startswith("response_format")


@pytest.mark.parametrize("schema", TYPICAL.values(), ids=TYPICAL)
def test_schemas_of_daily_work_are_taken(schema: dict[str, Any]) -> None:
    format = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
    checked(ChatRequest, MINIMAL | {"response_format": format})


@pytest.mark.parametrize("prompt", ["text", ["a", "b"], [1, 2], [[1, 2], [3]]])
def test_completions_take_text_and_token_ids(prompt: Any) -> None:
    accept(TextRequest, {"model": "attune", "prompt": prompt, "echo": True, "logprobs": 1, "max_tokens": 1})


@pytest.mark.parametrize("prompt", [None, [], [[]], [-1], [2**31], [[1], "a"], {"a": 1}])
def test_completions_refuse_other_prompts(prompt: Any) -> None:
    refusal(TextRequest, {"model": "attune", "prompt": prompt})


def test_responses_take_text_items_calls_and_formats() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "1"},
    ]
    tool = {"type": "function", "name": "f", "parameters": {}, "strict": True}
    format = {"type": "json_schema", "name": "s", "schema": {"type": "object"}}
    accept(ResponsesRequest, {"model": "attune", "input": items, "tools": [tool], "text": {"format": format}})


@pytest.mark.parametrize("more", [{"previous_response_id": "resp_1"}, {"background": True}, {"conversation": "x"}])
def test_responses_that_need_a_memory_are_refused(more: dict[str, Any]) -> None:
    assert refusal(ResponsesRequest, {"model": "attune", "input": "x"} | more).param == next(iter(more))


def test_images_in_responses_are_refused() -> None:
    item = {"role": "user", "content": [{"type": "input_image", "image_url": "http://127.0.0.1/x"}]}
    assert str(refusal(ResponsesRequest, {"model": "attune", "input": [item]}).param).startswith("input.0.content.0")


def test_embeddings_take_text_and_refuse_messages() -> None:
    accept(EmbeddingsRequest, {"model": "attune", "input": ["a", "b"], "encoding_format": "base64"})
    assert refusal(EmbeddingsRequest, {"model": "attune", "messages": []}).param in {"messages", "input"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", 2),
        ("value", "1"),
        ("reasons", ["x"] * 17),
        ("reasons", [""]),
        ("reasons", ["x" * 65]),
        ("comment", "x" * 4001),
        ("correction", "x" * 32769),
        ("choice_index", -1),
        ("completion_id", ""),
        ("rating", 5),
    ],
)
def test_feedback_out_of_bounds_is_refused_by_name(field: str, value: Any) -> None:
    body = {"completion_id": "chatcmpl-1", "value": 1} | {field: value}
    assert str(refusal(FeedbackRequest, body).param).startswith(field)


def test_a_schema_that_contains_itself_below_a_property_is_taken() -> None:
    schema = {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}}
    format = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
    accept(ChatRequest, MINIMAL | {"response_format": format})
