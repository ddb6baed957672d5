"""What one key can ask for to keep an engine busy, for `benchmarks/neighbour.py`: routes and bodies of requests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_LONG_PATTERN = {"type": "array", "minItems": 5000, "items": {"type": "string", "pattern": "^(a|b)*a(a|b){900}$"}}


@dataclass(frozen=True)
class Attack:
    """One kind of request.

    Attributes:
        says: What it is, for people.
        path: Where it goes.
        body: Makes the request of a client, by its number.
    """

    says: str
    path: str
    body: Callable[[int], dict[str, Any]]


def _text(**fields: Any) -> dict[str, Any]:
    return {"model": "attune", "max_tokens": 900, "ignore_eos": True} | fields


ATTACKS = {
    "answers": Attack(
        "8 prompts x n 8 x 900 tokens",
        "/v1/completions",
        lambda _: _text(prompt=[f"Tell me a long story about the number {number}." for number in range(8)], n=8),
    ),
    "tokenize": Attack(
        "/tokenize of 1 MB with the tokens' texts",
        "/tokenize",
        lambda client: {"model": "attune", "prompt": f"{client}{'ab' * 500_000}", "return_token_strs": True},
    ),
    "tokenize_most": Attack(
        "/tokenize of 262,000 characters with the tokens' texts",
        "/tokenize",
        lambda client: {"model": "attune", "prompt": f"{client}{'ab' * 131_000}", "return_token_strs": True},
    ),
    "bias_most": Attack(
        "64 prompts x 900 tokens x 300 logit_bias and a penalty",
        "/v1/completions",
        lambda _: _text(
            prompt=["x"] * 64, logit_bias={str(token): -1 for token in range(300)}, repetition_penalty=1.3, top_p=0.9
        ),
    ),
    "top_logprobs_most": Attack(
        "chat, n 6 x 900 tokens x 20 top_logprobs",
        "/v1/chat/completions",
        lambda _: _text(messages=[{"role": "user", "content": "x"}], n=6, logprobs=True, top_logprobs=20),
    ),
    "bias": Attack(
        "64 prompts x 900 tokens x 300 logit_bias x 20 logprobs",
        "/v1/completions",
        lambda client: _text(
            prompt=["x"] * 64,
            logit_bias={str(token): -1 for token in range(300)},
            logprobs=20,
            repetition_penalty=1.3,
            frequency_penalty=1,
            min_p=0.01,
            top_k=40,
            top_p=0.9,
            seed=client,
        ),
    ),
    "top_logprobs": Attack(
        "chat, n 8 x 900 tokens x 20 top_logprobs",
        "/v1/chat/completions",
        lambda _: _text(messages=[{"role": "user", "content": "x"}], n=8, logprobs=True, top_logprobs=20),
    ),
    "echo": Attack(
        "8 prompts of 480 words x n 8 x 20 logprobs, echoed",
        "/v1/completions",
        lambda client: _text(
            prompt=[f"{client} {number} {'a ' * 480}" for number in range(8)], max_tokens=1, echo=True, logprobs=20, n=8
        ),
    ),
    "pattern": Attack(
        "8 prompts x 900 tokens of a schema with the pattern (a|b)*a(a|b){900}",
        "/v1/completions",
        lambda _: {
            "model": "attune",
            "prompt": ["x"] * 8,
            "max_tokens": 900,
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": _LONG_PATTERN}},
        },
    ),
    "long": Attack(
        "64 prompts of 150 words x 800 tokens",
        "/v1/completions",
        lambda client: _text(prompt=[f"{client} {number} {'word ' * 150}" for number in range(64)], max_tokens=800),
    ),
}
