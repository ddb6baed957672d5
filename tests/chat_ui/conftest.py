"""The chat in front of a real gateway and ledger, with an engine that does what a test tells it, and a browser."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ledger.database import Database
from tests.chat_ui.chat_page import ChatPage
from tests.install_browser import find_chromium
from tests.processes import FakeEngineProcess, GatewayProcess, Process, free_port

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class Chat:
    """A running chat with all that is behind it.

    Attributes:
        engine: Behaves as it is told.
        gateway: In front of it; its ledger is read with `ledger`.
        process: The chat itself.
        url: Of the page.
    """

    def __init__(self, folder: Path, engine: FakeEngineProcess) -> None:
        self.engine = engine
        self.gateway = GatewayProcess(folder, database_url=f"sqlite:///{folder / 'ledger.db'}")
        self.gateway.serve(engine.url)
        (folder / "ui.key").write_text(self.gateway.secrets.app)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        environment = {
            "ATTUNE_GATEWAY_URL": self.gateway.root_url,
            "ATTUNE_UI_PORT": str(port),
            "ATTUNE_UI_KEY_FILE": str(folder / "ui.key"),
            "ATTUNE_UI_SECRET_FILE": str(folder / "ui.secret"),
        }
        self.process = Process([sys.executable, "-m", "chat_ui"], folder / "chat.log", environment)

    def start(self) -> None:
        """Start the chat and wait until it answers."""
        self.process.start()
        self.wait()

    def wait(self) -> None:
        """Wait until the chat, which was started, answers."""
        with httpx.Client(base_url=self.url) as client:
            self.process.wait_for(client, "/health/live")

    def ledger(self) -> Database:
        """The gateway's ledger; the caller closes it."""
        return Database.open(self.gateway.database_url, migrate=False)


@pytest.fixture(scope="session")
def running_chat() -> Iterator[Chat]:
    """The chat, the gateway and the engine, started once."""
    folder = Path(tempfile.mkdtemp(prefix="attune-chat-"))  # short: a socket's path is limited
    with FakeEngineProcess(folder) as engine:
        chat = Chat(folder, engine)
        try:
            chat.gateway.run()
            chat.start()
            yield chat
        finally:
            chat.process.stop()
            chat.gateway.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def chat(running_chat: Chat) -> Chat:
    """The chat, with an engine that answers with the question."""
    running_chat.engine.behave(echo=True)
    return running_chat


# Not for the whole session: Playwright's event loop runs as long as it does, and would be in the way of other tests'.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that was never here before."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def chatting(page: Page, chat: Chat) -> Iterator[ChatPage]:
    """The chat, opened. Whatever a test does, the page stays in order and asks nobody else for anything."""
    opened = ChatPage(page, chat.url)
    opened.open()
    yield opened
    assert opened.foreign_requests == []
    assert opened.dialogs == []
    assert opened.errors == []
