"""What a person does in the browser, and what of it stands in the ledger."""

import re
import socket
import time
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from ledger import engines, feedback
from ledger.records import EngineState, Feedback, FeedbackFilter
from ledger.schema import completions
from tests.chat_ui.chat_page import ChatPage
from tests.chat_ui.conftest import Chat

pytestmark = pytest.mark.browser

SLOW = {"echo": True, "token_delay_s": 0.15}
LONG_TEXT = " ".join(f"word{number}" for number in range(60))
RICH = r"""Some **bold** text.

```python
print("<b>")
```

| a | b |
|---|---|
| 1 | 2 |

Inline \(x^2 < y\) and

$$\frac{1}{2}$$"""


def stored(chat: Chat, completion_id: str) -> Any:
    """The completion's row in the ledger."""
    database = chat.ledger()
    with database.read() as connection:
        row = connection.execute(select(completions).where(completions.c.id == completion_id)).one()
    database.close()
    return row


def votes(chat: Chat, completion_id: str) -> list[Feedback]:
    """All feedback on a completion, newest first."""
    database = chat.ledger()
    with database.read() as connection:
        page = feedback.search(connection, FeedbackFilter(completion_id=completion_id), limit=20)
    database.close()
    return list(page.items)


def test_an_answer_streams_and_is_tied_to_its_completion(chatting: ChatPage, chat: Chat) -> None:
    chat.engine.behave(**SLOW)
    text = " ".join(f"word{number}" for number in range(12))
    chatting.start(text)
    unfinished = chatting.page.locator("#transcript .bot-row:not([data-message-id])")
    expect(unfinished).to_contain_text("word1")
    assert "word11" not in unfinished.inner_text()
    expect(chatting.answers).to_contain_text("word11")
    completion = stored(chat, chatting.completion_id(chatting.answers.first))
    assert completion.choices[0]["text"] == text
    assert completion.conversation_id == chatting.conversation_id
    assert completion.status == "complete"


def test_stop_keeps_what_was_written_and_frees_the_engine(chatting: ChatPage, chat: Chat) -> None:
    chat.engine.behave(**SLOW)
    chatting.start(LONG_TEXT)
    expect(chatting.transcript.locator(".bot-row")).to_contain_text("word3")
    chatting.page.get_by_role("button", name="Stop").click()
    expect(chatting.answers).to_have_count(1)
    expect(chatting.answers.first).to_contain_text("stopped")
    expect(chatting.answers.first).to_contain_text("word3")
    assert chat.engine.state()["running"] == 0
    completion = stored(chat, chatting.completion_id(chatting.answers.first))
    assert completion.status == "partial"
    assert LONG_TEXT.startswith(completion.choices[0]["text"].strip())
    chat.engine.behave(echo=True)
    expect(chatting.send("and now?")).to_contain_text("and now?")


def test_answers_are_regenerated_and_paged(chatting: ChatPage, chat: Chat) -> None:
    chatting.send("first answer")
    first_id = chatting.completion_id(chatting.answers.first)
    chat.engine.behave(text="second answer")
    chatting.answers.first.get_by_role("button", name="Answer again").click()
    expect(chatting.answers.first).to_contain_text("2/2")
    expect(chatting.answers.first).to_contain_text("second answer")
    assert chatting.completion_id(chatting.answers.first) != first_id
    chatting.answers.first.get_by_role("button", name="Previous version").click()
    expect(chatting.answers.first).to_contain_text("1/2")
    expect(chatting.answers.first).to_contain_text("first answer")
    assert chatting.completion_id(chatting.answers.first) == first_id


def test_a_vote_goes_to_the_version_on_screen(chatting: ChatPage, chat: Chat) -> None:
    """Two versions with the same text: only state can tell them apart."""
    chat.engine.behave(text="the same text")
    chatting.send("hello")
    first_id = chatting.completion_id(chatting.answers.first)
    chatting.answers.first.get_by_role("button", name="Answer again").click()
    expect(chatting.answers.first).to_contain_text("2/2")
    second_id = chatting.completion_id(chatting.answers.first)
    chatting.answers.first.get_by_role("button", name="Previous version").click()
    expect(chatting.answers.first).to_contain_text("1/2")
    up = chatting.answers.first.get_by_role("button", name="Good answer")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    assert [vote.value for vote in votes(chat, first_id)] == [1]
    assert votes(chat, second_id) == []


