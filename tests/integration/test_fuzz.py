"""Whatever is sent, nothing answers with 5xx and nothing goes wrong unseen: the gateway before a fake engine.

Schemathesis makes requests from the OpenAPI description; Hypothesis the ones that a description does not think of: lone
surrogates, NUL, deep and broken JSON, huge numbers, odd ids and headers. The real vLLM gets a smaller number of the
requests that it would have to check itself.
"""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from tests.processes import FakeEngineProcess, GatewayProcess
from tests.stack import Stack

pytestmark = pytest.mark.timeout(600)

EXAMPLES = settings(max_examples=60, suppress_health_check=list(HealthCheck))
FEW_EXAMPLES = settings(max_examples=12, suppress_health_check=list(HealthCheck))  # of each of some fifty operations
GET_BY_ID = (
    "/v1/chat/completions/{}",
    "/v1/models/{}",
    "/v1/conversations/{}",
    "/v1/conversations/{}/export",
    "/v1/shared/{}",
)
POSTS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/feedback",
    "/v1/conversations",
)
MESSAGES = [{"role": "user", "content": "hello"}]
VALID: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "attune", "messages": MESSAGES, "max_tokens": 2},
    "/v1/completions": {"model": "attune", "prompt": "hello", "max_tokens": 2},
    "/v1/responses": {"model": "attune", "input": "hello", "max_output_tokens": 2},
    "/v1/embeddings": {"model": "attune", "input": "hello"},
    "/v1/feedback": {"completion_id": "chatcmpl-0", "value": 1},
    "/v1/conversations": {"title": "a"},
}
FIELDS = (
    *("model", "messages", "prompt", "input", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "stop"),
    *("seed", "temperature", "top_p", "top_k", "min_p", "logprobs", "top_logprobs", "logit_bias", "stream", "user"),
    *("stream_options", "response_format", "tools", "tool_choice", "metadata", "presence_penalty", "min_tokens"),
    *("repetition_penalty", "stop_token_ids", "frequency_penalty", "ignore_eos", "store", "service_tier", "echo"),
    *("completion_id", "choice_index", "value", "reasons", "comment", "correction", "preferred_over", "source"),
    *("title", "settings", "suffix", "best_of", "instructions", "reasoning", "text", "previous_response_id", ""),
)
QUERY_FIELDS = ("limit", "after", "since", "until", "value", "kind", "completion_id", "query", "format")
HEADERS = (
    "Authorization",
    "X-Attune-User",
    "X-Attune-Keep",
    "Idempotency-Key",
    "X-Request-Id",
    "Content-Type",
    "Accept",
)

# Text with NUL, controls, lone surrogates, private use and right-to-left marks.
texts = st.text(st.characters(exclude_categories=()), max_size=40)
numbers = st.one_of(
    st.integers(-(2**80), 2**80),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([2**31, 2**31 - 1, 2**63, 2**63 - 1, -(2**63) - 1, 10**400, 1e308, 5e-324]),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "tool", "developer", "nobody"]) | texts},
        optional={"content": texts | values, "name": texts, "tool_calls": values, "tool_call_id": texts},
    ),
    max_size=4,
)


def test_requests_from_the_description_get_no_5xx(gateway: GatewayProcess, subtests: pytest.Subtests) -> None:
    # Not schemathesis' own parametrize: its release 4.32 reads an attribute of tests that pytest 9.2 no longer has.
    headers = {"Authorization": f"Bearer {gateway.secrets.admin}"}
    operations = schemathesis.openapi.from_url(f"{gateway.root_url}/openapi.json").get_all_operations()
    for operation in (described.ok() for described in operations):

        @FEW_EXAMPLES
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=[not_a_server_error], timeout=30)

        with subtests.test(operation.label):
            check()


@EXAMPLES
@given(path=st.sampled_from(POSTS), field=st.sampled_from(FIELDS), value=values)
def test_any_value_in_any_field_gets_no_5xx(gateway_api: httpx.Client, path: str, field: str, value: Any) -> None:
    _assert_well_answered(_post(gateway_api, path, {**VALID[path], field: value}))


@EXAMPLES
@given(messages=messages, stream=st.booleans())
def test_any_messages_get_no_5xx(gateway_api: httpx.Client, messages: Any, stream: bool) -> None:
    body = {**VALID["/v1/chat/completions"], "messages": messages, "stream": stream}
    _assert_well_answered(_post(gateway_api, "/v1/chat/completions", body))


@EXAMPLES
@given(path=st.sampled_from(POSTS), body=st.binary(max_size=200) | values.map(json.dumps))
def test_any_body_gets_no_5xx(gateway_api: httpx.Client, path: str, body: Any) -> None:
    content = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    _assert_well_answered(_post_bytes(gateway_api, path, content))


@EXAMPLES
@given(number=numbers)
@example(number=2**63)
def test_any_number_of_a_version_gets_no_5xx(gateway: GatewayProcess, gateway_api: httpx.Client, number: float) -> None:
    headers = {"Authorization": f"Bearer {gateway.secrets.admin}"}
    _assert_well_answered(gateway_api.get(f"/versions/{number}", headers=headers))


