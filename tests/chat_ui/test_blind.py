"""While a canary is tried, nobody who votes is shown which version answered."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, insert, select

from chat_ui.records import ConversationTree
from chat_ui.screen import board
from ledger import deployments, engines
from ledger.clock import utc_now
from ledger.deployments import Change
from ledger.records import Engine
from ledger.schema import completions, model_versions
from tests.chat_ui.chat_page import ChatPage
from tests.chat_ui.conftest import Chat

VERSION = re.compile(r"attune@v|model_version|\bv[12]\b|\"version\":\s*[0-9]")
KEEP_WHAT_EVENTS_BRING = """
window.received = "";
const fetched = window.fetch;
window.fetch = async (...given) => {
  const response = await fetched(...given);
  const reader = response.clone().body?.getReader();
  const decoder = new TextDecoder();
  const keep = async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      window.received += decoder.decode(part.value, { stream: true });
    }
  };
  if (reader) keep().catch(() => {});
  return response;
};
const Source = window.EventSource;
window.EventSource = class extends Source {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", (event) => (window.received += event.data));
  }
};
"""
ANSWERED = {
    "id": "conv_1",
    "updated_at": "2026-11-23T12:00:00Z",
    "messages": [
        {"id": "msg_1", "parent_id": None, "role": "user", "content": "hello"},
        {"id": "msg_2", "parent_id": "msg_1", "role": "assistant", "content": "hi", "model_version": 7},
    ],
}


@pytest.mark.parametrize(("under_trial", "shown"), [(False, 7), (True, None)])
def test_versions_are_shown_only_while_nothing_is_tried(under_trial: bool, shown: int | None) -> None:
    tree = ConversationTree.model_validate(ANSWERED | {"under_trial": under_trial})
    assert board(tree, tree.messages)["messages"][1]["version"] == shown


@pytest.fixture
def trial(chat: Chat) -> Iterator[Chat]:
    """A chat in which everybody gets the canary, v2."""
    with closing(chat.ledger()) as database:
        with database.write() as connection:
            row = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "2", "state": "passed"}
            connection.execute(insert(model_versions).values(row | {"created_at": utc_now()}))
            engines.upsert(connection, Engine("engine_canary", chat.engine.url, 2, "ready", model_name="attune@v1"))
            deployments.set_live(connection, 1, Change("op", "first"))
            deployments.start_canary(connection, 2, 1.0, Change("op", "try it"))
        yield chat
        with database.write() as connection:
            if deployments.current(connection).canary_version is not None:
                deployments.withdraw(connection, 2, Change("op", "enough"))
            engines.remove(connection, "engine_canary")


def _withdraw(chat: Chat) -> None:
    with closing(chat.ledger()) as database, database.write() as connection:
        deployments.withdraw(connection, 2, Change("op", "enough"))


@pytest.mark.browser
def test_nothing_that_reaches_the_browser_says_which_version_answered(page: Page, trial: Chat) -> None:
    received: list[str] = []
    page.on("response", lambda response: received.append(f"{response.url} {response.headers}"))
    page.on("websocket", lambda socket: pytest.fail(f"{socket.url} is not looked at here"))
    page.add_init_script(KEEP_WHAT_EVENTS_BRING)
    chatting = ChatPage(page, trial.url)
    chatting.open()
    answer = chatting.send("hello there")
    answer.get_by_role("button", name="Good answer").click()
    chatting.wait_until_idle()
    with closing(trial.ledger()) as database, database.read() as connection:
        answered = select(func.count()).where(completions.c.model_version == 2)
        assert connection.execute(answered).scalar_one() >= 1
    events = str(page.evaluate("window.received"))
    assert "hello there" in events
    for seen in (events, page.content(), *received, str(page.context.cookies())):
        assert VERSION.search(seen) is None, VERSION.search(seen)
    _withdraw(trial)
    page.wait_for_timeout(1000)  # the gateway looks at the deployment twice a second
    chatting.reload()
    expect(chatting.answers.first).to_contain_text("attune@v2")
