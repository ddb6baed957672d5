"""A client that hangs up frees the engine within a second, and leaves a row that says so."""

import math
from uuid import uuid4

import httpx
import pytest

from tests.recorded import Recorded, seconds_until, wait_for_completion
from tests.stack import Stack

pytestmark = pytest.mark.engine

FREE_WITHIN_S = 1.0
PROMPT_TOKENS = 64  # of the context; more than the prompt needs


@pytest.fixture
def long_request(stack: Stack) -> dict[str, object]:
    """A request that keeps the engine busy for seconds: four times as many tokens as fit.

    Twice as many keep it so busy that it says how busy it is only after seconds.
    """
    with stack.engine_client() as engine:
        context = engine.get("/v1/models").json()["data"][0]["max_model_len"]
    messages = [{"role": "user", "content": "Hello!"}]
    length = {"max_tokens": context - PROMPT_TOKENS, "ignore_eos": True}
    return {"model": "attune", "messages": messages, "n": 4, "user": f"impatient-{uuid4()}", **length}


def test_hanging_up_in_the_middle_of_a_stream_frees_the_engine(
    stack: Stack, api: httpx.Client, long_request: dict[str, object]
) -> None:
    with api.stream("POST", "/chat/completions", json={**long_request, "stream": True}) as answer:
        lines = answer.iter_lines()
        for _ in range(60):
            next(lines)
        assert seconds_until(lambda: stack.engine_running() > 0) < math.inf
    assert seconds_until(lambda: stack.engine_running() == 0) <= FREE_WITHIN_S
    row = _recorded(stack, long_request)
    assert row.status == "partial"
    assert row.id == f"chatcmpl-{answer.headers['x-request-id']}"
    assert row.text


def test_hanging_up_before_a_whole_answer_frees_the_engine(stack: Stack, long_request: dict[str, object]) -> None:
    headers = {"Authorization": f"Bearer {stack.secrets.app}"}
    with (
        httpx.Client(base_url=stack.base_url, headers=headers, timeout=0.5) as impatient,
        pytest.raises(httpx.ReadTimeout),
    ):
        impatient.post("/chat/completions", json=long_request)
    assert seconds_until(lambda: stack.engine_running() == 0) <= FREE_WITHIN_S
    assert _recorded(stack, long_request).status == "partial"


def _recorded(stack: Stack, request: dict[str, object]) -> Recorded:
    database = stack.open_ledger()
    try:
        return wait_for_completion(database, str(request["user"]))
    finally:
        database.close()
