"""Conversations over HTTP: a tree of messages, visible to its owner and user only."""

from typing import Any

import httpx
import pytest

from tests.server.conftest import Gateway


async def begin(client: httpx.AsyncClient, **more: Any) -> str:
    return str((await client.post("/v1/conversations", json=more)).json()["id"])


async def say(client: httpx.AsyncClient, conversation: str, text: str, parent: str | None = None) -> Any:
    body = {"role": "user", "content": text, "parent_id": parent}
    return (await client.post(f"/v1/conversations/{conversation}/messages", json=body)).json()


async def answer(client: httpx.AsyncClient, conversation: str, parent: str, **more: Any) -> httpx.Response:
    body = {
        "model": "attune",
        "messages": [{"role": "user", "content": "x"}],
        "metadata": {"conversation_id": conversation, "parent_id": parent},
    }
    return await client.post("/v1/chat/completions", json=body | more)


async def test_an_answer_becomes_a_message_and_a_regenerated_one_its_sibling(gateway: Gateway) -> None:
    async with gateway.client(user="ann") as client:
        conversation = await begin(client, title="Greeting", settings={"temperature": 0.5})
        question = await say(client, conversation, "hello")
        first = await answer(client, conversation, question["id"])
        await answer(client, conversation, question["id"], stream=True)
        await client.post("/v1/feedback", json={"completion_id": first.json()["id"], "value": 1})
        tree = (await client.get(f"/v1/conversations/{conversation}")).json()
    assert (tree["title"], tree["settings"]) == ("Greeting", {"temperature": 0.5})
    roles = [(message["role"], message["parent_id"]) for message in tree["messages"]]
    assert roles == [("user", None), ("assistant", question["id"]), ("assistant", question["id"])]
    rated = tree["messages"][1]
    assert rated["id"] == f"msg_{first.headers['x-request-id']}"
    assert (rated["completion_id"], rated["status"], rated["model_version"]) == (first.json()["id"], "complete", 1)
    assert rated["feedback"]["value"] == 1
    assert tree["messages"][2]["feedback"] is None


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({"conversation_id": "conv_none"}, 404),
        ({"conversation_id": "conv_none", "parent_id": "msg_none"}, 404),
        ({"parent_id": "msg_none"}, 400),
    ],
)
async def test_an_answer_without_its_place_is_not_generated(gateway: Gateway, metadata: Any, status: int) -> None:
    assert (await gateway.ask(metadata=metadata)).status_code == status
    assert gateway.engine.received == []


async def test_an_answer_cannot_follow_an_answer(gateway: Gateway) -> None:
    conversation = await begin(gateway.http)
    question = await say(gateway.http, conversation, "hello")
    first = await answer(gateway.http, conversation, question["id"])
    follows = await answer(gateway.http, conversation, f"msg_{first.headers['x-request-id']}")
    assert follows.status_code == 422


@pytest.mark.parametrize(("owner", "user"), [("acme", "bob"), ("acme", None), ("other", "ann")])
async def test_a_conversation_is_invisible_to_others(gateway: Gateway, owner: str, user: str | None) -> None:
    async with (
        gateway.client(user="ann") as ann,
        gateway.client(gateway.make_key(owner=owner), user=user) as stranger,
    ):
        conversation = await begin(ann, title="secret")
        question = await say(ann, conversation, "hello")
        path = f"/v1/conversations/{conversation}"
        answers = [
            await stranger.get(path),
            await stranger.post(path, json={"title": "x"}),
            await stranger.delete(path),
            await stranger.post(f"{path}/messages", json={"role": "user", "content": "x"}),
            await stranger.get(f"{path}/export"),
            await stranger.post(f"{path}/share"),
            await stranger.delete(f"{path}/share"),
            await answer(stranger, conversation, question["id"]),
        ]
        assert [found.status_code for found in answers] == [404] * 8
        assert (await stranger.get("/v1/conversations")).json()["data"] == []
        assert len((await ann.get(path)).json()["messages"]) == 1


async def test_conversations_are_listed_searched_renamed_and_erased(gateway: Gateway) -> None:
    ids = [await begin(gateway.http, title=f"number {i}") for i in range(3)]
    await say(gateway.http, ids[0], "about WHALES")
    page = (await gateway.http.get("/v1/conversations", params={"limit": 2})).json()
    assert (page["data"][0]["id"], page["has_more"]) == (ids[0], True)
    found = (await gateway.http.get("/v1/conversations", params={"query": "whales"})).json()
    assert [row["id"] for row in found["data"]] == [ids[0]]
    renamed = await gateway.http.post(f"/v1/conversations/{ids[0]}", json={"title": "whales"})
    assert renamed.json()["title"] == "whales"
    assert (await gateway.http.post(f"/v1/conversations/{ids[0]}", json={})).status_code == 400
    deleted = await gateway.http.delete(f"/v1/conversations/{ids[0]}")
    assert deleted.json() == {"id": ids[0], "object": "conversation.deleted", "deleted": True}
    assert (await gateway.http.get(f"/v1/conversations/{ids[0]}")).status_code == 404


async def test_a_shared_conversation_can_be_read_by_link_until_it_is_taken_back(gateway: Gateway) -> None:
    conversation = await begin(gateway.http, title="shared", settings={"system_prompt": "private"})
    await say(gateway.http, conversation, "hello")
    token = (await gateway.http.post(f"/v1/conversations/{conversation}/share")).json()["token"]
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as anybody:
        tree = (await anybody.get(f"/v1/shared/{token}")).json()
        assert (tree["title"], tree["settings"], tree["share_token"]) == ("shared", {}, None)
        assert [message["content"] for message in tree["messages"]] == ["hello"]
        await gateway.http.delete(f"/v1/conversations/{conversation}/share")
        assert (await anybody.get(f"/v1/shared/{token}")).status_code == 404


async def test_an_export_holds_everything_but_the_link(gateway: Gateway) -> None:
    conversation = await begin(gateway.http, title="kept")
    await say(gateway.http, conversation, "hello")
    await gateway.http.post(f"/v1/conversations/{conversation}/share")
    export = (await gateway.http.get(f"/v1/conversations/{conversation}/export")).json()
    assert export["title"] == "kept"
    assert [message["content"] for message in export["messages"]] == ["hello"]
    assert "share_token" not in export


async def test_a_message_sent_twice_is_stored_once(gateway: Gateway) -> None:
    conversation = await begin(gateway.http)
    path = f"/v1/conversations/{conversation}/messages"
    body = {"role": "user", "content": "hello", "client_id": "c1"}
    twice = [(await gateway.http.post(path, json=body)).json()["id"] for _ in range(2)]
    assert len(set(twice)) == 1
    assert (await gateway.http.post(path, json=body | {"content": "other"})).status_code == 409
    assert (await gateway.http.post(path, json={"role": "assistant", "content": "x"})).status_code == 400
