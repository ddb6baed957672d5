"""Feedback: who may give it, what is refused, what is kept."""

import asyncio
import json
from typing import Any

import pytest

from tests.server.conftest import Gateway


async def give(gateway: Gateway, completion_id: str, value: int = 1, user: str | None = None, **more: Any) -> Any:
    async with gateway.client(user=user) as client:
        return await client.post("/v1/feedback", json={"completion_id": completion_id, "value": value} | more)


async def answered(gateway: Gateway, user: str = "ann", **more: Any) -> str:
    return str((await gateway.ask(user=user, **more)).json()["id"])


async def test_feedback_is_answered_with_its_row(gateway: Gateway) -> None:
    completion_id = await answered(gateway)
    answer = await give(gateway, completion_id, -1, "ann", reasons=["wrong"], comment="no", source="test")
    assert answer.status_code == 200
    row = answer.json()
    assert row["id"].startswith("fb_")
    assert (row["object"], row["kind"], row["value"], row["user"]) == ("feedback", "thumb", -1, "ann")
    listed = (await gateway.http.get("/v1/feedback", params={"completion_id": completion_id})).json()
    assert listed["data"] == [row]


@pytest.mark.parametrize(
    ("owner", "user", "status"),
    [("acme", "ann", 200), ("acme", "bob", 403), ("acme", "", 403), ("other", "ann", 404), ("other", "", 404)],
)
async def test_only_who_received_the_answer_may_rate_it(gateway: Gateway, owner: str, user: str, status: int) -> None:
    completion_id = await answered(gateway)
    async with gateway.client(gateway.make_key(owner=owner), user=user or None) as client:
        answer = await client.post("/v1/feedback", json={"completion_id": completion_id, "value": 1})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"choice_index": 1}, 422),
        ({"value": 0, "correction": "x"}, 422),
        ({"value": 2}, 400),
        ({"stars": 5}, 400),
        ({"value": True}, 400),
        ({"comment": "a\x00b"}, 400),
    ],
)
async def test_what_is_impossible_or_malformed_is_refused(gateway: Gateway, more: dict[str, Any], status: int) -> None:
    completion_id = await answered(gateway)
    body: dict[str, Any] = {"value": 1} | more
    answer = await give(gateway, completion_id, body.pop("value"), "ann", **body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, "invalid_request_error")


async def test_an_answer_is_not_preferred_over_itself_but_over_another(gateway: Gateway) -> None:
    first, second = await answered(gateway), await answered(gateway, seed=5)
    assert (await give(gateway, first, 1, "ann", preferred_over=first)).status_code == 422
    assert (await give(gateway, first, 1, "ann", preferred_over=second)).json()["kind"] == "comparison"
    assert (await give(gateway, first, 1, "ann", preferred_over="chatcmpl-none")).status_code == 404


async def test_the_same_request_with_the_same_key_is_stored_once(gateway: Gateway) -> None:
    completion_id = await answered(gateway)
    async with gateway.client(user="ann") as client:
        body = {"completion_id": completion_id, "value": 1}
        headers = {"idempotency-key": "k1"}
        answers = await asyncio.gather(*(client.post("/v1/feedback", json=body, headers=headers) for _ in range(8)))
        assert len({answer.json()["id"] for answer in answers}) == 1
        other = await client.post("/v1/feedback", json=body | {"value": -1}, headers=headers)
    assert (other.status_code, other.json()["error"]["type"]) == (409, "conflict_error")


async def test_feedback_is_listed_by_page_and_filter_and_only_to_its_user(gateway: Gateway) -> None:
    completion_id = await answered(gateway)
    for value in (1, -1, 0):
        await give(gateway, completion_id, value, "ann")
    secret = gateway.make_key(scopes=("feedback",))
    async with gateway.client(secret, user="ann") as ann, gateway.client(secret, user="bob") as bob:
        page = (await ann.get("/v1/feedback", params={"limit": 2})).json()
        rest = (await ann.get("/v1/feedback", params={"after": page["data"][-1]["id"]})).json()
        ups = (await ann.get("/v1/feedback", params={"value": 1})).json()
        none = (await ann.get("/v1/feedback", params={"until": "2020-01-01T00:00:00Z"})).json()
        foreign = (await bob.get("/v1/feedback")).json()
        odd = [await ann.get("/v1/feedback", params=p) for p in ({"limit": 101}, {"since": "x"}, {"value": 7})]
    assert ([row["value"] for row in page["data"]], page["has_more"]) == ([0, -1], True)
    assert ([row["value"] for row in rest["data"]], rest["has_more"]) == ([1], False)
    assert [row["value"] for row in ups["data"]] == [1]
    assert none["data"] == foreign["data"] == []
    assert [(answer.status_code, answer.json()["error"]["param"]) for answer in odd] == [
        (400, "limit"),
        (400, "since"),
        (400, "value"),
    ]


@pytest.mark.parametrize("format", ["preference", "unpaired"])
async def test_feedback_is_exported_in_trls_formats(gateway: Gateway, format: str) -> None:
    up = await answered(gateway, n=2)
    await give(gateway, up, 1, "ann", choice_index=0)
    await give(gateway, up, -1, "ann", choice_index=1)
    answer = await gateway.http.get("/v1/feedback/export", params={"format": format})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    expected = {"preference": {"prompt", "chosen", "rejected"}, "unpaired": {"prompt", "completion", "label"}}
    assert all(set(row) > expected[format] | {"id", "rater", "source", "created_at"} for row in rows)
    commented = await gateway.http.get("/v1/feedback/export", params={"format": format, "comments": True})
    assert all("votes" in json.loads(line) for line in commented.text.splitlines())
    assert len(rows) == {"preference": 1, "unpaired": 2}[format]
    assert (await gateway.http.get("/v1/feedback/export", params={"format": "csv"})).status_code == 400


async def test_erasing_a_user_erases_their_answers_and_votes(gateway: Gateway) -> None:
    completion_id = await answered(gateway)
    await give(gateway, completion_id, 1, "ann")
    assert (await gateway.http.delete("/v1/users/ann")).json()["deleted"] is True
    assert (await gateway.http.delete("/v1/users/ann")).status_code == 404
    assert (await give(gateway, completion_id, 1, "ann")).status_code == 404


async def test_only_an_admin_erases_the_users_of_another_owner(gateway: Gateway) -> None:
    completion_id = await answered(gateway)
    await give(gateway, completion_id, 1, "ann")
    for scopes, status in ((("feedback",), 403), (("feedback", "admin"), 200)):
        async with gateway.client(gateway.make_key(owner="ops", scopes=scopes)) as client:
            assert (await client.delete("/v1/users/ann", params={"owner": "ops"})).status_code == 404
            assert (await client.delete("/v1/users/ann", params={"owner": "acme"})).status_code == status
    assert (await gateway.http.delete("/v1/users/ann")).status_code == 404


async def test_feedback_is_counted(gateway: Gateway) -> None:
    await give(gateway, await answered(gateway), -1, "ann")
    metrics = (await gateway.http.get("/metrics")).text
    assert 'attune_feedback_total{kind="thumb",value="-1"} 1.0' in metrics
    assert 'attune_completions_total{route="live",status="complete",version="v1"} 1.0' in metrics
