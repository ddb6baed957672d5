"""What every request meets: limits, error bodies, ids, logs and metrics; and what the description says of them."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

import pytest

from server.openapi import BODIES
from tests.fake_engine import Behaviour
from tests.server.conftest import Gateway

Start = Callable[..., Awaitable[Gateway]]


async def raw(gateway: Gateway, request: bytes) -> bytes:
    """What the server answers to bytes; it closes the connection."""
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


def body_of(answer: bytes) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    return found


@pytest.mark.parametrize(
    ("method", "path", "status", "type"),
    [
        ("GET", "/nowhere", 404, "not_found_error"),
        ("GET", "/v1/models/none", 404, "not_found_error"),
        ("PUT", "/v1/models", 405, "invalid_request_error"),
        ("GET", "/v1/feedback", 200, ""),
        ("GET", "/docs", 404, "not_found_error"),
        ("GET", "/v1/models/", 404, "not_found_error"),
        ("GET", "/v1/conversations/%00", 400, "invalid_request_error"),
        ("GET", "/v1/feedback?completion_id=%00", 400, "invalid_request_error"),
    ],
)
async def test_unknown_routes_and_methods_have_openais_error_body(
    gateway: Gateway, method: str, path: str, status: int, type: str
) -> None:
    answer = await gateway.http.request(method, path)
    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert answer.json()["error"]["type"] == type
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_long_body_is_refused_with_413(start: Start, chunked: bool) -> None:
    gateway = await start(max_body_bytes=10_000)
    content = json.dumps({"model": "attune", "messages": [{"role": "user", "content": "x" * 20_000}]}).encode()

    async def pieces():  # type: ignore[no-untyped-def]
        for begin in range(0, len(content), 1000):
            yield content[begin : begin + 1000]

    answer = await gateway.http.post("/v1/chat/completions", content=pieces() if chunked else content)
    assert (answer.status_code, answer.json()["error"]["type"]) == (413, "invalid_request_error")


async def test_a_body_that_never_ends_is_given_up(start: Start) -> None:
    gateway = await start(body_timeout_s=0.2)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {gateway.secret}\r\n"
    answer = await raw(gateway, head.encode() + b"Content-Length: 100\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 20_000,
        b"GET /health/live HTTP/1.1\r\n" + b"".join(b"h%d: %s\r\n" % (i, b"x" * 100) for i in range(300)) + b"\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_long_headers_are_refused_with_431_even_if_they_never_end(gateway: Gateway, head: bytes) -> None:
    answer = await raw(gateway, head)
    assert answer.startswith(b"HTTP/1.1 431")
    assert body_of(answer)["error"]["type"] == "invalid_request_error"


async def test_what_is_not_http_is_refused_in_openais_shape(gateway: Gateway) -> None:
    answer = await raw(gateway, b"nonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert body_of(answer)["error"]["code"] == "invalid_http"


async def test_a_long_body_does_not_count_as_headers(gateway: Gateway) -> None:
    assert (await gateway.ask("x" * 100_000)).status_code in {200, 400}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"a": NaN}', b'{"\\u0000": 1}', b'{"a": "\\ud800"}'])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/feedback", "/v1/conversations"])
async def test_a_malformed_body_is_a_400_everywhere(gateway: Gateway, path: str, content: bytes) -> None:
    answer = await gateway.http.post(path, content=content)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_a_defect_of_ours_is_a_500_that_tells_nothing(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, model: str, asker: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("server.snapshot.Snapshot.target", broken)
    answer = await gateway.ask()
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
    assert "secret" not in answer.text


async def test_each_request_is_one_log_line_without_its_text(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="server.requests"):
        answer = await gateway.ask("a very private question")
    [line] = [record for record in caplog.records if record.name == "server.requests"]
    assert line.__dict__["request_id"] == answer.headers["x-request-id"]
    assert (line.__dict__["status"], line.__dict__["version"], line.__dict__["key"]) == (200, 1, gateway.key.prefix)
    assert line.__dict__["route"] == "/v1/chat/completions"
    everything = " ".join(str(record.__dict__) for record in caplog.records)
    assert "private" not in everything
    assert gateway.secret not in everything


async def test_metrics_count_requests_by_route_and_status(gateway: Gateway) -> None:
    await gateway.ask()
    await gateway.ask(n=99)
    await gateway.http.get("/v1/secret-path-with-user-data")
    text = (await gateway.http.get("/metrics")).text
    assert 'attune_requests_total{method="POST",route="/v1/chat/completions",status="200"} 1.0' in text
    assert 'attune_requests_total{method="POST",route="/v1/chat/completions",status="400"} 1.0' in text
    assert "secret-path" not in text
    assert "attune_inflight 0.0" in text
    assert 'attune_tokens_total{kind="completion"} 16.0' in text
    assert "attune_commit_batch_size_count" in text


async def test_models_are_listed_in_openais_shape(gateway: Gateway) -> None:
    listed = (await gateway.http.get("/v1/models")).json()
    assert [model["id"] for model in listed["data"]] == ["attune", "attune@v1"]
    assert (await gateway.http.get("/v1/models/attune@v1")).json() == listed["data"][1]


async def test_probes_need_no_key(gateway: Gateway) -> None:
    async with gateway.client("none") as client:
        del client.headers["authorization"]
        assert (await client.get("/health/live")).json() == {"status": "ok"}
        assert (await client.get("/health/ready")).json() == {
            "ready": True,
            "message": "attune@v1 is ready.",
            "version": "attune@v1",
        }
        assert (await client.get("/metrics")).status_code == 200


async def test_no_other_site_may_call_from_a_browser(gateway: Gateway) -> None:
    answer = await gateway.http.get("/v1/models", headers={"origin": "http://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_the_description_names_every_body_and_resolves_every_reference(gateway: Gateway) -> None:
    description = (await gateway.http.get("/openapi.json")).json()
    schemas = description["components"]["schemas"]
    assert {model.__name__ for model in BODIES} <= set(schemas)
    for reference in _references(description):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for path, operations in description["paths"].items():
        for operation in operations.values():
            assert "500" in operation["responses"], path


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for item in value.values() for found in _references(item)]
    return [found for item in value for found in _references(item)] if isinstance(value, list) else []


async def test_draining_lets_running_answers_finish(start: Start) -> None:
    gateway = await start(drain_timeout_s=5)
    gateway.engine.behaviour = Behaviour(tokens=10, token_delay_s=0.05)
    running = asyncio.create_task(gateway.ask())
    await asyncio.sleep(0.2)
    gateway.server.should_exit = True
    answer = await running
    assert answer.status_code == 200
    assert gateway.stored(answer.json()["id"]).status == "complete"


async def test_an_answer_that_outlasts_the_draining_ends_with_an_error_and_is_stored(start: Start) -> None:
    gateway = await start(drain_timeout_s=1)
    gateway.engine.behaviour = Behaviour(tokens=1000, token_delay_s=0.05)
    body = {"model": "attune", "messages": [{"role": "user", "content": "x"}], "stream": True}
    running = asyncio.create_task(gateway.http.post("/v1/chat/completions", json=body))
    await asyncio.sleep(0.2)
    gateway.server.should_exit = True
    answer = await running
    assert '"shutting_down"' in answer.text
    assert "[DONE]" not in answer.text
    await asyncio.sleep(0.3)
    stored = gateway.stored(f"chatcmpl-{answer.headers['x-request-id']}")
    assert (stored.status, stored.choices[0].text.startswith("word0")) == ("error", True)
