"""The Content-Security-Policies: what stands in them, and what they keep a script from in a real browser."""

import hashlib
import json
import re

import httpx
import pytest
from playwright.sync_api import Page, Route

from chat_ui.page import STATIC
from chat_ui.policies import policy_for
from tests.chat_ui.chat_page import ChatPage
from tests.chat_ui.conftest import Chat

# As a formula does.
LETTERS = "document.fonts.load('12px KaTeX_Main').catch(() => null)"
ATTACKS = """async () => {
  await new Promise((resolve) => setTimeout(resolve)); // what a debugger asks for itself may use eval
  const refused = [];
  document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
  const put = (markup) => document.body.insertAdjacentHTML("beforeend", markup);
  const script = document.createElement("script");
  script.textContent = "window.__ran = 'inline'";
  document.body.append(script);
  put("<img src=data:, onerror=\\"window.__ran='handler'\\">");
  put("<a id=attack href=\\"javascript:window.__ran='address'\\">x</a>");
  document.getElementById("attack").click();
  put("<img src=http://127.0.0.1:9/a.png><iframe src=/rate></iframe><object data=/rate></object><base href=http://127.0.0.1:9/>");
  put("<form action=/rate method=post id=sent><input name=a></form>");
  document.getElementById("sent").submit();
  try { eval("window.__ran = 'eval'") } catch { /* counted below */ }
  try { new Function("window.__ran = 'function'")() } catch { /* counted below */ }
  try { Function("window.__ran = 'function'")() } catch { /* counted below */ }
  try { new Worker("/chat-static/page.js") } catch { /* counted below */ }
  fetch("http://127.0.0.1:9/").catch(() => null);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { ran: window.__ran ?? null, base: document.baseURI, refused: [...new Set(refused)].sort() };
}"""


@pytest.mark.parametrize("path", ["/", "/ops", "/rate", "/chat-static/page.js", "/gradio_api/queue/data", "/nowhere"])
def test_every_policy_is_closed_but_for_what_it_names(path: str) -> None:
    directives = dict(line.split(" ", 1) for line in policy_for(path, "abc").split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] in ("'none'", "'self'")
    assert directives["form-action"] == ("'self'" if path == "/rate" else "'none'")
    scripts = directives.get("script-src", "'none'")
    assert scripts in ("'none'", "'self'", "'self' 'nonce-abc'")
    assert not {"object-src", "frame-src", "media-src"} & directives.keys()  # as default-src says
    assert not re.search(r"\*|https?:|unsafe-eval|unsafe-hashes|strict-dynamic", policy_for(path, "abc"))


@pytest.mark.browser
def test_nothing_that_a_message_could_bring_runs_even_past_the_sanitiser(page: Page, chat: Chat) -> None:
    chatting = ChatPage(page, chat.url)
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Security Policy" in said.text else None)
    chatting.open()
    chatting.send("**hello** `code`")
    assert refused == []  # what the page itself needs is allowed
    found = page.evaluate(ATTACKS)
    assert found["ran"] is None
    assert found["base"].startswith(chat.url)
    assert {
        "connect-src", "form-action", "frame-src", "img-src", "object-src", "script-src", "script-src-attr",
        "script-src-elem", "worker-src",
    } <= set(found["refused"])  # fmt: skip
    assert chatting.dialogs == []
    # Asked in the page: the browser's tool waits for the navigation of the refused form, which never ends.
    assert page.evaluate("location.href").startswith(chat.url)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("source", "narrower", "needed_by"),
    [
        ("style-src 'self' 'unsafe-inline'", "style-src 'self'", "inline style"),
        ("font-src 'self'", "font-src 'none'", "font"),
        ("connect-src 'self'", "connect-src 'none'", "Connecting"),
        ("base-uri 'self'", "base-uri 'none'", "base"),
        ("script-src 'self' ", "script-src ", "script"),
    ],
)
def test_the_page_needs_each_source_that_its_policy_names(
    page: Page, chat: Chat, source: str, narrower: str, needed_by: str
) -> None:
    def narrow(route: Route) -> None:
        answer = route.fetch()
        policy = answer.headers["content-security-policy"]
        assert source in policy
        route.fulfill(
            response=answer, headers=answer.headers | {"content-security-policy": policy.replace(source, narrower)}
        )

    page.route(chat.url, narrow)
    with page.expect_console_message(lambda said: "Security Policy" in said.text and needed_by in said.text):
        page.goto(chat.url)
        page.evaluate(LETTERS)


@pytest.mark.browser
def test_each_answer_has_its_own_nonce_at_each_script(chat: Chat) -> None:
    with httpx.Client(base_url=chat.url) as client:
        pages = [client.get("/") for _ in range(2)]
    nonces = [set(re.findall(r"<script nonce=\"([\w-]{20,})\"", page.text)) for page in pages]
    for page, found in zip(pages, nonces, strict=True):
        assert page.text.count("<script") == page.text.count("<script nonce=") > 4
        assert len(found) == 1
        assert f"'nonce-{found.copy().pop()}'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
    assert nonces[0] != nonces[1]


def test_the_libraries_are_those_that_were_published() -> None:
    vendor = STATIC / "vendor"
    listed = json.loads((vendor / "packages.json").read_text())
    expected = {
        f"{package['folder']}/{name}": digest for package in listed for name, digest in package["sha256"].items()
    }
    found = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "packages.json"
    }
    assert found == expected
    assert all((vendor / package["folder"] / "LICENSE").is_file() for package in listed)
