"""What people or models wrote is never run and never calls another server, wherever it is shown."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from chat_ui.identity import COOKIE, Signer
from tests.chat_ui.chat_page import ChatPage
from tests.chat_ui.conftest import Chat

pytestmark = pytest.mark.browser

RUN = "window.__ran=1;alert(1)"
ELSEWHERE = "http://127.0.0.1:9/beacon"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"<ScRiPt\n>{RUN}</sCrIpT >",
    f"<img src=x onerror='{RUN}'>",
    f"<img src={ELSEWHERE}.png>",
    f"![beacon]({ELSEWHERE}.png)",
    f"![beacon][ref]\n\n[ref]: {ELSEWHERE}.png",
    f"[![beacon]({ELSEWHERE}.png)]({ELSEWHERE})",
    f"<svg onload='{RUN}'></svg>",
    f"<svg><image href='{ELSEWHERE}.png' /></svg>",
    f"<svg><animate onbegin='{RUN}' attributeName=x dur=1s></svg>",
    f"<math><mtext><table><mglyph><style><img src=x onerror='{RUN}'></style></mglyph></table></mtext></math>",
    f"<iframe src='{ELSEWHERE}'></iframe>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<object data='{ELSEWHERE}'></object><embed src='{ELSEWHERE}'>",
    f"<video src='{ELSEWHERE}.mp4' poster='{ELSEWHERE}.png' autoplay></video>",
    f"<audio src='{ELSEWHERE}.mp3' autoplay></audio>",
    f"<link rel=stylesheet href='{ELSEWHERE}.css'>",
    f"<style>@import '{ELSEWHERE}.css'; body {{ background: url({ELSEWHERE}.png) }}</style>",
    f"<div style='background:url({ELSEWHERE}.png)'>x</div>",
    f"<meta http-equiv=refresh content='0;url={ELSEWHERE}'>",
    f"<base href='{ELSEWHERE}/'>",
    f"<form action='{ELSEWHERE}'><button autofocus onfocus='{RUN}'>x</button></form>",
    f"<details open ontoggle='{RUN}'>x</details>",
    f"<input autofocus onfocus='{RUN}'>",
    f"[click](javascript:{RUN})",
    f"[click](data:text/html,<script>{RUN}</script>)",
    f"<a href='javascript:{RUN}'>click</a>",
    f"`<b>` <img src=x onerror='{RUN}'> `</b>`",
    f"| a | b |\n|---|---|\n| ` | <img src=x onerror='{RUN}'> |\n| ` | x |",
    f"```\ncode\n```\n<img src={ELSEWHERE}.png onerror='{RUN}'>",
    f'```mermaid\ngraph TD; A["<img src={ELSEWHERE}.png onerror=\'{RUN}\'>"]; click A "javascript:{RUN}"\n```',
    rf"$$\href{{javascript:{RUN}}}{{x}} \includegraphics{{{ELSEWHERE}.png}} \htmlData{{a=b}}{{<img src=x>}}$$",
    rf"\(\text{{<img src=x onerror='{RUN}'>}}\)",
    f"${{{RUN}}} {{{{{RUN}}}}} {{% raw %}}${{fetch('{ELSEWHERE}')}}",
    f"\"><img src=x onerror='{RUN}'><\"",
    f"<!--><img src=x onerror='{RUN}'>-->",
]
# Markdown in which one parser sees code and another does not.
DISAGREEMENTS = [
    f"http://a` <img src={ELSEWHERE}.png onerror='{RUN}'>`",
    f"www.a` <img src={ELSEWHERE}.png>`",
    f"[a](http://a`) <img src={ELSEWHERE}.png> `",
    f"[a](http://a '`') <img src={ELSEWHERE}.png> `",
    f"<http://a`> <img src={ELSEWHERE}.png> `",
    f"a\n```<img src={ELSEWHERE}.png>",
    f"a\n~~~<img src={ELSEWHERE}.png>",
    f"> a\n```<img src={ELSEWHERE}.png>",
    f"| a |\n|---|\n| b |\n```<img src={ELSEWHERE}.png>",
    f"http://a` <form action={ELSEWHERE}><input name=a></form>`",
    "http://a` <div style='position:fixed;inset:0'>over all</div>`",
    f"http://a` <svg><a href='javascript:{RUN}'><text>t</text></a></svg>`",
    f"http://a` <map><area href='javascript:{RUN}'></map>`",
    f"http://a` <a href='javascript&Tab;:{RUN}'>a</a>` [a](javascript&Tab;:{RUN}) [a](java&NewLine;script:{RUN})",
]
DANGEROUS = (
    "script, iframe, object, embed, form, video, audio, style, link, meta, base, img, input, map, area, svg a, math,"
    " [onerror], [onload], .prose [id], .prose div:not(.code_wrap), .prose [style]:not([role=math] *)"
)


@pytest.fixture
def user() -> str:
    """A person whose conversations the tests write through the API."""
    return "browser-" + "0" * 32


@pytest.fixture
def api(chat: Chat, user: str) -> Iterator[httpx.Client]:
    """The gateway's API, as the chat calls it for this person."""
    headers = {"authorization": f"Bearer {chat.gateway.secrets.app}", "x-attune-user": user}
    with httpx.Client(base_url=chat.gateway.base_url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def victim(browser: Browser, chat: Chat, user: str) -> Iterator[ChatPage]:
    """A page of that person."""
    secret = (chat.process.log.parent / "ui.secret").read_text()
    context = browser.new_context()
    context.add_cookies([{"name": COOKIE, "value": Signer(secret).sign(user), "url": chat.url}])
    chatting = ChatPage(context.new_page(), chat.url)
    yield chatting
    context.close()


def converse(api: httpx.Client, title: str, texts: list[str]) -> str:
    """Store a conversation in which every text is asked and, by the echoing engine, answered."""
    conversation: str = api.post("conversations", json={"title": title}).raise_for_status().json()["id"]
    parent = None
    for text in texts:
        body = {"role": "user", "content": text, "parent_id": parent}
        asked = api.post(f"conversations/{conversation}/messages", json=body).raise_for_status().json()["id"]
        metadata = {"conversation_id": conversation, "parent_id": asked}
        body = {"model": "attune", "messages": [{"role": "user", "content": text}], "metadata": metadata}
        answer = api.post("chat/completions", json=body).raise_for_status().json()
        assert answer["choices"][0]["message"]["content"] == text
        parent = "msg_" + answer["id"].removeprefix("chatcmpl-")
    return conversation


def assert_harmless(chatting: ChatPage, page: Page) -> None:
    assert page.evaluate("window.__ran") is None
    assert chatting.dialogs == []
    assert chatting.foreign_requests == []
    assert chatting.errors == []
    dangerous = page.locator("#transcript .prose, #sidebar, #chat-title").locator(DANGEROUS)
    assert [element.evaluate("element => element.outerHTML") for element in dangerous.all()] == []


@pytest.mark.parametrize("payloads", [PAYLOADS[:18], PAYLOADS[18:], DISAGREEMENTS], ids=["first", "second", "parsers"])
def test_stored_payloads_in_questions_answers_and_titles_do_nothing(
    victim: ChatPage, api: httpx.Client, payloads: list[str]
) -> None:
    conversation = converse(api, payloads[0], payloads)
    for payload in payloads[1:4]:
        converse(api, payload, [])
    victim.open(conversation)
    expect(victim.questions).to_have_count(len(payloads))
    expect(victim.answers).to_have_count(len(payloads))
    for link in victim.transcript.locator("a").all():
        assert (link.get_attribute("href") or "http://").startswith("http://")
    assert_harmless(victim, victim.page)


@pytest.mark.parametrize("payload", [PAYLOADS[4], PAYLOADS[-3], DISAGREEMENTS[5]], ids=["image", "template", "parsers"])
def test_a_payload_that_streams_or_is_voted_on_does_nothing(victim: ChatPage, chat: Chat, payload: str) -> None:
    chat.engine.behave(echo=True, token_delay_s=0.05)
    victim.open()
    answer = victim.send(payload)
    panel = victim.thumb_down(answer)
    panel.get_by_label("Comment").fill(payload)
    panel.get_by_label("Corrected answer").fill(payload)
    panel.get_by_role("button", name="Send feedback").click()
    expect(answer.get_by_role("button", name="comment, correction")).to_be_visible()
    victim.page.get_by_label("Search chats").fill(payload)
    victim.page.get_by_role("button", name="Chat settings").click()
    victim.page.get_by_label("System prompt").fill(payload)
    victim.reload()
    expect(victim.answers.first.get_by_role("button", name="comment, correction")).to_be_visible()
    assert_harmless(victim, victim.page)


def test_the_engine_behind_these_tests_can_see_a_script_run(page: Page, chat: Chat) -> None:
    """The alarm itself works: a script in a page without the chat's protection trips it."""
    alarmed = ChatPage(page, chat.url)
    page.goto("about:blank")
    page.set_content(f"<img src='{ELSEWHERE}.png' onerror='{RUN}'>")
    page.wait_for_function("window.__ran === 1")
    assert alarmed.dialogs == ["1"]
    assert alarmed.foreign_requests == [f"{ELSEWHERE}.png"]
