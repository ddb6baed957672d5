"""The ops page's way to the gateway: what passes, and whose key."""

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from chat_ui.ops import OpsPage
from chat_ui.security import OpsOriginMiddleware, SecurityMiddleware

KEY = {"authorization": "Bearer sk-attune-admin", "origin": "null"}


class Gateway(httpx.AsyncBaseTransport):
    """Answers every request in the same way and keeps the last."""

    def __init__(self) -> None:
        self.response: httpx.Response | Exception = httpx.Response(200, json={"live": 3})
        self.request: httpx.Request | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def client(gateway: Gateway) -> TestClient:
    """A browser at the page's server."""
    app = FastAPI()
    app.include_router(OpsPage("http://gateway", transport=gateway).router)
    app.add_middleware(OpsOriginMiddleware)
    app.add_middleware(SecurityMiddleware)
    return TestClient(app)


@pytest.mark.parametrize(
    "path",
    [
        "versions",
        "versions/7/lineage",
        "deployments",
        "deployments/canary",
        "engines",
        "feedback/statistics",
        "alignment/runs",
        "alignment/runs/run_0a",
        "alignment/runs/run_0a/pictures/reward-model/calibration",
        "alignment/snapshots/snap_0a/feedback",
    ],
)
def test_the_page_reads_with_the_key_of_whoever_looks(client: TestClient, gateway: Gateway, path: str) -> None:
    answer = client.get(f"/ops/api/{path}?days=3&after=a%26b", headers=KEY)
    assert answer.json() == {"live": 3}
    assert answer.headers["cache-control"] == "no-store"
    assert gateway.request is not None
    assert gateway.request.url == f"http://gateway/v1/{path}?days=3&after=a%26b"
    assert gateway.request.headers["authorization"] == KEY["authorization"]


def test_a_change_and_its_refusal_are_passed_on(client: TestClient, gateway: Gateway) -> None:
    gateway.response = httpx.Response(409, json={"error": {"message": "Version 4 is not the canary now."}})
    answer = client.post("/ops/api/deployments/promote", json={"version": 4, "reason": "good"}, headers=KEY)
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == "Version 4 is not the canary now."
    assert gateway.request is not None
    assert gateway.request.read() == b'{"version":4,"reason":"good"}'


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer " + "a" * 201])
def test_without_a_key_nothing_is_asked(client: TestClient, gateway: Gateway, key: str) -> None:
    assert client.get("/ops/api/deployments", headers=KEY | {"authorization": key}).status_code == 401
    assert gateway.request is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "conversations"),
        ("GET", "feedback/export"),
        ("GET", "versions/../users"),
        ("GET", "versions%2f..%2f..%2fmetrics"),
        ("GET", "alignment/runs/run_0a/pictures/..%2f/x"),
        ("GET", "deployments/promote"),
        ("POST", "deployments"),
        ("POST", "chat/completions"),
        ("DELETE", "users/ann"),
    ],
)
def test_nothing_but_ops_passes(client: TestClient, gateway: Gateway, method: str, path: str) -> None:
    assert client.request(method, f"/ops/api/{path}", headers=KEY).status_code in (404, 405)
    assert gateway.request is None


def test_a_long_body_is_refused_before_it_is_read_to_its_end(client: TestClient, gateway: Gateway) -> None:
    answer = client.post("/ops/api/deployments/canary", content=b"a" * 9000, headers=KEY)
    assert answer.status_code == 413
    assert gateway.request is None


def test_a_gateway_that_is_away_is_said(client: TestClient, gateway: Gateway) -> None:
    gateway.response = httpx.ConnectError("refused")
    answer = client.get("/ops/api/deployments", headers=KEY)
    assert answer.status_code == 502
    assert "cannot be reached" in answer.json()["error"]["message"]


@pytest.mark.parametrize("origin", [None, "http://testserver", "http://elsewhere"])
def test_no_page_but_the_ops_page_is_answered(client: TestClient, gateway: Gateway, origin: str | None) -> None:
    """A script in the chat has the chat's origin, even if it learned the key from somebody."""
    headers = {"authorization": KEY["authorization"]} | ({"origin": origin} if origin else {})
    for answer in (
        client.get("/ops/api/deployments", headers=headers),
        client.post("/ops/api/deployments/promote", json={"version": 4, "reason": "x"}, headers=headers),
    ):
        assert answer.status_code == 403
        assert "Only the ops page" in answer.json()["error"]["message"]
    assert gateway.request is None


def test_the_ops_page_may_read_its_own_routes_and_nothing_else(client: TestClient) -> None:
    wish = {
        "origin": "null",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    allowed = client.options("/ops/api/deployments/promote", headers=wish)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "null")
    assert "access-control-allow-credentials" not in allowed.headers
    assert client.get("/ops/api/deployments", headers=KEY).headers["access-control-allow-origin"] == "null"
    for path in ("/ops", "/"):
        assert "access-control-allow-origin" not in client.get(path, headers=KEY).headers
    assert client.options("/ops/api/deployments", headers=wish | {"origin": "http://x"}).status_code == 400


def test_no_inline_script_may_run_beside_the_key(client: TestClient) -> None:
    page = client.get("/ops")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy
    assert "<script>" not in page.text and "style=" not in page.text and "onclick" not in page.text
    assert "sandbox" in policy and "allow-same-origin" not in policy
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
