"""Take the pictures in docs/images: `python -m tests.chat_ui.screenshots http://127.0.0.1:7860`.

Those of the chat are of a running Attune; without its address they are left out. Those of the ops page are of a made-up
ledger.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.chat_ui.chat_page import ChatPage
from tests.chat_ui.conftest import Chat
from tests.chat_ui.ops_page import OpsPage, used_chat
from tests.install_browser import find_chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"
EARLIER = ("Write a polite reply to an invitation.", "Tell me a short poem about the sea.")
QUESTIONS = ("Hello! What can you do?", "What is the capital of Italy?")


def main(url: str | None) -> None:
    """Chat and look in a desktop, a dark and a phone window, and save what is seen."""
    desktop = {"width": 1280, "height": 800}
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        if url is not None:
            take(browser, url, "chat-desktop", viewport=desktop)
            take(browser, url, "chat-dark", viewport=desktop, color_scheme="dark")
            take(browser, url, "chat-phone", **phone)
        with tempfile.TemporaryDirectory(prefix="attune-") as folder, used_chat(Path(folder), votes=2400) as chat:
            take_ops(browser, chat, "ops-desktop", viewport=desktop)
            take_ops(browser, chat, "ops-dark", viewport=desktop, color_scheme="dark")
            take_ops(browser, chat, "ops-phone", **phone)
        browser.close()


def take(browser: Browser, url: str, name: str, **window: object) -> None:
    """Chat in one window and save its picture."""
    context = browser.new_context(**window)  # type: ignore[arg-type]
    chatting = ChatPage(context.new_page(), url.rstrip("/") + "/")
    for question in EARLIER:
        chatting.open()
        chatting.send(question)
    chatting.open()
    for question in QUESTIONS:
        answer = chatting.send(question)
    if name != "chat-phone":
        panel = chatting.thumb_down(answer)
        panel.get_by_role("button", name="too short").click()
        panel.scroll_into_view_if_needed()
    chatting.page.screenshot(path=IMAGES / f"{name}.png")
    context.close()


def take_ops(browser: Browser, chat: Chat, name: str, **window: object) -> None:
    """Open the ops page in one window and save its picture, on a light desktop down to its end."""
    context = browser.new_context(**window)  # type: ignore[arg-type]
    ops = OpsPage(context.new_page(), chat)
    ops.open_signed_in()
    if name == "ops-desktop":  # all of it stands in an element that scrolls: a window as high as that shows it whole
        height = ops.page.evaluate("document.getElementById('app').scrollHeight")
        ops.page.set_viewport_size({"width": 1280, "height": height})
    expect(ops.page.locator("#judges svg")).to_be_visible()  # plots are drawn when their width is known
    ops.page.screenshot(path=IMAGES / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
