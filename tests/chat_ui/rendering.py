"""Draws generated texts in the chat's page, many at a time, and counts what got through."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page, Request

SCRIPT = (Path(__file__).parent / "rendering.js").read_text()
BATCH = 250
# What the page asks for by itself: whether a model is ready, and letters for formulas.
OWN = ("/model-ready", "/gradio_api/heartbeat", "/chat-static/")

Way = Literal["page", "sanitiser alone", "no sanitiser"]


@dataclass
class Seen:
    """What became of the texts.

    Attributes:
        outside: Texts with an element or attribute outside the allow-list, with the first such element.
        scripts: How often a script had run, by its trace or a dialog, when a batch was through.
        requests: Addresses that were asked for.
        refusals: What the page's Content-Security-Policy complained about. It also does about tags in a document that
            is parsed and never shown, in which the sanitiser looks at them.
    """

    texts: int = 0
    elements: int = 0
    outside: list[tuple[str, str]] = field(default_factory=list)
    scripts: int = 0
    requests: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def harmless(self) -> bool:
        """Whether nothing got through."""
        return not (self.outside or self.scripts or self.requests)


class Renderer:
    """Draws texts in one page of the chat, which is open."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._seen = Seen()
        page.on("request", self._note)
        page.on("dialog", self._dismiss)
        page.on("console", lambda said: self._seen.refusals.append(said.text) if "Policy" in said.text else None)

    def draw(self, texts: list[str], way: Way) -> Seen:
        """Draw each text by itself, and look at all of it."""
        self._seen = Seen()
        for first in range(0, len(texts), BATCH):
            self._draw_batch(texts[first : first + BATCH], way)
        return self._seen

    def _draw_batch(self, texts: list[str], way: Way) -> None:
        found: dict[str, Any] = self._page.evaluate(SCRIPT, [texts, way])
        seen = self._seen
        seen.texts += len(texts)
        seen.elements += found["elements"]
        seen.outside += [(texts[number], html) for number, html in found["outside"]]
        seen.scripts += found["ran"] is not None

    def _note(self, request: Request) -> None:
        path = "/" + request.url.split("/", 3)[-1]
        if not path.startswith(OWN):
            self._seen.requests.append(request.url)

    def _dismiss(self, dialog: Any) -> None:
        self._seen.scripts += 1
        dialog.dismiss()
