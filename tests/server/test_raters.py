"""What a client says of its raters, and what it is told while a canary is tried."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from ledger import deployments
from ledger.clock import utc_now
from ledger.deployments import Change
from ledger.schema import model_versions, users
from tests.server.conftest import Gateway, eventually

COUNTS_AS = "x-attune-counts-as"


def rater(gateway: Gateway, user: str) -> str | None:
    with gateway.database.read() as connection:
        return connection.execute(select(users.c.counts_as).where(users.c.external_id == user)).scalar_one()


async def test_a_user_counts_as_the_rater_that_is_named_whichever_request_stores_them_first(gateway: Gateway) -> None:
    for user, headers in (
        ("one", {COUNTS_AS: "group"}),
        ("two", {COUNTS_AS: "group"}),
        ("three", {COUNTS_AS: "three"}),
    ):
        named = headers | {"x-attune-user": user}
        if user == "one":
            await gateway.http.post("/v1/conversations", json={}, headers=named)
        else:
            body = {"model": "attune", "messages": [{"role": "user", "content": "hello"}]}
            assert (await gateway.http.post("/v1/chat/completions", json=body, headers=named)).is_success
    await gateway.ask(user="four")
    shared = rater(gateway, "one")
    assert shared is not None
    assert rater(gateway, "two") == shared
    assert rater(gateway, "three") is None and rater(gateway, "four") is None


async def test_a_key_that_vouches_cannot_say_that_a_user_counts_as_another(gateway: Gateway) -> None:
    vouching = gateway.make_key(scopes=("inference", "feedback", "vouch"))
    async with gateway.client(vouching, user="ann") as client:
        refused = await client.post("/v1/conversations", json={}, headers={COUNTS_AS: "ann"})
        assert refused.status_code == 400
        assert "scope vouch" in refused.json()["error"]["message"]
        assert (await client.post("/v1/conversations", json={})).is_success


async def test_a_conversation_says_while_its_answers_are_under_trial(gateway: Gateway) -> None:
    async def tree() -> Any:
        return (await gateway.http.get(f"/v1/conversations/{created['id']}")).json()

    created = (await gateway.http.post("/v1/conversations", json={})).json()
    assert (await tree())["under_trial"] is False
    with gateway.database.write() as connection:
        row = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "2", "state": "passed"}
        connection.execute(insert(model_versions).values(row | {"created_at": utc_now()}))
        deployments.start_canary(connection, 2, 0.5, Change("op", "try it"))
    await eventually(lambda: gateway.app.state.context.poller.current.under_trial)
    assert gateway.app.state.context.poller.current.canary_salt == "2"
    assert (await tree())["under_trial"] is True
    with gateway.database.write() as connection:
        deployments.withdraw(connection, 2, Change("op", "enough"))
    await eventually(lambda: not gateway.app.state.context.poller.current.under_trial)
    assert (await tree())["under_trial"] is False


@pytest.mark.parametrize("header", ["x" * 257, b"\xff".decode("latin-1")])
async def test_a_rater_that_cannot_be_named_so_is_refused(gateway: Gateway, header: str) -> None:
    answer = await gateway.http.get("/v1/conversations", headers={COUNTS_AS: header.encode("latin-1")})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "X-Attune-Counts-As"
