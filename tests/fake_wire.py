"""What vLLM's answers look like on the wire, for the fake engine.

Keys, their order and their types follow vLLM 0.32; `tests/contract` holds them against a real one. Every function
returns the object that vLLM would send; `tests/fake_engine.py` decides when it is sent.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

FINGERPRINT = "vllm-0.32.0-fake"

Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One answer (of `n`) before it is dressed for an endpoint.

    Attributes:
        tokens: The text in the pieces in which it is streamed.
        finish_reason: `stop` or `length`.
        tool_call: `{"name", "arguments"}` when the answer is a call of a function; `tokens` are then its arguments
            between two empty ones, with which the name and the end are streamed.
    """

    index: int
    tokens: tuple[str, ...]
    finish_reason: str
    tool_call: Body | None = None

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.tokens)


@dataclass(frozen=True)
class Head:
    """What all objects of one response share."""

    id: str
    created: int
    model: str


def event(data: Body) -> bytes:
    """One server-sent event as vLLM formats it."""
    return b"data: " + _json(data).encode() + b"\n\n"


def named_event(data: Body) -> bytes:
    """One event of /v1/responses, which vLLM names by its type."""
    return f"event: {data['type']}\ndata: {_json(data)}\n\n".encode()


def error(status: int, message: str, kind: str = "BadRequestError", param: str | None = None) -> Body:
    """The body of vLLM's errors; note that `code` is the status as a number."""
    return {"error": {"message": message, "type": kind, "param": param, "code": status}}


def usage(prompt_tokens: int, completion_tokens: int) -> Body:
    """The usage of a stream."""
    total = prompt_tokens + completion_tokens
    return {"prompt_tokens": prompt_tokens, "total_tokens": total, "completion_tokens": completion_tokens}


def full_usage(prompt_tokens: int, completion_tokens: int) -> Body:
    """The usage of an answer that is not streamed."""
    details = {"prompt_tokens_details": None, "completion_tokens_details": None}
    return {**usage(prompt_tokens, completion_tokens), **details}


def chat_logprobs(tokens: Iterable[str], top: int) -> Body:
    """Log-probabilities of chat answers. Every token has -0.5, and `top` alternatives equal to itself."""
    entries = []
    for token in tokens:
        entry: Body = {"token": token, "logprob": -0.5, "bytes": list(token.encode())}
        entries.append({**entry, "top_logprobs": [dict(entry) for _ in range(top)]})
    return {"content": entries}


def text_logprobs(tokens: Sequence[str]) -> Body:
    """Log-probabilities of /v1/completions."""
    offsets = [sum(len(token) for token in tokens[:i]) for i in range(len(tokens))]
    return {
        "text_offset": offsets,
        "token_logprobs": [-0.5] * len(tokens),
        "tokens": list(tokens),
        "top_logprobs": [{token: -0.5} for token in tokens],
    }


def logprobs_of(weights: str, token_ids: Sequence[int]) -> list[float]:
    """What stands for the log-probabilities that a model with these weights gives a prompt's tokens but the first."""
    digests = (
        hashlib.sha256(f"{weights} {list(token_ids[:end])}".encode()).digest() for end in range(2, len(token_ids) + 1)
    )
    return [-5 * digest[0] / 256 for digest in digests]


def prompt_logprobs(weights: str, token_ids: Sequence[int]) -> list[Body | None]:
    """`prompt_logprobs` of /v1/completions: None for the first token, which nothing stands before."""
    values = zip(token_ids[1:], logprobs_of(weights, token_ids), strict=True)
    return [None, *({str(token): {"logprob": value, "rank": 1, "decoded_token": "x"}} for token, value in values)]


def chat_completion(head: Head, answers: Sequence[Answer], counts: Body, logprobs: int | None) -> Body:
    """The object `chat.completion`. `logprobs` is the number of alternatives, or None for no log-probabilities."""
    choices = [_chat_choice(answer, logprobs) for answer in answers]
    return {
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "choices": choices,
        "service_tier": None,
        "system_fingerprint": FINGERPRINT,
        "usage": counts,
        **dict.fromkeys(("prompt_logprobs", "prompt_token_ids", "prompt_text")),
        **_LAST_KEYS,
    }


def chat_chunk(head: Head, choices: list[Body], **more: Any) -> Body:
    """The object `chat.completion.chunk`."""
    return {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "choices": choices,
        **more,
    }


