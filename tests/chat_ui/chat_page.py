"""The chat's page as a person sees it, driven through Playwright. It waits for what must appear, never for a time."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Request, expect

expect.set_options(timeout=20_000)


class ChatPage:
    """One open page.

    Attributes:
        foreign_requests: Addresses outside the page's own origin that it asked for, even in vain.
        dialogs: What a script has popped up.
        errors: Exceptions in the page's scripts.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.foreign_requests: list[str] = []
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._note_request)
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, conversation_id: str | None = None) -> None:
        """Open the page, as a link or a reload does."""
        self.page.goto(self.url + (f"?c={conversation_id}" if conversation_id else ""))
        self.wait_until_idle()

    def reload(self) -> None:
        self.page.reload()
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        expect(self.page.locator("body[data-revision][data-busy='false']")).to_be_visible()

    @property
    def conversation_id(self) -> str:
        """The one in the address."""
        return parse_qs(urlsplit(self.page.url).query)["c"][0]

    @property
    def composer(self) -> Locator:
        return self.page.get_by_label("Message", exact=True)

    @property
    def questions(self) -> Locator:
        return self.page.locator("#transcript .user-row")

    @property
    def answers(self) -> Locator:
        """Those that are finished: they have buttons."""
        return self.page.locator("#transcript .bot-row[data-message-id]")

    @property
    def notice(self) -> Locator:
        return self.page.get_by_role("alert").filter(has_text=" ")

    @property
    def chats(self) -> Locator:
        return self.page.locator("#sidebar li[data-id]")

    @property
    def transcript(self) -> Locator:
        return self.page.locator("#transcript")

    def start(self, text: str) -> None:
        """Send without waiting for the answer."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def send(self, text: str) -> Locator:
        """Send and wait for the end of the answer, which is returned."""
        before = self.answers.count()
        self.start(text)
        expect(self.answers).to_have_count(before + 1)
        self.wait_until_idle()
        return self.answers.nth(before)

    def thumb_down(self, answer: Locator) -> Locator:
        """Press it; returns the panel that opens."""
        answer.get_by_role("button", name="Bad answer").click()
        panel = answer.get_by_role("form", name="Feedback on this answer")
        expect(panel).to_be_visible()
        return panel

    def completion_id(self, answer: Locator) -> str:
        """Of a finished answer, from the id of its message."""
        message_id = answer.get_attribute("data-message-id") or ""
        return "chatcmpl-" + message_id.removeprefix("msg_")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.foreign_requests.append(request.url)
