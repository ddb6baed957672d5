"""What a real vLLM does with what clients send besides OpenAI's fields."""

from typing import Any

import httpx
import pytest

from tests.stack import Stack

pytestmark = pytest.mark.engine

QUESTION = {"role": "user", "content": "Hello, who are you?"}
SCHEMA = {
    "type": "object",
    "properties": {"happy": {"type": "boolean"}, "count": {"type": "integer", "minimum": 0, "maximum": 99}},
    "required": ["happy", "count"],
    "additionalProperties": False,
}


def test_tokens_of_a_text_come_back_as_the_text(api: httpx.Client, stack: Stack) -> None:
    root = stack.base_url.removesuffix("/v1")
    found = api.post(f"{root}/tokenize", json={"model": "attune", "prompt": "Hello there"}).json()
    assert found["count"] == len(found["tokens"]) > 0
    back = api.post(f"{root}/detokenize", json={"model": "attune", "tokens": found["tokens"]}).json()
    assert "Hello there" in back["prompt"]
    chat = api.post(f"{root}/tokenize", json={"model": "attune", "messages": [QUESTION]}).json()
    assert chat["max_model_len"] == api.get("/models").json()["data"][0]["max_model_len"]


def test_messages_as_clients_keep_them_go_through_the_template(api: httpx.Client) -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "[1]"}}
    said = {"role": "assistant", "content": None, "tool_calls": [call], "provider_specific_fields": {"a": 1}}
    history: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": None, "id": "msg_1"},
        QUESTION,
        said,
        {"role": "tool", "tool_call_id": "c1", "content": []},
        QUESTION,
    ]
    body = {"model": "attune", "messages": history, "max_tokens": 8, "stop": list("qxyz"), "verbosity": "low"}
    answer = api.post("/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    assert "messages.3.provider_specific_fields" in answer.headers["x-attune-ignored"]


def test_an_answer_within_a_schema_ends(api: httpx.Client) -> None:
    """JSON allows blanks without end, which a small model writes until its tokens run out."""
    form = {"type": "json_schema", "json_schema": {"name": "mood", "schema": SCHEMA}}
    for seed in range(6):
        body = {"model": "attune", "messages": [QUESTION], "response_format": form, "max_tokens": 60, "seed": seed}
        choice = api.post("/chat/completions", json=body).json()["choices"][0]
        assert choice["finish_reason"] == "stop", choice


def test_what_a_request_holds_is_not_in_the_engines_log(api: httpx.Client, stack: Stack) -> None:
    """Of schemas that the grammar's compiler takes in part, and of one that it refuses."""
    answered = []
    for pattern in ("^(?=SECRETWORD)a$", "^SECRETWORD$b", "SECRETWORD(?<!x)"):
        schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}
        form = {"type": "json_schema", "json_schema": {"name": "mood", "schema": schema}}
        body = {"model": "attune", "messages": [QUESTION], "response_format": form, "max_tokens": 4}
        answered.append(api.post("/chat/completions", json=body).status_code)
    assert 400 in answered  # something was refused, which is what vLLM logs
    logs = [path.read_text(errors="replace") for path in (stack.home / "logs").glob("*.log")]
    assert logs
    assert not any("SECRETWORD" in log for log in logs)
