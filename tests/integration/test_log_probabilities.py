"""The first request with log-probabilities, on a machine where nothing has been compiled yet."""

import httpx
import pytest

from tests.stack import Stack

pytestmark = pytest.mark.engine


def test_no_kernel_is_compiled_while_people_wait(stack: Stack, api: httpx.Client) -> None:
    """In its eager mode vLLM compiles one for log-probabilities (docs/decisions/0016)."""
    messages = [{"role": "user", "content": "hello"}]
    body = {"model": "attune", "messages": messages, "max_tokens": 4, "logprobs": True, "top_logprobs": 2}
    answer = api.post("/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 2
    assert not [path for path in stack.compiled.rglob("*") if path.is_file()]
