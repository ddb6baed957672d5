"""What one browser may ask of the chat, before Gradio sees it."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr
import httpx
import orjson
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from chat_ui.allowed_routes import DATA_PATH, JOIN_PATH, is_file, is_served
from chat_ui.event_rate import EventRate
from chat_ui.page_events import PageEvents
from chat_ui.request_bounds import EventBounds, RequestBoundsMiddleware
from chat_ui.sessions import LIFETIME_S, MOST_OF_ONE_USER, SessionOwners
from chat_ui.unread_results import KEPT_S, UnreadResults
from http_bounds.bodies import BodyReader

EVENT = {"fn_index": 3, "data": ["typed", "0.5", {"leaf_id": None}], "event_data": {"id": "a"}, "trigger_id": 7}
PAGE = PageEvents({3: (gr.Textbox, gr.Textbox, gr.HTML)}, frozenset({7}))


class Queue:
    """What of Gradio's queue holds results."""

    def __init__(self) -> None:
        self.pending_messages_per_session = {"read": 1, "unread": 1}
        self.pending_event_ids_session = {"read": {"a"}, "unread": {"b"}}
        self.cleaned: list[str] = []

    async def clean_events(self, *, session_hash: str) -> None:
        self.cleaned.append(session_hash)


class Gradio:
    """Answers with the body; a stream lasts until it is told to end."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.over = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        if scope["path"] == DATA_PATH:
            await self.over.wait()
        body = await Request(scope, receive).body()
        await PlainTextResponse(body)(scope, receive, send)


@pytest.fixture
def gradio() -> Gradio:
    return Gradio()


@pytest.fixture
async def browser(gradio: Gradio) -> AsyncIterator[httpx.AsyncClient]:
    """Asks as the user that the header `who` names."""
    events = EventBounds(PAGE, EventRate(per_minute=30), UnreadResults(Queue()))
    bounds = RequestBoundsMiddleware(gradio, BodyReader(8 * 2**20), streams_per_user=2, events=events)

    async def with_user(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"user_id": dict(scope["headers"]).get(b"who", b"").decode() or None}
        await bounds(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(with_user), base_url="http://chat") as client:
        yield client


@pytest.mark.parametrize("path", [JOIN_PATH, "/gradio_api/cancel", "/gradio_api/reset"])
async def test_without_a_cookie_not_a_byte_is_read(browser: httpx.AsyncClient, gradio: Gradio, path: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("somebody reads")
        yield b""

    answer = await browser.post(path, content=endless())
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "no_cookie")
    assert gradio.asked == []


@pytest.mark.parametrize(
    ("path", "who", "size", "status"),
    [
        (JOIN_PATH, "ann", 900_000, 200),
        (JOIN_PATH, "ann", 1_100_000, 413),
        ("/gradio_api/cancel", "ann", 20_000, 413),
        ("/rate", "", 20_000, 413),
        ("/rate", "", 200, 200),
    ],
)
async def test_a_body_is_as_long_as_its_route_needs(
    browser: httpx.AsyncClient, path: str, who: str, size: int, status: int
) -> None:
    event = EVENT | {"session_hash": "abc", "data": ["x" * size, "1", None]}
    content = orjson.dumps(dict(sorted(event.items())))
    answer = await browser.post(path, content=content, headers={"who": who})
    assert answer.status_code == status
    if status == 200:
        assert orjson.loads(answer.content) == event


async def test_a_session_belongs_to_the_browser_that_used_it_first(browser: httpx.AsyncClient, gradio: Gradio) -> None:
    gradio.over.set()
    stranger = {"who": "eve"}
    joined = await browser.post(JOIN_PATH, json=EVENT | {"session_hash": "abc"}, headers={"who": "ann"})
    assert joined.status_code == 200
    stolen = [
        await browser.get(DATA_PATH, params={"session_hash": "abc"}, headers=stranger),
        await browser.get(f"{DATA_PATH}?session_hash=%61bc", headers=stranger),
        await browser.get("/gradio_api/heartbeat/abc", headers=stranger),
        await browser.post("/gradio_api/cancel", json={"session_hash": "abc"}, headers=stranger),
        await browser.post(JOIN_PATH, json={"session_hash": "abc"}, headers=stranger),
    ]
    assert {answer.status_code for answer in stolen} == {403}
    own = await browser.get(DATA_PATH, params={"session_hash": "abc"}, headers={"who": "ann"})
    assert own.status_code == 200


@pytest.mark.parametrize("query", ["", "session_hash=", "session_hash=a&session_hash=b", f"session_hash={'x' * 65}"])
async def test_a_session_has_one_short_name(browser: httpx.AsyncClient, query: str) -> None:
    assert (await browser.get(f"{DATA_PATH}?{query}", headers={"who": "ann"})).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"nonsense", b'{"session_hash": 1}'])
async def test_an_event_names_its_session(browser: httpx.AsyncClient, body: bytes) -> None:
    assert (await browser.post(JOIN_PATH, content=body, headers={"who": "ann"})).status_code == 400


async def test_stop_is_taken_though_gradio_s_reset_names_no_session(browser: httpx.AsyncClient) -> None:
    """The page posts both; the first one ends the stream, and only its session is looked at."""
    body = {"session_hash": "abc", "fn_index": 1, "event_id": "e"}
    for path, sent in (("/gradio_api/cancel", body), ("/gradio_api/reset", {"event_id": "e"})):
        assert (await browser.post(path, json=sent, headers={"who": "ann"})).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"fn_index": 4},
        {"fn_index": True},
        {"fn_index": None},
        {"data": ["secret", "0.5"]},  # of a tab that is older than an update
        {"data": ["secret", "0.5", None, None]},
        {"data": "secret"},
        {"data": [["secret"], "0.5", None]},
        {"data": ["a", 0.5, None]},
        {"data": ["a", True, None]},
        {"data": ["a", "b", {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}]},
        {"data": ["a", "b", ["secret"]]},
        {"event_data": {"id": [[[[[[[["secret"]]]]]]]]}},
        {"trigger_id": 8},
        {"trigger_id": []},
    ],
)
async def test_what_is_no_event_of_the_page_never_reaches_gradio(
    browser: httpx.AsyncClient, gradio: Gradio, wrong: dict[str, object]
) -> None:
    answer = await browser.post(JOIN_PATH, json=EVENT | {"session_hash": "abc"} | wrong, headers={"who": "ann"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_event")
    assert answer.json()["detail"].endswith(".")  # what the page shows
    assert "secret" not in answer.text
    assert gradio.asked == []


async def test_of_an_event_nothing_else_reaches_gradio(browser: httpx.AsyncClient) -> None:
    event = EVENT | {"session_hash": "abc"}
    more = {"simple_format": True, "batched": True, "event_id": "x", "oauth_token": "y", "request": {}}
    answer = await browser.post(JOIN_PATH, json=event | more, headers={"who": "ann"})
    assert answer.json() == event


async def test_the_page_itself_may_trigger_an_event() -> None:
    with gr.Blocks() as blocks:
        box = gr.Textbox()
        blocks.load(lambda text: text, box, None)
        gr.Button().click(None, None, None)
    page = PageEvents.of(blocks)
    assert page.inputs == {0: (gr.Textbox,)}
    event = {"fn_index": 0, "data": [None], "event_data": "odd", "trigger_id": blocks._id, "session_hash": "a"}
    assert orjson.loads(page.checked(event)) == event | {"event_data": None}


async def test_events_are_bounded_by_browser_and_minute(browser: httpx.AsyncClient, gradio: Gradio) -> None:
    async def send(who: str) -> int:
        event = EVENT | {"session_hash": f"of {who}"}
        return (await browser.post(JOIN_PATH, json=event, headers={"who": who})).status_code

    assert [await send("ann") for _ in range(17)] == [200] * 15 + [429] * 2
    assert await send("bob") == 200
    assert len(gradio.asked) == 16


def test_a_long_event_counts_as_many() -> None:
    now = 0.0
    rate = EventRate(60, clock=lambda: now)
    assert rate.take("ann") == 0
    rate.charge("ann", 2**20)  # 32 beyond the one; 30 may come at once
    assert rate.take("ann") == 4
    now = 5.0
    rate.forget_idle()
    assert [bool(rate.take("ann")) for _ in range(3)] == [False, False, True]


def test_the_rate_returns_in_time_and_idle_browsers_are_forgotten() -> None:
    now = 0.0
    rate = EventRate(60, clock=lambda: now)
    assert [rate.take("ann") for _ in range(31)] == [0] * 30 + [1]
    now = 5.0
    assert [bool(rate.take("ann")) for _ in range(6)] == [False] * 5 + [True]
    now = 40.0
    rate.forget_idle()
    assert rate._buckets == {}


async def test_results_that_nobody_fetches_are_forgotten() -> None:
    now = 0.0
    queue = Queue()
    unread = UnreadResults(queue, clock=lambda: now)
    unread.used("unread")
    unread.used("read")
    with unread.reading("read"):
        now = KEPT_S
        await unread.forget_old()
        assert queue.cleaned == ["unread"]
        assert queue.pending_messages_per_session.keys() == queue.pending_event_ids_session.keys() == {"read"}
    await unread.forget_old()
    assert queue.cleaned == ["unread"]  # its page may come back
    now *= 2
    await unread.forget_old()
    assert queue.cleaned == ["unread", "read"]
    assert unread._used_at == {}


async def test_streams_are_bounded_by_browser(browser: httpx.AsyncClient, gradio: Gradio) -> None:
    def stream(who: str) -> "asyncio.Task[httpx.Response]":
        return asyncio.create_task(browser.get(DATA_PATH, params={"session_hash": who}, headers={"who": who}))

    streams = [stream("ann"), stream("ann"), stream("bob")]
    await asyncio.sleep(0.05)
    third = await stream("ann")
    assert (third.status_code, third.json()["error"]["code"]) == (429, "too_many_streams")
    gradio.over.set()
    assert [answer.status_code for answer in await asyncio.gather(*streams)] == [200, 200, 200]
    assert (await stream("ann")).status_code == 200


async def test_what_is_one_persons_is_kept_by_no_cache(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/rate", "/gradio_api/app_id", "/model-ready"):
        assert (await browser.get(path, headers={"who": "ann"})).headers["cache-control"] == "no-store"
    assert "cache-control" not in (await browser.get("/assets/index.js")).headers


def test_what_gradio_serves_besides_is_closed() -> None:
    closed = (
        "/logout /login /openapi.json /docs /config /config/ /pwa_icon/1 /pwa_icon /manifest.json /monitoring /svelte/x"
        " /gradio_api/info /gradio_api/upload /gradio_api/file=/etc/hosts /gradio_api/proxy=http://x /gradio_api/call/x"
        " /gradio_api/queue/status /gradio_api/component_server /gradio_api/token /gradio_api/vibe-edit //logout"
    )
    assert [path for path in closed.split() if is_served(path)] == []
    assert is_file("/chat-static/base.css") and not is_file("/") and not is_file("/ops")


def test_old_sessions_are_forgotten_and_one_browser_cannot_displace_anothers() -> None:
    now = 0.0
    owners = SessionOwners(clock=lambda: now)
    assert owners.claim("anns", "ann")
    for number in range(10 * MOST_OF_ONE_USER):
        assert owners.claim(f"eve{number}", "eve")
    assert not owners.claim("anns", "eve")
    assert len(owners._owner) == 1 + MOST_OF_ONE_USER
    now = LIFETIME_S + 1
    assert owners.claim("new", "bob")
    assert owners.claim("anns", "eve")
    assert len(owners._owner) == 2
