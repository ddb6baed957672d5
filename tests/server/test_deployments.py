"""Versions and deployments over HTTP."""

import pytest
from sqlalchemy import insert

from ledger import engines
from ledger.clock import utc_now
from ledger.records import Engine
from ledger.schema import model_versions
from tests.server.conftest import Gateway


def add_version(gateway: Gateway, number: int, state: str) -> None:
    row = {"number": number, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": str(number), "state": state}
    with gateway.database.write() as connection:
        connection.execute(insert(model_versions).values(row | {"created_at": utc_now()}))


async def change(gateway: Gateway, action: str, **body: object) -> tuple[int, dict[str, object]]:
    answer = await gateway.http.post(f"/v1/deployments/{action}", json={"reason": "because"} | body)
    return answer.status_code, answer.json()


async def test_versions_are_listed_with_what_is_loaded(gateway: Gateway) -> None:
    add_version(gateway, 2, "passed")
    listed = (await gateway.http.get("/v1/versions")).json()["data"]
    assert [(row["id"], row["state"], row["loaded"]) for row in listed] == [
        ("attune@v1", "live", True),
        ("attune@v2", "passed", False),
    ]
    assert (await gateway.http.get("/v1/versions/2")).json() == listed[1]
    assert (await gateway.http.get("/v1/versions/9")).status_code == 404


async def test_a_canary_is_tried_promoted_and_rolled_back(gateway: Gateway) -> None:
    add_version(gateway, 2, "passed")
    status, tried = await change(gateway, "canary", version=2, share=0.1)
    assert (status, tried["live"], tried["canary"], tried["canary_share"]) == (200, 1, 2, 0.1)
    assert tried["before_live"] is None, "a rollback of the live version leads nowhere"
    status, body = await change(gateway, "promote", version=2)
    assert status == 409 and "No engine is ready" in str(body)
    with gateway.database.write() as connection:
        engines.upsert(connection, Engine("engine-2", gateway.engine.url, 2, "ready"))
    status, promoted = await change(gateway, "promote", version=2)
    assert (status, promoted["live"], promoted["canary"], promoted["before_live"]) == (200, 2, None, 1)
    status, back = await change(gateway, "rollback", version=2, reason="people dislike it")
    assert (status, back["live"]) == (200, 1)
    shown = (await gateway.http.get("/v1/deployments")).json()
    assert shown == back
    assert [entry["action"] for entry in shown["changes"]] == ["roll_back", "promote", "canary", "set_live"]
    assert shown["changes"][0]["reason"] == "people dislike it"
    assert gateway.key.prefix in shown["changes"][0]["actor"]
    last = (await gateway.http.get("/v1/versions/2")).json()["last_change"]
    assert (last["what"], last["reason"]) == ("rolled back", "people dislike it")
    listed = (await gateway.http.get("/v1/versions")).json()["data"]
    assert [row["last_change"]["what"] for row in listed] == ["live again after v2", "rolled back"]


async def test_a_change_from_an_old_view_is_a_conflict(gateway: Gateway) -> None:
    add_version(gateway, 2, "passed")
    await change(gateway, "canary", version=2, share=0.1)
    await change(gateway, "withdraw", version=2)
    status, body = await change(gateway, "promote", version=2)
    assert status == 409
    assert body["error"]["type"] == "conflict_error"  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": 2, "share": 0.0}, 400),
        ({"version": 2, "share": 1.5}, 400),
        ({"version": 2}, 400),
        ({"version": 2, "share": 0.1, "force": True}, 400),
        ({"version": 9, "share": 0.1}, 404),
        ({"version": 3, "share": 0.1}, 422),
    ],
)
async def test_an_impossible_canary_is_refused(gateway: Gateway, body: dict[str, object], status: int) -> None:
    add_version(gateway, 2, "passed")
    add_version(gateway, 3, "candidate")
    assert (await change(gateway, "canary", **body))[0] == status


async def test_ops_need_the_admin_scope(gateway: Gateway) -> None:
    async with gateway.client(gateway.make_key(scopes=("inference", "feedback"))) as client:
        for path in ("/v1/versions", "/v1/versions/1", "/v1/deployments"):
            assert (await client.get(path)).status_code == 403
        for action in ("canary", "promote", "withdraw", "rollback"):
            assert (await client.post(f"/v1/deployments/{action}", json={})).status_code == 403
