"""What a browser can send to Gradio besides what the page sends: it leaves no text in the log."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chat_ui.allowed_routes import DATA_PATH, JOIN_PATH
from tests.chat_ui.conftest import Chat

SECRET = "typed by somebody"
VALUES = [SECRET, SECRET, SECRET, "0.7", "1", "", "", None]  # in the order of `chat_ui.page`
LOAD, MORE_CHATS, KEEP_SETTINGS = 0, 2, 9


@pytest.fixture
def client(chat: Chat) -> Iterator[httpx.Client]:
    """A browser that has opened the page."""
    with httpx.Client(base_url=chat.url, timeout=10) as opened:
        opened.get("/").raise_for_status()
        yield opened


def result(client: httpx.Client, index: int, values: list[Any], data: dict[str, Any] | None = None) -> dict[str, Any]:
    """What Gradio answers to an event."""
    session = f"s{time.monotonic_ns()}"
    event = {"data": values, "fn_index": index, "session_hash": session, "event_data": data, "trigger_id": None}
    client.post(JOIN_PATH, json=event).raise_for_status()
    with client.stream("GET", DATA_PATH, params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line else {}
            if message.get("msg") == "process_completed":
                return dict(message)
    raise AssertionError("no result")


def test_no_event_leaves_a_text_in_the_log(client: httpx.Client, chat: Chat) -> None:
    event = {"data": VALUES[:-1], "fn_index": LOAD, "session_hash": "old", "event_data": None, "trigger_id": None}
    old = client.post(JOIN_PATH, json=event)
    assert (old.status_code, old.json()["error"]["code"]) == (400, "invalid_event")
    assert result(client, LOAD, [*VALUES[:3], SECRET, *VALUES[4:]])["success"]
    assert result(client, MORE_CHATS, VALUES, {"count": SECRET})["success"]
    assert result(client, MORE_CHATS, VALUES)["success"]
    assert result(client, KEEP_SETTINGS, [SECRET, *[None] * 7])["success"]
    assert SECRET not in chat.process.log.read_text()
