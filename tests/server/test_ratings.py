"""Blind ratings over HTTP, and the chat's page for them in front of a real gateway."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from chat_ui.gateway_client import GatewayClient
from chat_ui.identity import IdentityMiddleware, Signer
from chat_ui.raters import RaterLimit
from chat_ui.rating_page import rating_routes
from ledger import ratings
from ledger.ratings import Answered
from tests.server.conftest import Gateway

VALUES = {"fluency": 5, "coherence": 4, "relevance": 1}
HOSTILE = '<script>alert(1)</script> & "quotes"'


@pytest.fixture
def study(gateway: Gateway) -> str:
    """Two answers to one prompt."""
    prompt = ({"role": "user", "content": f"Why? {HOSTILE}"},)
    answers = [Answered(0, prompt, f"{HOSTILE} {name}", 1) for name in ("one", "another")]
    with gateway.database.write() as connection:
        return ratings.begin_study(connection, answers, seed=0)


async def test_a_person_rates_each_answer_once_and_is_not_told_the_version(gateway: Gateway, study: str) -> None:
    async with gateway.client(user="ann") as client:
        seen = []
        for _ in range(2):
            found = (await client.get("/v1/ratings/next")).json()
            assert set(found) == {"object", "item", "aspects", "lowest", "highest"}
            assert set(found["item"]) == {"id", "prompt", "answer"}
            answer = await client.post("/v1/ratings", json={"item_id": found["item"]["id"]} | VALUES)
            assert answer.json() == {"object": "rating", "item_id": found["item"]["id"]} | VALUES
            seen.append(found["item"]["id"])
        assert len(set(seen)) == 2
        assert (await client.get("/v1/ratings/next")).json()["item"] is None
        again = await client.post("/v1/ratings", json={"item_id": seen[0]} | VALUES)
        other = await client.post("/v1/ratings", json={"item_id": seen[0]} | VALUES | {"fluency": 1})
        assert (again.status_code, other.status_code) == (200, 409)
    async with gateway.client(user="bob") as client:
        assert (await client.get("/v1/ratings/next")).json()["item"] is not None
    with gateway.database.read() as connection:
        stored = ratings.all_rated(connection)
    assert [row.values for row in stored] == [VALUES, VALUES] and len({row.rater for row in stored}) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"item_id": "item_none"} | VALUES, 404),
        ({"item_id": "x"} | VALUES | {"fluency": 6}, 400),
        ({"item_id": "x"} | VALUES | {"fluency": 0}, 400),
        ({"item_id": "x"} | VALUES | {"fluency": "5"}, 400),
        ({"item_id": "x"} | VALUES | {"version": 1}, 400),
        ({"item_id": "x", "fluency": 3}, 400),
    ],
)
async def test_what_is_no_rating_is_refused(gateway: Gateway, body: dict[str, Any], status: int) -> None:
    assert (await gateway.http.post("/v1/ratings", json=body)).status_code == status


async def test_ratings_need_the_scope_feedback(gateway: Gateway) -> None:
    async with gateway.client(gateway.make_key(scopes=("inference",))) as client:
        assert (await client.get("/v1/ratings/next")).status_code == 403
        assert (await client.post("/v1/ratings", json={"item_id": "x"} | VALUES)).status_code == 403


@pytest.fixture
async def page(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at the chat's rating page."""
    app = FastAPI()
    app.add_middleware(IdentityMiddleware, signer=Signer("secret"), limit=RaterLimit(1, 4))
    client = GatewayClient(gateway.url, gateway.secret)
    app.include_router(rating_routes(client))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat", follow_redirects=True) as browser:
        yield browser
    await client.close()


async def test_the_page_shows_one_answer_as_text_and_stores_what_its_form_says(
    gateway: Gateway, study: str, page: httpx.AsyncClient
) -> None:
    shown = (await page.get("/rate")).text
    assert "<script>" not in shown and shown.count("&lt;script&gt;") == 2
    assert "attune@v" not in shown and "version" not in shown
    assert shown.count('type="radio"') == 15
    for _ in range(2):
        [item] = re.findall(r'name="item_id" value="([^"]+)"', shown)
        shown = (await page.post("/rate", data={"item_id": item} | {k: str(v) for k, v in VALUES.items()})).text
    assert "nothing left for you to rate" in shown
    with gateway.database.read() as connection:
        assert [row.values for row in ratings.all_rated(connection)] == [VALUES, VALUES]


async def test_a_form_from_elsewhere_or_out_of_the_scale_stores_nothing(
    gateway: Gateway, study: str, page: httpx.AsyncClient
) -> None:
    form = {"item_id": "item_none"} | {k: str(v) for k, v in VALUES.items()}
    assert (await page.post("/rate", data=form)).status_code == 403  # no cookie: another site's form brings none
    await page.get("/rate")
    gone = await page.post("/rate", data=form)
    assert gone.status_code == 404 and "not rated any more" in gone.text
    assert (await page.post("/rate", data=form | {"fluency": "9"})).status_code == 422
    with gateway.database.read() as connection:
        assert ratings.all_rated(connection) == []


async def test_a_gateway_that_is_away_is_said_on_the_page() -> None:
    app = FastAPI()
    app.add_middleware(IdentityMiddleware, signer=Signer("secret"), limit=RaterLimit(1, 4))
    client = GatewayClient("http://127.0.0.1:1", "key")
    app.include_router(rating_routes(client))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://chat") as browser:
        answer = await browser.get("/rate")
    await client.close()
    assert answer.status_code == 503 and "cannot be reached" in answer.text
