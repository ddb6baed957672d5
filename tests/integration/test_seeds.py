"""Many long prompts with a seed at once: more than one step of the engine can take."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.stack import Stack

pytestmark = pytest.mark.engine

AT_ONCE = 16
WORDS = 500  # A prompt's tokens are at least as many; vLLM takes 2,048 in one step.


def test_long_prompts_with_a_seed_do_not_end_the_engine(stack: Stack, api: httpx.Client) -> None:
    """The CPU build of vLLM dies of it when it may cut prompts (docs/decisions/0007)."""
    with stack.engine_client() as engine:
        assert engine.get("/v1/models").json()["data"][0]["max_model_len"] >= 1024

    def ask(number: int) -> int:
        text = f"{number} " + "hello " * WORDS  # The number comes first, so that no two share a cached prefix.
        messages = [{"role": "user", "content": text}]
        return api.post(
            "/chat/completions", json={"model": "attune", "messages": messages, "max_tokens": 4, "seed": number}
        ).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(ask, range(AT_ONCE))) == {200}
