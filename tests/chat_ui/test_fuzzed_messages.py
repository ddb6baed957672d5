"""Generated markdown in the page, in a real browser: nothing outside the allow-list, no script, no request.

`make bench-page` does the same with 100,000 texts and more.
"""

import pytest
from playwright.sync_api import Page

from tests.chat_ui.chat_page import ChatPage
from tests.chat_ui.conftest import Chat
from tests.chat_ui.nasty_markdown import nasty_text
from tests.chat_ui.rendering import Renderer

pytestmark = pytest.mark.browser

TEXTS = [nasty_text(seed) for seed in range(2_000)]


def test_no_generated_text_gets_an_element_a_script_or_a_request_into_the_page(chatting: ChatPage) -> None:
    seen = Renderer(chatting.page).draw(TEXTS, "page")
    assert seen.texts == 2_000
    assert seen.elements > 5_000
    assert seen.harmless, (seen.outside[:3], seen.scripts, seen.requests[:3])
    assert seen.refusals == []  # nothing was even tried


def test_the_sanitiser_alone_keeps_out_what_a_parser_lets_through(chatting: ChatPage) -> None:
    seen = Renderer(chatting.page).draw(TEXTS[:600], "sanitiser alone")
    assert seen.harmless, (seen.outside[:3], seen.scripts, seen.requests[:3])


def test_without_the_sanitiser_the_same_texts_get_through(page: Page, chat: Chat) -> None:
    """Else the texts were too tame to show anything."""
    ChatPage(page, chat.url).open()
    seen = Renderer(page).draw(TEXTS[:300], "no sanitiser")
    assert len(seen.outside) >= 3
    assert seen.requests
    assert seen.scripts == 0  # the page's policy keeps them from running
