"""Who may do what, how often, and in whose name."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from ledger import keys
from tests.server.conftest import Gateway

Start = Callable[..., Awaitable[Gateway]]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer x y",
        "Basic abc",
        "Bearer nonsense",
        "Bearer sk-attune-00000000-" + "0" * 64,
        "Bearer sk-attune--",
        "Bearer \xff\xfe",
    ],
)
async def test_without_a_known_key_nothing_opens(gateway: Gateway, header: str | None) -> None:
    async with gateway.client() as client:
        del client.headers["authorization"]
        headers = {} if header is None else {"authorization": header.encode("latin-1")}
        answer = await client.get("/v1/models", headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_with_a_wrong_secret_behind_a_known_prefix_opens_nothing(gateway: Gateway) -> None:
    async with gateway.client(gateway.secret[:-1] + ("0" if gateway.secret[-1] != "0" else "1")) as client:
        assert (await client.get("/v1/models")).status_code == 401


async def test_a_key_works_the_moment_it_is_made(start: Start) -> None:
    gateway = await start(poll_interval_s=30)
    async with gateway.client(gateway.make_key()) as client:
        assert (await client.get("/v1/models")).status_code == 200


async def test_a_revoked_key_stops_working_within_a_second(start: Start) -> None:
    gateway = await start(poll_interval_s=0.5)
    assert (await gateway.http.get("/v1/models")).status_code == 200
    with gateway.database.write() as connection:
        keys.revoke(connection, gateway.key.prefix)
    revoked = time.monotonic()
    while (await gateway.http.get("/v1/models")).status_code == 200:
        assert time.monotonic() - revoked < 1
        await asyncio.sleep(0.05)


async def test_a_key_expires(gateway: Gateway) -> None:
    secret = gateway.make_key(expires_at=datetime.now(UTC) + timedelta(seconds=0.6))
    async with gateway.client(secret) as client:
        assert (await client.get("/v1/models")).status_code == 200
        await asyncio.sleep(0.7)
        assert (await client.get("/v1/models")).status_code == 401


@pytest.mark.parametrize(
    ("scopes", "method", "path", "opens"),
    [
        (("inference",), "GET", "/v1/models", True),
        (("feedback",), "GET", "/v1/models", False),
        (("feedback",), "POST", "/v1/chat/completions", False),
        (("feedback",), "GET", "/v1/conversations", False),
        (("inference",), "POST", "/v1/feedback", False),
        (("inference",), "GET", "/v1/feedback", False),
        (("feedback",), "GET", "/v1/feedback", True),
        (("inference", "feedback"), "GET", "/v1/feedback/export", False),
        (("admin",), "GET", "/v1/feedback/export", True),
        (("inference",), "DELETE", "/v1/users/ann", False),
        (("admin",), "GET", "/v1/models", False),
    ],
)
async def test_a_key_opens_what_its_scopes_say(
    gateway: Gateway, scopes: tuple[str, ...], method: str, path: str, opens: bool
) -> None:
    async with gateway.client(gateway.make_key(scopes=scopes)) as client:
        answer = await client.request(method, path)
    assert (answer.status_code != 403) is opens
    if not opens:
        assert answer.json()["error"]["type"] == "permission_error"


async def test_a_key_has_its_own_rate(gateway: Gateway) -> None:
    async with gateway.client(gateway.make_key(requests_per_minute=3)) as client:
        answers = [await client.get("/v1/models") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["error"]["type"] == "rate_limit_error"
    assert (await gateway.http.get("/v1/models")).status_code == 200


async def test_the_user_of_header_and_body_must_not_differ(gateway: Gateway) -> None:
    async with gateway.client(user="ann") as client:
        body = {"model": "attune", "messages": [{"role": "user", "content": "x"}]}
        differ = await client.post("/v1/chat/completions", json=body | {"user": "bob"})
        same = await client.post("/v1/chat/completions", json=body | {"user": "ann"})
    assert (differ.status_code, differ.json()["error"]["param"]) == (400, "user")
    assert gateway.stored(same.json()["id"], user="ann").user == "ann"


async def test_a_users_name_may_be_written_in_any_script(gateway: Gateway) -> None:
    async with gateway.client() as client:
        name = "Ünal 王"
        body = {"model": "attune", "messages": [{"role": "user", "content": "x"}]}
        answer = await client.post("/v1/chat/completions", json=body, headers={"x-attune-user": name.encode()})
        assert gateway.stored(answer.json()["id"], user=name).user == name
        bad = await client.get("/v1/conversations", headers={"x-attune-user": b"\xff"})
        long = await client.get("/v1/conversations", headers={"x-attune-user": "x" * 257})
    assert (bad.status_code, long.status_code) == (400, 400)


async def test_guessing_keys_does_not_burden_the_ledger(gateway: Gateway) -> None:
    reads = 0
    poller = gateway.app.state.context.poller
    poll = poller._poll

    async def counted() -> None:
        nonlocal reads
        reads += 1
        await poll()

    poller._poll = counted
    began = time.monotonic()
    async with gateway.client("sk-attune-12345678-" + "0" * 64) as client:
        answers = await asyncio.gather(*(client.get("/v1/models") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {401}
    assert reads <= 2 + 10 * (time.monotonic() - began)


async def test_one_user_of_a_key_has_a_rate_of_their_own(start: Start) -> None:
    gateway = await start(user_requests_per_minute=3)

    async def statuses(user: str, count: int) -> list[int]:
        async with gateway.client(user=user) as client:
            return [(await client.get("/v1/models")).status_code for _ in range(count)]

    assert await statuses("ann", 5) == [200, 200, 200, 429, 429]
    assert await statuses("bob", 1) == [200]
    assert (await gateway.http.get("/v1/models")).status_code == 200


async def test_a_refusal_takes_the_same_time_whether_the_prefix_is_known_or_not(gateway: Gateway) -> None:
    """They differed by the 100 ms that a reading of the ledger may be away; a few ms are left, of the machine."""
    known = gateway.secret[:-8] + "00000000"
    unknown = "sk-attune-00000000-" + gateway.secret[-64:]
    taken: dict[str, list[float]] = {known: [], unknown: []}
    async with gateway.client("none") as client:
        for _ in range(12):
            for secret, times in taken.items():
                began = time.monotonic()
                answer = await client.get("/v1/models", headers={"authorization": f"Bearer {secret}"})
                assert answer.status_code == 401
                times.append(time.monotonic() - began)
    assert abs(median(taken[known]) - median(taken[unknown])) < 0.04


async def test_nothing_that_a_key_opens_is_for_a_cache(gateway: Gateway) -> None:
    for path in ("/v1/models", "/v1/feedback", "/health/live", "/nowhere"):
        assert (await gateway.http.get(path)).headers["cache-control"] == "no-store"
    streamed = await gateway.ask(stream=True)
    assert streamed.headers.get_list("cache-control") == ["no-store"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8000"])
async def test_a_foreign_name_reaches_nothing(gateway: Gateway, host: str) -> None:
    answer = await gateway.http.get("/v1/models", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "unknown_host")
    assert len(answer.headers["x-request-id"]) == 32
