"""Generated markdown in the chat's page, in a real browser: what gets past its sanitiser, and what would without it.

Also how long others wait while somebody opens a chat of 950 KB, and clicks in it. `python -m benchmarks.page_fuzz`.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect, sync_playwright
from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import percentile
from chat_ui.identity import COOKIE, Signer
from tests.chat_ui.chat_page import ChatPage
from tests.chat_ui.conftest import ARGUMENTS, Chat
from tests.chat_ui.nasty_markdown import nasty_text
from tests.chat_ui.rendering import Renderer, Seen, Way
from tests.install_browser import find_chromium
from tests.processes import FakeEngineProcess

AT_ONCE = 5_000
USER = "browser-" + "0" * 32
LONG = 950_000  # characters
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What became of the texts that were drawn in one way; `upper` is the end of the 95 % interval of their share."""

    way: Way
    texts: int
    elements: int
    through: int
    scripts: int
    requests: int
    refusals: int
    upper: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Waited:
    """How long others waited for an answer of the chat's server meanwhile, in seconds, of `n` requests."""

    what: str
    took_s: float
    n: int
    median_s: float
    worst_s: float


@contextmanager
def running_chat() -> Iterator[Chat]:
    """A chat over a gateway and an engine that answers with the question."""
    with tempfile.TemporaryDirectory(prefix="attune-") as name, FakeEngineProcess(Path(name)) as engine:
        chat = Chat(Path(name), engine)
        engine.behave(echo=True)
        try:
            chat.gateway.run()
            chat.start()
            yield chat
        finally:
            chat.process.stop()
            chat.gateway.stop()


def fuzz(page: Page, way: Way, texts: int, first_seed: int) -> Fuzzed:
    """Draw so many texts, each from its own seed, in one way."""
    begun = time.monotonic()
    seen = Seen()
    renderer = Renderer(page)
    for start in tqdm(range(0, texts, AT_ONCE), desc=way):
        seeds = range(first_seed + start, first_seed + min(start + AT_ONCE, texts))
        part = renderer.draw([nasty_text(seed) for seed in seeds], way)
        seen.texts += part.texts
        seen.elements += part.elements
        seen.scripts += part.scripts
        seen.outside += part.outside
        seen.requests += part.requests
        seen.refusals += part.refusals
    if way != "no sanitiser":
        for text, element in seen.outside[:20]:
            print(repr(text), "->", element)
    through = len(seen.outside)
    upper = through / texts + 1.96 * (through / texts * (1 - through / texts) / texts) ** 0.5 if through else 3 / texts
    took = time.monotonic() - begun
    counts = (through, seen.scripts, len(seen.requests), len(seen.refusals))
    return Fuzzed(way, seen.texts, seen.elements, *counts, upper, took)


@contextmanager
def others(chat: Chat, what: str, found: list[Waited]) -> Iterator[None]:
    """Ask the chat's server for something small over and over, as somebody else's page does."""
    waits: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=chat.url, timeout=60) as client:
            while not over.wait(POLL_S):
                begun = time.monotonic()
                client.get("health/live").raise_for_status()
                waits.append(time.monotonic() - begun)

    thread = threading.Thread(target=ask)
    thread.start()
    begun = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - begun
        over.set()
        thread.join()
    found.append(Waited(what, took, len(waits), percentile(waits, 0.5), max(waits)))


def backtick_runs(length: int) -> str:
    """Runs of backticks, each of another length, so that none closes another."""
    parts: list[str] = []
    size = 0
    while size < length:
        parts.append("`" * (len(parts) + 1) + " ")
        size += len(parts) + 1
    return "".join(parts)[:length]


