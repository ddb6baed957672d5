"""The ops page in a browser: what it shows, and what its buttons do to the ledger."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger import audit, deployments
from tests.chat_ui.conftest import Chat
from tests.chat_ui.ops_page import OpsPage, used_chat

pytestmark = pytest.mark.browser

TAKEN_OVER = (Path(__file__).parent / "taken_over.js").read_text()
READ_OPENED = "() => { try { return opened.document.body.innerText } catch (e) { return `refused: ${e.name}` } }"


@pytest.fixture(scope="module")
def used() -> Iterator[Chat]:
    """A chat whose ledger was used for weeks."""
    folder = Path(tempfile.mkdtemp(prefix="attune-ops-"))  # short: a socket's path is limited
    with used_chat(folder, votes=400) as chat:
        yield chat
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ops(page: Page, used: Chat) -> Iterator[OpsPage]:
    """The page, not opened yet. Whatever a test does, the key stands in no address and in no log."""
    opened = OpsPage(page, used)
    yield opened
    assert opened.errors == []
    assert all(address.startswith((used.url, "blob:")) for address in opened.addresses)
    secret = used.gateway.secrets.admin
    assert not any(secret in address for address in opened.addresses)
    assert secret not in used.process.log.read_text() + used.gateway.log.read_text()
    assert page.context.cookies() == []


def test_it_opens_to_an_admin_only_and_shows_what_the_ledger_holds(ops: OpsPage, used: Chat) -> None:
    ops.open()
    ops.sign_in(used.gateway.secrets.app)
    expect(ops.page.get_by_role("alert")).to_contain_text("lacks the scope admin")
    ops.open_signed_in()
    expect(ops.section("Live")).to_contain_text("v3")
    expect(ops.section("Canary")).to_contain_text("v4 against v3")
    expect(ops.section("Canary")).to_contain_text("50 are needed for each")
    expect(ops.section("Thumbs-up by version, 14 days").locator("circle.series-3").first).to_be_attached()
    expect(ops.section("Votes per day").locator("rect.bar")).to_have_count(28)
    expect(ops.section("Versions")).to_contain_text("refused: harmful")
    expect(ops.section("Engines")).to_contain_text("attune@v4 on CPU")
    runs = ops.section("Alignment runs")
    expect(runs).to_contain_text("The disk is full")
    runs.get_by_role("row").filter(has_text="v2 → v3").get_by_role("button").click()
    dialog = ops.page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="ppo/curves of this run")).to_have_js_property("naturalWidth", 450)
    expect(dialog).to_contain_text("0.310 (0.240 to 0.380, n = 200)")
    ops.page.keyboard.press("Escape")
    ops.section("Versions").get_by_role("button", name="v4", exact=True).click()
    dialog.get_by_role("button", name="Show the votes").first.click()
    votes = dialog.get_by_role("group", name="Votes that the run learned from, newest first")
    expect(votes.get_by_role("row")).to_have_count(51)
    ops.page.reload()  # and the key is gone
    expect(ops.page.get_by_label("API key with the scope admin")).to_be_visible()
    ops.sign_in(used.gateway.secrets.admin)
    expect(ops.section("Live")).to_contain_text("v3")
    ops.page.keyboard.press("Escape")
    ops.page.get_by_role("button", name="Sign out").click()
    expect(ops.page.get_by_label("API key with the scope admin")).to_be_visible()
    assert ops.page.evaluate("self.origin") == "null"


def test_its_buttons_change_what_is_live_and_say_why_not(ops: OpsPage, used: Chat) -> None:
    ops.open_signed_in()
    ops.page.get_by_role("button", name="Change share…").click()
    dialog = ops.page.get_by_role("dialog")
    dialog.get_by_label("Share of the people, in %").fill("25")
    dialog.get_by_label("Reason").fill("more people")
    dialog.get_by_role("button", name="Change the share").click()
    expect(ops.section("Live")).to_contain_text("25 %")

    database = used.ledger()
    with database.write() as connection:  # somebody else is quicker
        deployments.withdraw(connection, 4, deployments.Change("bob", "not yet"))
    ops.change("Promote…", "people like it", "Promote v4")
    expect(dialog.get_by_role("alert")).to_contain_text("Version 4 is not the canary now")
    dialog.get_by_role("button", name="Cancel").click()

    with database.write() as connection:
        deployments.start_canary(connection, 4, 0.1, deployments.Change("bob", "now"))
    ops.change("Promote…", "people like it", "Promote v4")
    expect(ops.section("Decisions")).to_contain_text("people like it")
    ops.change("Roll back v4…", "it was worse", "Roll back v4")
    expect(ops.section("Decisions")).to_contain_text("it was worse")
    expect(ops.section("Versions").get_by_role("row").nth(2)).to_contain_text("v4rejectedrolled back (")
    with database.read() as connection:
        assert deployments.current(connection).live_version == 3
        entries = audit.latest(connection, 3)
    database.close()
    assert [entry.action for entry in entries[:2]] == ["roll_back", "promote"]
    assert "admin" in entries[0].actor


def test_a_script_in_the_chat_has_neither_the_key_nor_its_use(ops: OpsPage, used: Chat) -> None:
    """Somebody's script runs in the chat, in the browser in which the ops page is signed in."""
    ops.open_signed_in()
    key = used.gateway.secrets.admin
    with closing(used.ledger()) as database, database.read() as connection:
        before = (deployments.current(connection), audit.latest(connection, 1))
    chat = ops.page.context.new_page()
    chat.goto(used.url)
    found = chat.evaluate(TAKEN_OVER, key)

    assert not any(key in text for text in found.values()), found
    for name in ("read", "read with cookies", "change", "read with the key itself", "change with the key itself"):
        assert found[name].startswith("403 "), (name, found[name])
    assert found["without an origin"].startswith("403 ")
    for name in ("framed", "framed without an origin"):
        assert "key" not in found[name] and "Live" not in found[name], (name, found[name])
    assert found["opened"].startswith("refused: "), found["opened"]
    assert found["worker"].startswith("refused: "), found["worker"]
    with closing(used.ledger()) as database, database.read() as connection:
        assert (deployments.current(connection), audit.latest(connection, 1)) == before

    opened = ops.page.context.pages[-1]  # by the script, and now signed in by the person
    OpsPage(opened, used).sign_in(key)
    expect(opened.locator("body[data-read]")).to_be_visible()
    assert chat.evaluate(READ_OPENED).startswith("refused: ")
    chat.close()
    opened.close()
    ops.page.context.clear_cookies()  # the chat's own
