"""Checks of the other routes: legacy completions, responses without a store, models, tokens, health."""

from dataclasses import replace
from typing import Any

from benchmarks.client_checks.check import MODEL, RESPONSE, TEXT, Check
from benchmarks.client_checks.shapes import VERDICT, Verdict

_TEXTS: dict[str, dict[str, Any]] = {
    "a prompt": {},
    "two prompts": {"prompt": ["Hello, I am", "Good morning"]},
    "token ids": {"prompt": [5, 6, 7, 8]},
    "two lists of token ids": {"prompt": [[5, 6, 7], [8, 9]]},
    "echo": {"echo": True},
    "echo with logprobs, as lm-eval asks": {"echo": True, "logprobs": 1, "max_tokens": 1, "seed": 1},
    "echo alone": {"echo": True, "logprobs": 1, "max_tokens": 0},
    "logprobs 0": {"logprobs": 0},
    "logprobs 5": {"logprobs": 5},
    "two answers": {"n": 2, "temperature": 1, "seed": 3},
    "two answers to two prompts": {"n": 2, "temperature": 1, "seed": 3, "prompt": ["Hello", "Good morning"]},
    "best_of 1": {"best_of": 1},
    "best_of null": {"best_of": None},
    "suffix null": {"suffix": None},
    "a stop": {"stop": ["\n\n", "zzz"]},
    "a seed and a user": {"seed": 5, "user": "ada"},
    "a bias": {"logit_bias": {"50": -100}},
    "max_tokens null": {"max_tokens": None, "stop": [" ", "."]},
    "streamed": {"stream": True},
    "streamed with usage": {"stream": True, "stream_options": {"include_usage": True}},
    "streamed, two prompts": {"stream": True, "prompt": ["Hello", "Good morning"]},
    "a schema": {"max_tokens": 200, "response_format": {"type": "json_schema", "json_schema": VERDICT}},
    "a field that nobody knows": {"x_my_field": 1},
}
_WRONG_TEXTS: dict[str, dict[str, Any]] = {
    "a suffix": {"suffix": "the end"},
    "logprobs 50": {"logprobs": 50},
    "a token that there is not": {"prompt": [99_999_999]},
    "a prompt that is an object": {"prompt": {"text": "Hello"}},
    "a prompt beyond the context": {"prompt": "word " * 20_000},
}

_TOOL = {"type": "function", "name": "decide", "parameters": VERDICT["schema"]}
_LONG = {"max_output_tokens": 200}
_FORMAT = {"type": "json_schema", **VERDICT}


def _input(*items: dict[str, Any]) -> dict[str, Any]:
    return {"input": list(items)}


_USER = {"role": "user", "content": "Hello, who are you?"}
_RESPONSES: dict[str, dict[str, Any]] = {
    "text": {},
    "a message": _input(_USER),
    "a message of parts": _input({"role": "user", "content": [{"type": "input_text", "text": "Hello!"}]}),
    "a developer message": _input({"role": "developer", "content": "Be brief."}, _USER),
    "an earlier answer": _input(_USER, {"role": "assistant", "content": "I am a model."}, _USER),
    "instructions": {"instructions": "Be brief."},
    "empty text": {"input": ""},
    "streamed": {"stream": True},
    "temperature and top_p": {"temperature": 0.5, "top_p": 0.9},
    "text as format": {"text": {"format": {"type": "text"}}},
    "a schema": _LONG | {"text": {"format": _FORMAT}},
    "metadata and user": {"metadata": {"app": "mine"}, "user": "ada"},
    "safety_identifier": {"safety_identifier": "ada"},
    "store true": {"store": True},
    "store false": {"store": False},
    "truncation": {"truncation": "disabled"},
    "service_tier": {"service_tier": "auto"},
    "reasoning effort": {"reasoning": {"effort": "low"}},
    "one call at a time": {"parallel_tool_calls": False},
    "a tool that is offered": {"tools": [_TOOL]},
    "a tool that is demanded": _LONG | {"tools": [_TOOL], "tool_choice": "required"},
    "a call and its result": {
        "tools": [_TOOL],
        **_input(
            _USER,
            {"type": "function_call", "call_id": "c", "name": "decide", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "yes"},
        ),
    },
    "prompt_cache_key": {"prompt_cache_key": "mine"},
    "verbosity": {"text": {"verbosity": "low"}},
    "null in every field that may be null": dict.fromkeys(("instructions", "metadata", "text", "reasoning", "user")),
}
_WRONG_RESPONSES: dict[str, dict[str, Any]] = {
    "temperature -1": {"temperature": -1},
    "a role that there is not": _input({"role": "judge", "content": "Hello!"}),
}
_SPOKEN = {"model": MODEL, "messages": [{"role": "user", "content": "Hello!"}]}


def _texts(group: str, bodies: dict[str, dict[str, Any]], expects: str = "answer") -> list[Check]:
    return [Check(f"{group}: {name}", "completions", TEXT | body, expects) for name, body in bodies.items()]


def _responses(group: str, bodies: dict[str, dict[str, Any]], expects: str = "answer") -> list[Check]:
    return [Check(f"{group}: {name}", "responses", RESPONSE | body, expects) for name, body in bodies.items()]


CHECKS: list[Check] = [
    *_texts("completions", _TEXTS),
    *_texts("wrong completions", _WRONG_TEXTS, "BadRequestError"),
    *_texts("wrong completions", {"an unknown model": {"model": "gpt-9"}}, "NotFoundError"),
    *_responses("responses", _RESPONSES),
    replace(_responses("responses", {"parse() with pydantic": _LONG | {"text_format": Verdict}})[0], helper="parse"),
    *_responses("wrong responses", _WRONG_RESPONSES, "BadRequestError"),
    *_responses("wrong responses", {"an unknown model": {"model": "gpt-9"}}, "NotFoundError"),
    Check("models: all", "models"),
    Check("models: one", "model", {"model": MODEL}),
    Check("models: an unknown one", "model", {"model": "gpt-9"}, "NotFoundError"),
    Check("tokens: of a text", "tokenize", {"model": MODEL, "prompt": "Hello!"}),
    Check("tokens: of messages", "tokenize", _SPOKEN),
    Check("tokens: back to text", "detokenize", {"model": MODEL, "tokens": [5, 6, 7]}),
    Check("health", "health"),
    Check("ping", "ping"),
    Check("version", "version"),
]