def test_an_edited_message_begins_a_branch(chatting: ChatPage, chat: Chat) -> None:
    chatting.send("one")
    chatting.send("two")
    chatting.questions.first.hover()
    chatting.questions.first.get_by_role("button", name="Edit").click()
    editor = chatting.page.get_by_label("Edit your message")
    expect(editor).to_have_value("one")
    editor.fill("another one")
    editor.press("Enter")
    expect(chatting.questions).to_have_count(1)
    expect(chatting.questions.first).to_contain_text("2/2")
    expect(chatting.answers.first).to_contain_text("another one")
    chatting.wait_until_idle()
    chatting.questions.first.get_by_role("button", name="Previous version").click()
    expect(chatting.questions).to_have_count(2)
    expect(chatting.answers.nth(1)).to_contain_text("two")


def test_a_thumb_with_reason_comment_and_correction(chatting: ChatPage, chat: Chat) -> None:
    answer = chatting.send("What is the capital of France?")
    completion_id = chatting.completion_id(answer)
    panel = chatting.thumb_down(answer)
    assert [vote.value for vote in votes(chat, completion_id)] == [-1]  # the thumb counts, even if the panel is left
    panel.get_by_role("button", name="not correct").click()
    panel.get_by_role("button", name="too short").click()
    panel.get_by_label("Comment").fill("It only repeats me.")
    panel.get_by_label("Corrected answer").fill("Paris.")
    panel.get_by_role("button", name="Send feedback").click()
    expect(answer.get_by_role("button", name="not correct, too short, comment, correction")).to_be_visible()
    latest = votes(chat, completion_id)[0]
    assert (latest.value, latest.reasons) == (-1, ("not correct", "too short"))
    assert (latest.comment, latest.correction, latest.source) == ("It only repeats me.", "Paris.", "chat_ui")

    chatting.reload()
    answer = chatting.answers.first
    expect(answer.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    answer.get_by_role("button", name="not correct, too short, comment, correction").click()
    expect(chatting.page.get_by_label("Comment")).to_have_value("It only repeats me.")
    expect(chatting.page.get_by_label("Corrected answer")).to_have_value("Paris.")
    expect(answer.get_by_role("button", name="not correct", exact=True)).to_have_attribute("aria-pressed", "true")


def test_changing_ones_mind_replaces_the_vote_and_pressing_again_takes_it_back(chatting: ChatPage, chat: Chat) -> None:
    answer = chatting.send("hello")
    up, down = (answer.get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(down).to_have_attribute("aria-pressed", "false")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "false")
    assert [vote.value for vote in votes(chat, chatting.completion_id(answer))] == [0, 1, -1]
    chatting.reload()
    expect(chatting.answers.first.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "false")


def test_chats_survive_a_reload_and_a_restart_of_the_chat(chatting: ChatPage, chat: Chat) -> None:
    chatting.send("remember me")
    chatting.reload()
    expect(chatting.answers).to_contain_text("remember me")
    chat.process.stop()
    chat.start()
    chatting.reload()
    expect(chatting.answers).to_contain_text("remember me")
    expect(chatting.chats).to_have_count(1)
    expect(chatting.send("still there?")).to_contain_text("still there?")


def test_chats_are_searched_renamed_and_deleted(chatting: ChatPage) -> None:
    page = chatting.page
    for text in ("about apples", "about pears"):
        page.get_by_role("button", name="New chat").click()
        expect(page.locator(".welcome")).to_be_visible()
        chatting.wait_until_idle()
        chatting.send(text)
    expect(chatting.chats).to_have_count(2)
    page.get_by_label("Search chats").fill("PEAR")
    expect(chatting.chats).to_have_count(1)
    page.get_by_label("Search chats").fill("nothing like it")
    expect(page.locator("#sidebar")).to_contain_text("No chat contains this.")
    page.get_by_label("Search chats").fill("")
    expect(chatting.chats).to_have_count(2)

    chatting.chats.filter(has_text="pears").hover()
    page.get_by_role("button", name="Rename about pears").click()
    page.get_by_label("New title").fill("Fruit")
    page.get_by_label("New title").press("Enter")
    expect(chatting.chats.filter(has_text="Fruit")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fruit")
    chatting.reload()
    expect(chatting.chats.filter(has_text="Fruit")).to_be_visible()

    chatting.chats.filter(has_text="Fruit").hover()
    page.get_by_role("button", name="Delete Fruit").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(chatting.chats).to_have_count(1)
    expect(page.locator(".welcome")).to_be_visible()
    chatting.reload()
    expect(chatting.chats).to_have_count(1)

    chatting.chats.get_by_role("button", name="about apples", exact=True).click()
    expect(chatting.answers).to_contain_text("about apples")


def test_a_person_erases_everything(chatting: ChatPage, chat: Chat) -> None:
    page = chatting.page
    answer = chatting.send("a secret")
    completion_id = chatting.completion_id(answer)
    page.get_by_role("button", name="Chat settings").click()
    page.get_by_role("button", name="Erase everything…").click()
    page.get_by_role("button", name="Keep it").click()
    expect(chatting.chats).to_have_count(1)
    page.get_by_role("button", name="Erase everything…").click()
    page.get_by_role("button", name="Erase everything", exact=True).click()
    expect(chatting.chats).to_have_count(0)
    expect(page.locator(".welcome")).to_be_visible()
    with closing(chat.ledger()) as database, database.read() as connection:
        left = connection.execute(select(completions).where(completions.c.id == completion_id)).all()
    assert left == []


def test_settings_are_kept_with_each_chat_and_reach_the_model(chatting: ChatPage, chat: Chat) -> None:
    page = chatting.page
    page.get_by_role("button", name="Chat settings").click()
    page.get_by_label("System prompt").fill("Answer like a pirate.")
    expect(page.get_by_label("Temperature")).to_have_attribute("placeholder", re.compile("the model's own"))
    page.get_by_label("Temperature").fill("0.2")
    page.get_by_label("Longest answer (tokens)").fill("7")
    page.get_by_label("Seed").fill("42")
    answer = chatting.send("one two three four five six seven eight nine")
    completion = stored(chat, chatting.completion_id(answer))
    assert completion.messages[0] == {"role": "system", "content": "Answer like a pirate."}
    assert completion.params["temperature"] == 0.2
    assert "top_p" not in completion.params
    assert (completion.params["max_tokens"], completion.params["seed"]) == (7, 42)
    assert "eight" not in answer.locator(".prose").inner_text()

    page.get_by_label("Longest answer (tokens)").fill("3")
    page.get_by_label("Longest answer (tokens)").blur()
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_label("Seed")).to_have_value("")
    chatting.wait_until_idle()
    chatting.chats.first.get_by_role("button").first.click()
    expect(page.get_by_label("Seed")).to_have_value("42")
    expect(page.get_by_label("System prompt")).to_have_value("Answer like a pirate.")
    expect(page.get_by_label("Longest answer (tokens)")).to_have_value("3")


def test_the_keyboard_is_enough(chatting: ChatPage, chat: Chat) -> None:
    page = chatting.page
    expect(chatting.composer).to_be_focused()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    expect(chatting.composer).to_have_value("first line\nsecond line")
    page.keyboard.press("Enter")
    expect(chatting.answers).to_have_count(1)
    chatting.wait_until_idle()
    expect(chatting.composer).to_have_value("")
    chatting.composer.focus()
    page.keyboard.press("Shift+Tab")
    expect(chatting.answers.first.get_by_role("button", name="Bad answer")).to_be_focused()
    outline = "element => getComputedStyle(element).outlineStyle"
    assert page.locator(":focus").evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    expect(chatting.answers.first.get_by_role("form")).to_be_visible()


def test_enter_does_not_send_while_an_answer_is_being_written(chatting: ChatPage, chat: Chat) -> None:
    chat.engine.behave(**SLOW)
    chatting.start("one two three four five six seven eight")
    expect(chatting.transcript.locator(".bot-row")).to_contain_text("two")
    chatting.start("impatient")
    expect(chatting.answers).to_have_count(1)
    chatting.wait_until_idle()
    expect(chatting.composer).to_have_value("impatient")
    expect(chatting.questions).to_have_count(1)
    assert chat.engine.state()["running"] == 0


def test_the_chat_works_at_phone_width(browser: Browser, chat: Chat) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    chatting = ChatPage(context.new_page(), chat.url)
    chatting.open()
    page = chatting.page
    expect(page.locator("#side")).to_be_hidden()
    page.get_by_role("button", name="Hello! What can you do?").tap()
    expect(chatting.answers).to_have_count(1)
    chatting.wait_until_idle()
    answer = chatting.send(RICH)
    chatting.thumb_down(answer).get_by_role("button", name="rude").tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for control in page.locator("#main button:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.get_by_role("button", name="Chats").tap()
    expect(chatting.chats).to_have_count(1)
    page.get_by_role("button", name="New chat").tap()
    expect(page.locator("#side")).to_be_hidden()
    expect(page.locator(".welcome")).to_be_visible()
    context.close()


def test_markdown_code_formulas_and_tables_are_drawn_and_copied_as_written(chatting: ChatPage) -> None:
    answer = chatting.send(RICH)
    text = answer.locator(".prose")
    expect(text.locator("strong")).to_have_text("bold")
    expect(text.locator("pre [class^=hljs-]").first).to_be_visible()
    expect(text.locator("pre")).to_contain_text('print("<b>")')
    expect(text.locator("td")).to_have_count(2)
    expect(text.locator(".katex")).to_have_count(2)
    expect(text.locator(".katex-error")).to_have_count(0)
    own = chatting.questions.locator("pre code")
    assert own.evaluate("code => getComputedStyle(code).backgroundColor") == "rgba(0, 0, 0, 0)", "no bar per line"
    for code in (own, text.locator("pre code")):
        assert not code.evaluate("code => code.textContent").endswith("\n"), "no empty line at the end"
        block = code.locator("xpath=ancestor::div[@class='code_wrap']")
        button, first = block.locator("button").bounding_box(), code.bounding_box()
        assert button and first and button["y"] + button["height"] <= first["y"] + 1, "nothing covers the code"
    answer.get_by_role("button", name="Copy", exact=True).click()
    expect(answer.get_by_role("button", name="Copy", exact=True)).to_have_attribute("data-copied", "true")
    assert chatting.page.evaluate("navigator.clipboard.readText()") == RICH


def test_dark_mode_is_kept(chatting: ChatPage) -> None:
    page = chatting.page
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark mode").click()
    expect(page.locator("body.dark")).to_be_visible()
    chatting.reload()
    expect(page.locator("body.dark")).to_be_visible()
    assert page.evaluate(background) != light


def test_a_busy_model_is_a_clear_sentence_and_asking_again_works(chatting: ChatPage, chat: Chat) -> None:
    chat.engine.behave(status=503, message="The engine is overloaded")
    chatting.start("patience")
    expect(chatting.notice).to_contain_text("try again")
    chatting.wait_until_idle()
    expect(chatting.questions).to_contain_text("patience")
    chat.engine.behave(echo=True)
    chatting.page.get_by_role("button", name="Try again").click()
    expect(chatting.answers).to_contain_text("patience")
    expect(chatting.notice).to_be_hidden()


def test_a_model_that_starts_is_asked_again_by_the_page_itself(chatting: ChatPage, chat: Chat) -> None:
    engine_becomes(chat, "starting")
    chatting.start("patience")
    expect(chatting.notice).to_contain_text("The model is still starting; that can take some minutes.")
    engine_becomes(chat, "ready")
    expect(chatting.answers).to_contain_text("patience")
    expect(chatting.notice).to_be_hidden()


def engine_becomes(chat: Chat, state: EngineState) -> None:
    """Writes down a state of the engine as its controller would, and waits until the gateway knows it."""
    with closing(chat.ledger()) as database, database.write() as connection:
        [engine] = engines.list_all(connection)
        engines.upsert(connection, replace(engine, state=state))
    with httpx.Client(base_url=chat.gateway.root_url) as client:
        while client.get("/health/ready").is_success is not (state == "ready"):
            time.sleep(0.05)


def test_an_engine_that_dies_leaves_the_beginning_and_a_sentence(chatting: ChatPage, chat: Chat) -> None:
    chat.engine.behave(echo=True, die_after=2)
    chatting.start("one two three four")
    expect(chatting.notice).to_contain_text("broke off")
    expect(chatting.answers).to_contain_text("one two")
    expect(chatting.answers).to_contain_text("broke off")


def test_what_was_typed_is_kept_while_the_gateway_is_away(chatting: ChatPage, chat: Chat) -> None:
    chat.gateway.stop()
    try:
        chatting.start("do not lose me")
        expect(chatting.notice).to_contain_text("The server cannot be reached.")
        expect(chatting.composer).to_have_value("do not lose me")
    finally:
        chat.gateway.run()
    chatting.composer.press("Enter")
    expect(chatting.answers).to_contain_text("do not lose me")


def test_a_long_conversation_goes_on_without_its_beginning(chatting: ChatPage, chat: Chat) -> None:
    """The fake engine reads 4,096 words at most."""
    chatting.send("early " * 3000)
    chat.engine.behave(text="goes on")
    expect(chatting.send("late " * 2000).locator(".prose")).to_have_text("goes on")


def test_nobody_else_sees_a_conversation(chatting: ChatPage, chat: Chat, browser: Browser) -> None:
    chatting.send("a secret")
    context = browser.new_context()
    stranger = ChatPage(context.new_page(), chat.url)
    stranger.open(chatting.conversation_id)
    expect(stranger.notice).to_contain_text("This chat is not there")
    expect(stranger.questions).to_have_count(0)
    expect(stranger.chats).to_have_count(0)
    assert "a secret" not in stranger.page.content()
    context.close()


def test_the_key_never_reaches_the_browser(page: Page, chat: Chat) -> None:
    key = chat.gateway.secrets.app
    bodies: list[bytes] = []
    page.route("**/*", lambda route: route.continue_() if "queue/data" in route.request.url else _keep(route, bodies))
    chatting = ChatPage(page, chat.url)
    chatting.open()
    chatting.send("hello")
    assert len(bodies) > 20
    assert not any(key.encode() in body for body in bodies)
    assert key not in page.content()
    cookies = page.context.cookies()
    assert all(key not in str(cookie) for cookie in cookies)
    user = next(cookie for cookie in cookies if cookie["name"] == "attune_user")
    assert (user["httpOnly"], user["sameSite"]) == (True, "Lax")


def _keep(route: Route, bodies: list[bytes]) -> None:
    response = route.fetch()
    bodies.append(response.body() + str(response.headers).encode())
    route.fulfill(response=response)


def test_requests_without_the_cookie_are_refused(chat: Chat) -> None:
    with httpx.Client(base_url=chat.url) as client:
        joined = client.post("gradio_api/queue/join", json={"data": [], "fn_index": 0, "session_hash": "x"})
        uploaded = client.post("gradio_api/upload", files={"files": b"x"})
        read = client.get("gradio_api/file=/etc/hosts")
    assert joined.status_code == 401
    assert (uploaded.status_code, read.status_code) == (404, 404)


def test_gradios_other_routes_and_foreign_names_are_closed(chat: Chat) -> None:
    with httpx.Client(base_url=chat.url) as client:
        closed = [client.get(path) for path in ("logout", "openapi.json", "docs", "pwa_icon/1", "config", "monitoring")]
        assert {(answer.status_code, answer.headers.get("location")) for answer in closed} == {(404, None)}
        moved = [client.get(path) for path in ("ops/", "rate/")]
        assert [(answer.status_code, answer.headers["location"]) for answer in moved] == [(307, "/ops"), (307, "/rate")]
        assert client.get("", headers={"host": "evil.example"}).status_code == 421
        assert client.get("", headers={"x-forwarded-host": "evil.example"}).status_code == 421
        page = client.get("", headers={"x-forwarded-proto": "https"})  # from nobody that is trusted
        assert page.headers["cache-control"] == "no-store" and "__Host-" not in page.headers["set-cookie"]
        joined = client.post(
            "gradio_api/queue/join", content=b"x" * 2**21, headers={"cookie": page.headers["set-cookie"]}
        )
        assert joined.status_code == 413


def test_the_chat_gives_up_half_sent_requests(chat: Chat) -> None:
    address = urlsplit(chat.url)
    with socket.create_connection((str(address.hostname), address.port or 0)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 20_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431")


def test_the_address_names_the_chat_and_back_returns_to_it(chatting: ChatPage) -> None:
    chatting.send("the first chat")
    first = chatting.conversation_id
    chatting.page.get_by_role("button", name="New chat").click()
    expect(chatting.page).to_have_url(re.compile(r"/$"))
    chatting.page.go_back()
    expect(chatting.answers).to_contain_text("the first chat")
    assert chatting.conversation_id == first