def long_chats(chat: Chat, page: Page) -> list[Waited]:
    """Open a chat with one text of that length, and one with ten parts of it; click in both."""
    headers = {"authorization": f"Bearer {chat.gateway.secrets.app}", "x-attune-user": USER}
    found: list[Waited] = []
    chatting = ChatPage(page, chat.url)
    with httpx.Client(base_url=chat.gateway.base_url, headers=headers, timeout=120) as api:
        for parts in (1, 10):
            conversation = _converse(api, [backtick_runs(LONG // parts)] * parts)
            name = f"{parts} x {LONG // parts:,} characters"
            with others(chat, f"open {name}", found):
                chatting.open(conversation)
                expect(chatting.answers).to_have_count(parts)
            with others(chat, f"a thumb in {name}", found):
                up = chatting.answers.last.get_by_role("button", name="Good answer")
                up.click()
                expect(up).to_have_attribute("aria-pressed", "true")
    return found


def _converse(api: httpx.Client, texts: list[str]) -> str:
    """Store a conversation with so many questions, each answered with one word."""
    conversation: str = api.post("conversations", json={"title": "long"}).raise_for_status().json()["id"]
    parent = None
    for text in texts:
        body = {"role": "user", "content": text, "parent_id": parent}
        asked = api.post(f"conversations/{conversation}/messages", json=body).raise_for_status().json()["id"]
        metadata = {"conversation_id": conversation, "parent_id": asked}
        short = {"model": "attune", "messages": [{"role": "user", "content": "yes"}], "metadata": metadata}
        answer = api.post("chat/completions", json=short).raise_for_status().json()
        parent = "msg_" + answer["id"].removeprefix("chatcmpl-")
    return conversation


def report(fuzzed: list[Fuzzed], waited: list[Waited]) -> list[str]:
    """Lines of Markdown."""
    lines = [
        "| drawn with | texts | elements | texts with something outside the allow-list | their share, at most (95 %)"
        " | scripts run | requests | refused by the policy | s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.way} | {one.texts:,} | {one.elements:,} | {one.through:,} | {one.upper:.4%} | {one.scripts}"
        f" | {one.requests:,} | {one.refusals:,} | {one.seconds:.0f} |"
        for one in fuzzed
    ]
    lines += [
        "",
        "*Sanitiser alone*: the parser lets tags, images and every link through, and the policy complains of what it",
        "meets in the document that is never shown, where the sanitiser looks. *No sanitiser*: that parser's markup",
        "goes into the page as it is; what it does not do there, the Content-Security-Policy kept from happening.",
        "",
        "| meanwhile | took, s | requests of others | their median, ms | their worst, ms |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.what} | {one.took_s:.2f} | {one.n} | {1000 * one.median_s:.1f} | {1000 * one.worst_s:.1f} |"
        for one in waited
    ]
    return lines


def main() -> None:
    """Draws, measures, writes the result; fails if anything got through, or if too little did without the sanitiser."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_fuzz", description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--first-seed", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with running_chat() as chat, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        context = browser.new_context()
        secret = (chat.process.log.parent / "ui.secret").read_text()
        context.add_cookies([{"name": COOKIE, "value": Signer(secret).sign(USER), "url": chat.url}])
        waited = long_chats(chat, context.new_page())
        plan: tuple[tuple[Way, int], ...] = (
            ("page", arguments.texts),
            ("sanitiser alone", arguments.texts // 5),
            ("no sanitiser", arguments.texts // 10),
        )
        fuzzed = []
        for way, texts in plan:
            page = context.new_page()
            ChatPage(page, chat.url).open()
            fuzzed.append(fuzz(page, way, texts, arguments.first_seed))
            page.close()
        browser.close()
    figures = {"fuzzed": [asdict(one) for one in fuzzed], "waited": [asdict(one) for one in waited]}
    print(results.write("page-fuzz", figures, report(fuzzed, waited)).read_text())
    guarded = fuzzed[:2]
    if any(one.through or one.scripts or one.requests for one in guarded) or fuzzed[0].refusals:
        raise SystemExit("Something got past the sanitiser.")
    if fuzzed[2].through < 0.01 * fuzzed[2].texts:
        raise SystemExit("The texts are too tame: without the sanitiser fewer than 1 % get through.")


if __name__ == "__main__":
    main()
