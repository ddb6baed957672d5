"""The ops page as somebody with an admin key sees it, before a gateway whose ledger was used for weeks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, expect

from tests import ops_ledger
from tests.chat_ui.conftest import Chat
from tests.processes import FakeEngineProcess


@contextmanager
def used_chat(folder: Path, votes: int) -> Iterator[Chat]:
    """A running chat with so many votes in its ledger, and the pictures of a run."""
    with FakeEngineProcess(folder) as engine:
        chat = Chat(folder, engine)
        database = chat.ledger()
        ops_ledger.fill(database, votes=votes, people=votes // 4)
        database.close()
        ops_ledger.draw_pictures(folder)
        try:
            chat.process.start()  # while the gateway starts: it asks for nothing yet
            chat.gateway.run()
            chat.wait()
            yield chat
        finally:
            chat.process.stop()
            chat.gateway.stop()


class OpsPage:
    """One open page.

    Attributes:
        addresses: All that it asked for.
        errors: Exceptions in the page's scripts, and what its Content-Security-Policy kept from it.
    """

    def __init__(self, page: Page, chat: Chat) -> None:
        self.page = page
        self.chat = chat
        self.addresses: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if "Security Policy" in said.text else None)

    def open(self) -> None:
        self.page.goto(f"{self.chat.url}ops")

    def sign_in(self, key: str) -> None:
        self.page.get_by_label("API key with the scope admin").fill(key)
        self.page.get_by_role("button", name="Open").click()

    def open_signed_in(self) -> None:
        """Open it and wait until all of it is drawn."""
        self.open()
        self.sign_in(self.chat.gateway.secrets.admin)
        expect(self.page.locator("body[data-read]")).to_be_visible()
        expect(self.page.locator("section .body:empty")).to_have_count(0)

    def section(self, title: str) -> Locator:
        return self.page.get_by_role("region", name=title, exact=True)

    def change(self, button: str, reason: str, confirm: str) -> None:
        """Press a button, give the reason, confirm."""
        self.page.get_by_role("button", name=button).click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill(reason)
        dialog.get_by_role("button", name=confirm).click()

    def _note(self, request: Request) -> None:
        self.addresses.append(request.url)