def chat_role_chunk(head: Head, index: int) -> Body:
    """The first chunk of every choice."""
    choice = {"index": index, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
    return chat_chunk(head, [choice], prompt_token_ids=None, prompt_text=None)


def chat_token_choice(answer: Answer, position: int, logprobs: int | None) -> Body:
    """One token of one choice; the last one carries the finish reason."""
    token = answer.tokens[position]
    last = position == len(answer.tokens) - 1
    choice: Body = {
        "index": answer.index,
        "delta": {"content": token} if answer.tool_call is None else _tool_delta(answer.tool_call, position, token),
        "logprobs": None if logprobs is None else chat_logprobs([token], logprobs),
        "finish_reason": answer.finish_reason if last else None,
    }
    if last:
        choice["stop_reason"] = None
    return {**choice, "token_ids": None}


def text_completion(head: Head, answers: Sequence[Answer], counts: Body, logprobs: bool) -> Body:
    """The object `text_completion`."""
    choices = [
        {
            "index": answer.index,
            "text": answer.text,
            "logprobs": text_logprobs(answer.tokens) if logprobs else None,
            "finish_reason": answer.finish_reason,
            **dict.fromkeys(("stop_reason", "token_ids", "prompt_logprobs", "prompt_token_ids", "routed_experts")),
        }
        for answer in answers
    ]
    return {
        "id": head.id,
        "object": "text_completion",
        "created": head.created,
        "model": head.model,
        "choices": choices,
        "service_tier": None,
        "system_fingerprint": FINGERPRINT,
        "usage": counts,
        **_LAST_KEYS,
    }


def text_chunk(head: Head, choices: list[Body], **more: Any) -> Body:
    """One event of a /v1/completions stream."""
    return {**chat_chunk(head, choices, **more), "object": "text_completion"}


def text_token_choice(answer: Answer, position: int, logprobs: bool) -> Body:
    """One token of one choice of /v1/completions."""
    token = answer.tokens[position]
    return {
        "index": answer.index,
        "text": token,
        "logprobs": text_logprobs([token]) if logprobs else None,
        "finish_reason": answer.finish_reason if position == len(answer.tokens) - 1 else None,
        **dict.fromkeys(("stop_reason", "prompt_token_ids", "token_ids")),
    }


def response_message(item_id: str, text: str | None) -> Body:
    """The message in the output of /v1/responses; without text while it is being written."""
    part = {"annotations": [], "text": text, "type": "output_text", "logprobs": None}
    return {
        "id": item_id,
        "content": [] if text is None else [part],
        "role": "assistant",
        "status": "in_progress" if text is None else "completed",
        "type": "message",
        "phase": None,
    }


def response(head: Head, request: Body, message: Body | None, counts: Body | None, status: str) -> Body:
    """The object `response`; `status` is `in_progress`, `completed` or `incomplete`."""
    incomplete = {"reason": "max_output_tokens"} if status == "incomplete" else None
    return {
        "id": head.id,
        "created_at": head.created,
        "incomplete_details": incomplete,
        "instructions": request.get("instructions"),
        "metadata": request.get("metadata"),
        "model": head.model,
        "object": "response",
        "output": [] if message is None else [message],
        "parallel_tool_calls": True,
        "temperature": request.get("temperature", 1.0),
        "tool_choice": "none",
        "tools": [],
        "top_p": request.get("top_p", 1.0),
        "background": False,
        "max_output_tokens": request.get("max_output_tokens"),
        **dict.fromkeys(("max_tool_calls", "previous_response_id", "prompt", "reasoning")),
        "service_tier": "auto",
        "status": status,
        **dict.fromkeys(("text", "top_logprobs")),
        "truncation": "disabled",
        "usage": counts,
        "user": request.get("user"),
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        **dict.fromkeys(("kv_transfer_params", "ec_transfer_params", "input_messages", "output_messages")),
    }


def response_usage(prompt_tokens: int, completion_tokens: int) -> Body:
    """The usage of /v1/responses."""
    cached = {"cached_tokens": 0, "cache_write_tokens": 0, "input_tokens_per_turn": [], "cached_tokens_per_turn": []}
    reasoned: Body = {"reasoning_tokens": 0, "tool_output_tokens": 0}
    return {
        "input_tokens": prompt_tokens,
        "input_tokens_details": cached,
        "output_tokens": completion_tokens,
        "output_tokens_details": {**reasoned, "output_tokens_per_turn": [], "tool_output_tokens_per_turn": []},
        "total_tokens": prompt_tokens + completion_tokens,
    }


def model_list(name: str, created: int, max_model_len: int) -> Body:
    """The answer of /v1/models."""
    allowed = {
        "allow_create_engine": False,
        "allow_sampling": True,
        "allow_logprobs": True,
        "allow_search_indices": False,
        "allow_view": True,
        "allow_fine_tuning": False,
    }
    permission = {
        "id": "modelperm-0000000000000000",
        "object": "model_permission",
        "created": created,
        **allowed,
        "organization": "*",
        "group": None,
        "is_blocking": False,
    }
    model = {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "vllm",
        "root": "/models/fake",
        "parent": None,
        "max_model_len": max_model_len,
        "permission": [permission],
    }
    return {"object": "list", "data": [model]}


_TOOL_CALL_ID = "chatcmpl-tool-0123456789abcdef"
_LAST_KEYS: Body = dict.fromkeys(("kv_transfer_params", "ec_transfer_params", "metrics"))


def _chat_choice(answer: Answer, logprobs: int | None) -> Body:
    message: Body = {"role": "assistant", "content": answer.text}
    message.update(dict.fromkeys(("refusal", "annotations", "audio", "function_call")))
    if answer.tool_call is not None:
        call = {"id": _TOOL_CALL_ID, "type": "function", "function": answer.tool_call}
        message = {**message, "content": "", "tool_calls": [call]}
    return {
        "index": answer.index,
        "message": {**message, "reasoning": None},
        "logprobs": None if logprobs is None else chat_logprobs(answer.tokens, logprobs),
        "finish_reason": answer.finish_reason,
        **dict.fromkeys(("stop_reason", "token_ids", "routed_experts")),
    }


def _tool_delta(tool_call: Body, position: int, token: str) -> Body:
    if position > 0:
        return {"tool_calls": [{"index": 0, "function": {"arguments": token}}]}
    function = {"name": tool_call["name"], "arguments": token}
    return {"tool_calls": [{"id": _TOOL_CALL_ID, "type": "function", "index": 0, "function": function}]}


def _json(data: Body) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