@EXAMPLES
@given(path=st.sampled_from(GET_BY_ID), name=texts.filter(bool))
def test_any_id_gets_no_5xx(gateway_api: httpx.Client, path: str, name: str) -> None:
    quoted = quote(name.encode("utf-8", "surrogatepass"), safe="")
    for method in ("GET", "DELETE", "POST"):
        _assert_well_answered(gateway_api.request(method, path.format(quoted).removeprefix("/v1")))


@EXAMPLES
@given(name=st.sampled_from(QUERY_FIELDS), value=texts)
def test_any_query_gets_no_5xx(gateway_api: httpx.Client, name: str, value: str) -> None:
    quoted = quote(value.encode("utf-8", "surrogatepass"), safe="")
    for path in ("/feedback", "/conversations", "/feedback/export"):
        _assert_well_answered(gateway_api.get(f"{path}?{name}={quoted}"))


@EXAMPLES
@given(
    name=st.sampled_from(HEADERS),
    value=st.binary(max_size=60).map(lambda raw: raw.translate(None, b"\r\n\0\v\f").strip()),
)
def test_any_header_gets_no_5xx(gateway_api: httpx.Client, name: str, value: bytes) -> None:
    content = json.dumps(VALID["/v1/chat/completions"]).encode()
    headers: Any = {name.encode(): value}
    _assert_well_answered(gateway_api.post("/chat/completions", content=content, headers=headers))


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * 200_000, id="open brackets"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="deep objects"),
        pytest.param(b'{"messages":' + b"[" * 33 + b"]" * 33 + b"}", id="one level too deep"),
        pytest.param(b'{"seed":' + b"9" * 100_000 + b"}", id="a number of 100,000 digits"),
        pytest.param(b'{"temperature":1e999999}', id="a float beyond floats"),
        pytest.param(b'{"temperature":NaN,"seed":Infinity}', id="NaN and Infinity"),
        pytest.param(b'{"user":"\\ud800"}', id="a lone surrogate"),
        pytest.param(b'{"user":"\\u0000"}', id="NUL"),
        pytest.param(b'{"user":"\xff\xfe"}', id="not UTF-8"),
        pytest.param(b'{"n":1,"n":2}', id="a key twice"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
    ],
)
def test_hostile_json_is_refused(gateway_api: httpx.Client, path: str, content: bytes) -> None:
    answer = _post_bytes(gateway_api, path, content)
    _assert_well_answered(answer)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("field", ["content", "user", "metadata"])
def test_nul_and_lone_surrogates_never_reach_the_engine(
    gateway_api: httpx.Client, fake_engine: FakeEngineProcess, field: str
) -> None:
    before = fake_engine.state()["received"]
    for text in ("a\0b", "\ud800", "\udfff!"):
        body = {**VALID["/v1/chat/completions"], "user": "u"}
        body |= {"messages": [{"role": "user", "content": text}]} if field == "content" else {}
        body |= {"user": text} if field == "user" else {}
        body |= {"metadata": {"note": text}} if field == "metadata" else {}
        assert _post(gateway_api, "/v1/chat/completions", body).status_code == 400
    assert fake_engine.state()["received"] == before


@pytest.mark.engine
@FEW_EXAMPLES
@given(path=st.sampled_from(POSTS[:3]), field=st.sampled_from(FIELDS), value=values)
def test_any_value_in_any_field_gets_no_5xx_from_vllm(api: httpx.Client, path: str, field: str, value: Any) -> None:
    _assert_well_answered(_post(api, path, {**VALID[path], field: value}))


@pytest.mark.engine
@FEW_EXAMPLES
@given(messages=messages)
def test_any_messages_get_no_5xx_from_vllm(api: httpx.Client, messages: Any) -> None:
    _assert_well_answered(_post(api, "/v1/chat/completions", {**VALID["/v1/chat/completions"], "messages": messages}))


def test_the_gateway_logged_no_unhandled_exception(gateway: GatewayProcess) -> None:
    """Runs last in this file, after all that was sent to the same gateway."""
    log = gateway.log.read_text(errors="replace")
    assert "Traceback" not in log
    assert '"status": 500' not in log
    assert log.strip(), "the gateway logs nothing, so this test would not see anything"


@pytest.mark.engine
def test_the_stack_logged_no_unhandled_exception_of_the_gateway(stack: Stack) -> None:
    log = stack.gateway_log()
    assert "Traceback" not in log
    assert log.strip(), "the gateway logs nothing, so this test would not see anything"


def _post(client: httpx.Client, path: str, body: Any) -> httpx.Response:
    # json.dumps escapes lone surrogates and writes NaN, which httpx's own encoder refuses.
    return _post_bytes(client, path, json.dumps(body).encode())


def _post_bytes(client: httpx.Client, path: str, content: bytes) -> httpx.Response:
    return client.post(path.removeprefix("/v1"), content=content, headers={"Content-Type": "application/json"})


def _assert_well_answered(answer: httpx.Response) -> None:
    """No 5xx, and every refusal has OpenAI's error body."""
    assert answer.status_code < 500, (answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}, answer.text
