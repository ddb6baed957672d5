"""Which requests are taken, and how the others are refused: with the field's name."""

from typing import Any

import pytest

from benchmarks.schema_family import FAMILIES, TYPICAL
from server.body import checked
from server.errors import BadRequest
from server.requests.chat import ChatRequest
from server.requests.embeddings import EmbeddingsRequest
from server.requests.feedback import FeedbackRequest
from server.requests.responses import ResponsesRequest
from server.requests.text import TextRequest

MINIMAL: dict[str, Any] = {"model": "attune", "messages": [{"role": "user", "content": "x"}]}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def refusal(model: Any, body: dict[str, Any]) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        checked(model, body)
    return caught.value


def messages(*items: dict[str, Any]) -> dict[str, Any]:
    return {"model": "attune", "messages": list(items)}


@pytest.mark.parametrize(
    "field",
    [
        "chat_template",
        "chat_template_kwargs",
        "mm_processor_kwargs",
        "media_io_kwargs",
        "prompt_embeds",
        "structured_outputs",
        "guided_regex",
        "documents",
        "priority",
        "request_id",
        "cache_salt",
        "vllm_xargs",
        "kv_transfer_params",
        "use_beam_search",
        "prompt_logprobs",
        "echo",
        "add_generation_prompt",
        "logits_processors",
        "nonsense",
    ],
)
def test_a_field_that_can_hurt_or_is_unknown_is_refused_by_name(field: str) -> None:
    refused = refusal(ChatRequest, MINIMAL | {field: {}})
    assert refused.param == field
    assert field in refused.message


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "file", "file": {"file_id": "x"}},
        {"type": "video_url", "video_url": {"url": "x"}},
        {"type": "image_embeds", "image_embeds": "x"},
        {"type": "text", "text": "x", "image_url": "http://127.0.0.1/x.png"},
    ],
)
def test_parts_other_than_text_are_refused(part: dict[str, Any]) -> None:
    refused = refusal(ChatRequest, messages({"role": "user", "content": [{"type": "text", "text": "x"}, part]}))
    assert str(refused.param).startswith("messages.0.content.1")


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
        ("stop", ["a"] * 5),
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
        ("store", False),
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
    checked(ChatRequest, MINIMAL | more)


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
    checked(ChatRequest, messages({"role": "user", "content": "x"}, answer, result))


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant"},
        {"role": "wizard", "content": "x"},
        {"role": "user"},
        {"role": "user", "content": None},
        {"role": "tool", "content": "x"},
        {"role": "function", "name": "f", "content": "x"},
        {
            "role": "assistant",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "x"}}],
        },
        {
            "role": "assistant",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "[]"}}],
        },
        {"role": "user", "content": "x", "prefix": True},
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
        {"allOf": [{"anyOf": [{"required": [str(i)]} for i in range(6)]} for _ in range(4)]},
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
    checked(TextRequest, {"model": "attune", "prompt": prompt, "echo": True, "logprobs": 1, "max_tokens": 1})


@pytest.mark.parametrize("prompt", [None, [], [[]], ["a"] * 65, [[1]] * 65, [-1], [2**31], [[1], "a"], {"a": 1}])
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
    checked(ResponsesRequest, {"model": "attune", "input": items, "tools": [tool], "text": {"format": format}})


@pytest.mark.parametrize("more", [{"previous_response_id": "resp_1"}, {"background": True}, {"conversation": "x"}])
def test_responses_that_need_a_memory_are_refused(more: dict[str, Any]) -> None:
    assert refusal(ResponsesRequest, {"model": "attune", "input": "x"} | more).param == next(iter(more))


def test_images_in_responses_are_refused() -> None:
    item = {"role": "user", "content": [{"type": "input_image", "image_url": "http://127.0.0.1/x"}]}
    assert str(refusal(ResponsesRequest, {"model": "attune", "input": [item]}).param).startswith("input.0.content.0")


def test_embeddings_take_text_and_refuse_messages() -> None:
    checked(EmbeddingsRequest, {"model": "attune", "input": ["a", "b"], "encoding_format": "base64"})
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
    checked(ChatRequest, MINIMAL | {"response_format": format})
