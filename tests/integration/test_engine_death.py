"""kill -9 of the engine in mid-stream: an error event and not silence, and the engine is back by itself."""

import json
import os
import signal
import time
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.recorded import wait_for_completion
from tests.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

NOTICED_WITHIN_S = 2.0
BACK_WITHIN_S = 240


def test_a_killed_engine_ends_the_stream_with_an_error_event_and_comes_back(stack: Stack, api: httpx.Client) -> None:
    user = f"unlucky-{uuid4()}"
    messages = [{"role": "user", "content": "Hello!"}]
    body = {"model": "attune", "messages": messages, "n": 8, "max_tokens": 400, "ignore_eos": True, "user": user}
    with api.stream("POST", "/chat/completions", json={**body, "stream": True}) as answer:
        lines = (line for line in answer.iter_lines() if line)
        before = [next(lines) for _ in range(40)]
        _kill_engine(stack)
        killed_at = time.monotonic()
        after = list(lines)
        noticed_after_s = time.monotonic() - killed_at
    assert all("error" not in json.loads(line.removeprefix("data: ")) for line in before)
    # Whoever notices first says so: vLLM's server, whose worker died, or the gateway, whose connection broke.
    error = json.loads(after[-1].removeprefix("data: "))["error"]
    assert error["type"] in {"InternalServerError", "upstream_error"}
    assert error["message"]
    assert noticed_after_s <= NOTICED_WITHIN_S

    refused = api.post("/chat/completions", json={"model": "attune", "messages": messages, "max_tokens": 2})
    assert refused.status_code in {502, 503}
    if refused.status_code == 503:
        assert int(refused.headers["retry-after"]) >= 1

    wanted = {"model": "attune", "messages": messages, "max_tokens": 2}
    while (answer := api.post("/chat/completions", json=wanted)).status_code != 200:
        assert answer.status_code in {502, 503}, answer.text
        assert time.monotonic() - killed_at < BACK_WITHIN_S, answer.text
        time.sleep(0.5)

    database = stack.open_ledger()
    row = wait_for_completion(database, user)
    database.close()
    assert row.status == "error"
    assert row.text
    assert row.error


def _kill_engine(stack: Stack) -> None:
    """SIGKILL to the process that generates: vLLM's engine core, the child of its API server."""
    engine = stack.engine()
    assert engine is not None
    assert engine.pid is not None
    family = [psutil.Process(engine.pid), *psutil.Process(engine.pid).children(recursive=True)]
    cores = [process for process in family if "EngineCore" in " ".join(process.cmdline())]
    assert cores, [process.cmdline() for process in family]
    for core in cores:
        os.kill(core.pid, signal.SIGKILL)
