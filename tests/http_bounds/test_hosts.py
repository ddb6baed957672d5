"""By which names a server may be called."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from http_bounds.hosts import AllowedHosts, HostMiddleware


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]", "10.1.2.3:8000", "attune.localhost"],
)
def test_localhost_and_addresses_are_always_ours(host: str) -> None:
    assert AllowedHosts((), "127.0.0.1").accept(host)
    assert AllowedHosts((), "0.0.0.0").accept(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8000", "", ":8000", "a b",
     "localhost@evil.example", "localhost/evil", "[::1", "gateway", "xlocalhost"],
)  # fmt: skip
def test_other_names_are_not(host: str) -> None:
    assert not AllowedHosts((), "127.0.0.1").accept(host)


def test_names_are_added_by_the_setting() -> None:
    hosts = AllowedHosts(("gateway", "Chat.example.com.", "*.corp.example"), "gateway.internal")
    assert all(hosts.accept(name) for name in ("gateway:8000", "chat.example.com", "a.b.corp.example"))
    assert hosts.accept("gateway.internal")
    assert not hosts.accept("corp.example")
    assert not hosts.accept("evilcorp.example")
    assert AllowedHosts(("*",), "0.0.0.0").accept("evil.example")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "localhost:1"}, 200),
        ({"host": "evil.example"}, 421),
        ({"host": "localhost", "x-forwarded-host": "evil.example"}, 421),
        ({"host": "localhost", "x-forwarded-host": "localhost, evil.example"}, 421),
        ({"host": "localhost", "x-forwarded-host": "chat.example.com"}, 200),
        ([("host", "localhost"), ("host", "evil.example")], 400),
    ],
)
async def test_a_request_for_another_server_is_refused(headers: httpx._types.HeaderTypes, status: int) -> None:
    app = HostMiddleware(PlainTextResponse("ok"), AllowedHosts(("chat.example.com",), "127.0.0.1"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.get("/", headers=headers)
    assert answer.status_code == status
    if status == 421:
        assert "ATTUNE_ALLOWED_HOSTS" in answer.json()["error"]["message"]
