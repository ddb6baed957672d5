"""How many raters one client can make, and what is kept of its address."""

import asyncio
from contextlib import closing
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import select
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chat_ui import raters
from chat_ui.gateway_client import GatewayClient
from chat_ui.identity import COOKIE, IdentityMiddleware, Signer, user_of
from chat_ui.raters import DAY_S, RaterLimit, network, rater_of
from chat_ui.records import ChatSettings
from chat_ui.settings import ChatUISettings
from ledger.schema import users
from tests.chat_ui.conftest import Chat

ADDRESS = "203.0.113.7"
HOUR_S = 3600.0


class Clock:
    """A clock that a test sets, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limit(clock: Clock) -> RaterLimit:
    """The limit as it is shipped."""
    shipped = ChatUISettings()
    return RaterLimit(shipped.ui_raters_burst, shipped.ui_raters_per_day, clock)


def made(limit: RaterLimit, *clients: str) -> set[str]:
    """The raters that new browsers of these clients count as."""
    return {rater_of(limit.new_user(client)) for client in clients}


@pytest.mark.parametrize("began_s", [0.0, raters.KEY_LIFETIME_S - 300, 10 * DAY_S - 300])
def test_a_thousand_browsers_of_one_client_in_ten_minutes_are_one_rater(
    limit: RaterLimit, clock: Clock, began_s: float
) -> None:
    clock.now += began_s
    users = []
    for _ in range(1000):
        users.append(limit.new_user(ADDRESS))
        clock.now += 0.6
    assert len(set(users)) == 1000
    assert len({rater_of(user) for user in users}) == 1


def test_in_the_long_run_a_client_makes_as_many_raters_a_day_as_are_allowed(limit: RaterLimit, clock: Clock) -> None:
    found: set[str] = set()
    for _ in range(10 * 24 * 6):
        found |= made(limit, ADDRESS)
        clock.now += HOUR_S / 6
    assert 10 * limit.per_day <= len(found) <= 10 * limit.per_day + limit.burst


def test_people_at_other_addresses_are_raters_of_their_own(limit: RaterLimit) -> None:
    assert len(made(limit, *(f"203.0.113.{number}" for number in range(50)))) == 50


def test_a_burst_that_was_allowed_makes_so_many_raters_at_once(clock: Clock) -> None:
    assert len(made(RaterLimit(5, 4, clock), *[ADDRESS] * 100)) == 5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("2001:db8:1:2ff::1", "2001:db8:1:200:a:b:c:d", True),
        ("2001:db8:1:200::1", "2001:db8:1:300::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("203.0.113.7:4711", "203.0.113.7", True),
        ("203.0.113.7:4711", "203.0.113.8:4711", False),
        ("[2001:db8:1:200::1]:4711", "2001:db8:1:200::1", True),
        ("[2001:db8:1:200::1]", "[2001:db8:1:300::1]:1", False),
        ("testclient", "testclient", True),
        ("", "testclient", False),
    ],
)
def test_a_client_is_an_ipv4_address_or_what_a_household_has_of_ipv6(one: str, other: str, same: bool) -> None:
    assert (network(one) == network(other)) is same


async def test_no_address_is_kept_and_no_hash_for_longer_than_a_day(
    limit: RaterLimit, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [limit.new_user(ADDRESS) for _ in range(3)]
    kept = [limit._now, limit._before]
    assert ADDRESS not in repr(kept) + repr(users)
    hashed, key = next(iter(limit._now.buckets)), limit._now.key
    monkeypatch.setattr(raters, "RENEW_EVERY_S", 0.0)
    renewing = asyncio.create_task(limit.renew_for_ever())
    for _ in range(int(DAY_S / 600)):  # nobody comes meanwhile
        clock.now += 600
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    renewing.cancel()
    assert hashed not in {name for one in (limit._now, limit._before) for name in one.buckets}
    assert key not in (limit._now.key, limit._before.key)


def test_above_the_most_clients_all_others_are_one(
    limit: RaterLimit, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raters, "MOST_CLIENTS", 10)
    assert len(made(limit, *(f"203.0.113.{number}" for number in range(100)))) == 11
    assert len(limit._now.buckets) == 11


@pytest.mark.parametrize("user", ["browser-" + "a" * 32, "browser-x", "", "browser-" + "a" * 32 + "-b"])
def test_a_browser_from_before_the_limit_counts_alone(user: str) -> None:
    assert rater_of(user) == user


def page(*trusted: str, client: str = "10.0.0.2", scheme: str = "http") -> TestClient:
    """A chat behind nothing but its own middleware, asked from an address; it says who asks."""
    app = FastAPI()
    app.add_middleware(IdentityMiddleware, signer=Signer("secret"), limit=RaterLimit(1, 4))

    @app.get("/")
    def who(request: Request) -> dict[str, Any]:
        return {"rater": rater_of(user_of(request) or ""), "scheme": request.url.scheme}

    behind = ProxyHeadersMiddleware(app, list(trusted))  # type: ignore[arg-type]  # as the chat's server does
    return TestClient(behind, base_url=f"{scheme}://testserver", client=(client, 5000))


def asked(client: TestClient, *forwarded: str) -> set[str]:
    """The raters of browsers without a cookie that come with these X-Forwarded-For."""
    found = set()
    for address in forwarded:
        client.cookies.clear()
        found.add(client.get("/", headers={"x-forwarded-for": address}).json()["rater"])
    return found


def test_x_forwarded_for_of_anybody_is_not_believed() -> None:
    for client in (page(), page("10.0.0.3"), page(client="127.0.0.1")):
        assert len(asked(client, *(f"203.0.113.{number}" for number in range(20)))) == 1


def test_a_trusted_proxy_says_who_the_client_is_and_the_client_cannot_say_otherwise() -> None:
    behind = page("10.0.0.0/8")
    assert len(asked(behind, "203.0.113.7", "203.0.113.8")) == 2
    assert len(asked(behind, *(f"192.0.2.{number}, 203.0.113.9" for number in range(20)))) == 1
    said = behind.get("/", headers={"x-forwarded-proto": "https"})
    assert said.json()["scheme"] == "https"


async def test_browsers_of_one_client_chat_each_by_itself_and_vote_as_one_rater(chat: Chat) -> None:
    secret = (chat.gateway.log.parent / "ui.secret").read_text().strip()
    names = []
    for _ in range(5):
        with httpx.Client(base_url=chat.url, trust_env=False) as browser:
            names.append(Signer(secret).read(browser.get("/").cookies[COOKIE]) or "")
    gateway = GatewayClient(chat.gateway.root_url, chat.gateway.secrets.app)
    for name in names:
        await gateway.create_conversation(name, "", ChatSettings())
    await gateway.close()
    with closing(chat.ledger()) as database, database.read() as connection:
        mine = select(users.c.counts_as).where(users.c.external_id.in_(names))
        found = connection.execute(mine).scalars().all()
    assert len(found) == 5
    assert len(set(found)) == 1 and found[0] is not None
