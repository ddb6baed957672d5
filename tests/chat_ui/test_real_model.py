"""The chat as `make up` starts it, with a real vLLM behind it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from ledger.schema import completions, feedback
from tests.chat_ui.chat_page import ChatPage
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.engine]


@pytest.fixture
def chatting(browser: Browser, stack: Stack) -> Iterator[ChatPage]:
    """The chat of the whole stack, opened."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = ChatPage(context.new_page(), f"{stack.ui_url}/")
    opened.open()
    yield opened
    assert opened.foreign_requests == []
    context.close()


def test_chatting_and_voting_with_a_real_model(chatting: ChatPage, stack: Stack) -> None:
    page = chatting.page
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    page.get_by_role("button", name="Chat settings").click()
    page.get_by_label("Longest answer (tokens)").fill("40")
    page.keyboard.press("Escape")
    answer = chatting.send("Hello! What can you do?")
    completion_id = chatting.completion_id(answer)
    panel = chatting.thumb_down(answer)
    panel.get_by_role("button", name="not helpful").click()
    panel.get_by_role("button", name="Send feedback").click()
    expect(answer.get_by_role("button", name="not helpful")).to_be_visible()

    database = stack.open_ledger()
    with database.read() as connection:
        row = connection.execute(select(completions).where(completions.c.id == completion_id)).one()
        latest = connection.execute(
            select(feedback).where(feedback.c.completion_id == completion_id).order_by(feedback.c.sequence.desc())
        ).first()
    database.close()
    assert row.status == "complete"
    assert row.conversation_id == chatting.conversation_id
    assert row.messages[-1]["content"] == "Hello! What can you do?"
    assert latest is not None
    assert (latest.value, latest.reasons) == (-1, ["not helpful"])

    chatting.reload()
    expect(chatting.answers.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    chatting.answers.first.get_by_role("button", name="Answer again").click()
    expect(chatting.answers.first).to_contain_text("2/2")
