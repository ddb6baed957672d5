"""Take the pictures in docs/images of a running Attune: `python -m tests.chat_ui.screenshots http://127.0.0.1:7860`."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.chat_ui.chat_page import ChatPage
from tests.install_browser import find_chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"
EARLIER = ("Write a polite reply to an invitation.", "Tell me a short poem about the sea.")
QUESTIONS = ("Hello! What can you do?", "What is the capital of France?")


def main(url: str) -> None:
    """Chat in a desktop, a dark and a phone window, and save what is seen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        desktop = {"width": 1280, "height": 800}
        take(browser, url, "chat-desktop", viewport=desktop)
        take(browser, url, "chat-dark", viewport=desktop, color_scheme="dark")
        phone = {"width": 390, "height": 844}
        take(browser, url, "chat-phone", viewport=phone, is_mobile=True, has_touch=True, device_scale_factor=2)
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


if __name__ == "__main__":
    main(sys.argv[1])
