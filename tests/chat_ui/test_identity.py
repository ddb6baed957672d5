"""Who chats: the signed cookie."""

import stat
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from chat_ui.identity import COOKIE, SECURE_COOKIE, IdentityMiddleware, Signer, load_secret, user_of
from chat_ui.raters import RaterLimit


@pytest.fixture
def client() -> TestClient:
    """An application that says who asks."""
    app = FastAPI()
    app.add_middleware(IdentityMiddleware, signer=Signer("secret"), limit=RaterLimit(1, 4))

    @app.get("/")
    @app.get("/other")
    def who(request: Request) -> str | None:
        return user_of(request)

    return TestClient(app)


def test_the_page_gives_a_browser_an_id_that_it_keeps(client: TestClient) -> None:
    first = client.get("/").json()
    assert first.startswith("browser-")
    again = client.get("/other")
    assert again.json() == first
    assert "set-cookie" not in again.headers


def test_every_browser_gets_its_own_id(client: TestClient) -> None:
    first = client.get("/").json()
    client.cookies.clear()
    assert client.get("/").json() != first


def test_only_the_page_gives_out_ids(client: TestClient) -> None:
    answer = client.get("/other")
    assert answer.json() is None
    assert "set-cookie" not in answer.headers


def test_scripts_and_other_sites_cannot_use_the_cookie(client: TestClient) -> None:
    cookie = client.get("/").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    secure = TestClient(client.app, base_url="https://testserver").get("/").headers["set-cookie"]
    assert "Secure" in secure


def test_over_https_the_cookie_is_this_hosts_alone_and_nobody_is_lost(client: TestClient) -> None:
    assert client.get("/").headers["cache-control"] == "no-store"
    known = client.get("/other").json()
    old = client.cookies[COOKIE]
    encrypted = TestClient(client.app, base_url="https://testserver")
    moved = encrypted.get("/", headers={"cookie": f"{COOKIE}={old}"})
    assert moved.json() == known
    new, expired = moved.headers.get_list("set-cookie")
    assert (
        new.startswith(f"{SECURE_COOKIE}=") and "; Path=/;" in new and new.endswith("; Secure") and "Domain" not in new
    )
    assert expired.startswith(f"{COOKIE}=; Max-Age=0")
    value = new.partition("=")[2].partition(";")[0]
    again = encrypted.get("/", headers={"cookie": f"{SECURE_COOKIE}={value}"})
    assert again.json() == known and "set-cookie" not in again.headers
    planted = Signer("secret").sign("browser-of-somebody-else")
    both = encrypted.get("/", headers={"cookie": f"{COOKIE}={planted}; {SECURE_COOKIE}={value}"})
    assert both.json() == known  # what another host of the domain sets does not count
    assert client.get("/other", headers={"cookie": f"{SECURE_COOKIE}={planted}"}).json() != "browser-of-somebody-else"


@pytest.mark.parametrize("forged", [Signer("another secret").sign("browser-1"), "browser-1", "", "a.b.c", "%00", '"'])
def test_a_forged_cookie_is_nobody(client: TestClient, forged: str) -> None:
    assert client.get("/other", headers={"cookie": f"{COOKIE}={forged}"}).json() is None


@given(st.text())
def test_a_signature_is_read_back(user_id: str) -> None:
    signer = Signer("secret")
    assert signer.read(signer.sign(user_id)) == user_id


def test_the_secret_is_written_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ui.secret"
    secret = load_secret(path)
    assert len(secret) >= 40
    assert load_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
