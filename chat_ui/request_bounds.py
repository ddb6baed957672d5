"""What one person may ask of the chat: short bodies, the page's events, a few streams, and their own sessions only.

It stands between identity and Gradio, which reads a body of any length before it looks at who sends it.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat_ui.allowed_routes import DATA_PATH, HEARTBEAT_PREFIX, JOIN_PATH, SESSION_POSTS, is_file, needs_user
from chat_ui.event_rate import EventRate
from chat_ui.page_events import PageEvents
from chat_ui.sessions import LONGEST_NAME, SessionOwners
from chat_ui.unread_results import UnreadResults
from http_bounds.bodies import BodiesTooMany, BodyReader, BodyTooLong, HungUp
from http_bounds.refusal import Refusal

_BODY_BYTES = 16 * 1024
_JOIN_BYTES = 2**20  # a message of 100,000 characters beside a system prompt, however they are escaped

_NO_USER = Refusal(401, "This browser is not known here. Open the page first, and allow its cookie.", "no_cookie")
_NO_SESSION = Refusal(400, f"session_hash must be a text of 1 to {LONGEST_NAME} characters.", "invalid_session")
_NOT_YOURS = Refusal(403, "This session belongs to another browser.", "not_your_session")
_TOO_MANY_BODIES = Refusal(503, "Too many requests are still being sent. Try again later.", "too_many_bodies")


@dataclass(frozen=True, slots=True)
class EventBounds:
    """What is asked before Gradio has an event.

    Attributes:
        page: Which events there are.
        rate: How many one browser may send.
        unread: What holds their results.
    """

    page: PageEvents
    rate: EventRate
    unread: UnreadResults

    async def forget_old(self) -> None:
        """Forget what nobody needs any more; call it every few seconds."""
        self.rate.forget_idle()
        await self.unread.forget_old()


class RequestBoundsMiddleware:
    """Refuses what goes beyond a bound, before Gradio sees it, and keeps answers out of caches."""

    def __init__(self, app: ASGIApp, bodies: BodyReader, streams_per_user: int, events: EventBounds) -> None:
        self._app = app
        self._bodies = bodies
        self._streams_per_user = streams_per_user
        self._events = events
        self._streams: Counter[str] = Counter()
        self._sessions = SessionOwners()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = send if is_file(scope["path"]) else _uncached(send)
        user = scope.get("state", {}).get("user_id")
        try:
            async with self._allowed(scope, receive, user) as body:
                await self._app(scope, receive if body is None else _replayed(body, receive), send)
        except _Refused as refused:
            await _answer(refused.refusal, scope["path"])(scope, receive, send)
        except HungUp:
            return

    @asynccontextmanager
    async def _allowed(self, scope: Scope, receive: Receive, user: str | None) -> AsyncIterator[bytes | None]:
        """Holds what the request takes while it is answered.

        Yields:
            The body, if it was read.
        """
        path = scope["path"]
        if user is None:
            if needs_user(path):
                raise _Refused(_NO_USER)
        elif path == DATA_PATH or path.startswith(HEARTBEAT_PREFIX):
            session = self._checked_session(_session_in_address(scope), user)
            reading = self._events.unread.reading(session) if path == DATA_PATH else nullcontext()
            async with self._stream(user):
                with reading:
                    yield None
            return
        if scope["method"] in ("GET", "HEAD"):
            yield None
            return
        if user is not None and path in SESSION_POSTS:
            self._check_rate(user)
        body = await self._read(scope, receive, user)
        if user is not None and path in SESSION_POSTS:
            self._events.rate.charge(user, len(body))
            given = _parsed(body)
            session = self._checked_session(given.get("session_hash"), user)
            if path == JOIN_PATH:
                body = self._checked_event(given)
                self._events.unread.used(session)
        yield body

    async def _read(self, scope: Scope, receive: Receive, user: str | None) -> bytes:
        limit = _JOIN_BYTES if scope["path"] == JOIN_PATH else _BODY_BYTES
        sender = user or str((scope.get("client") or ("", 0))[0])
        try:
            return await self._bodies.read(receive, Headers(scope=scope).get("content-length", ""), limit, sender)
        except BodyTooLong:
            raise _Refused(Refusal(413, f"This takes at most {limit} bytes.", "body_too_long")) from None
        except BodiesTooMany:
            raise _Refused(_TOO_MANY_BODIES) from None

    def _check_rate(self, user: str) -> None:
        wait_s = self._events.rate.take(user)
        if wait_s:
            message = f"This browser sends too much at once. Try again in {wait_s:.1g} s."
            raise _Refused(Refusal(429, message, "too_many_events"))

    def _checked_event(self, given: dict[str, Any]) -> bytes:
        try:
            return self._events.page.checked(given)
        except ValueError as error:
            raise _Refused(Refusal(400, str(error), "invalid_event")) from None

    def _checked_session(self, name: object, user: str) -> str:
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise _Refused(_NO_SESSION)
        if not self._sessions.claim(name, user):
            raise _Refused(_NOT_YOURS)
        return name

    @asynccontextmanager
    async def _stream(self, user: str) -> AsyncIterator[None]:
        if self._streams[user] >= self._streams_per_user:
            message = f"{self._streams[user]} pages are open in this browser, as many as allowed. Close some."
            raise _Refused(Refusal(429, message, "too_many_streams"))
        self._streams[user] += 1
        try:
            yield
        finally:
            self._streams[user] -= 1
            if not self._streams[user]:
                del self._streams[user]


class _Refused(Exception):
    """Carries a refusal out of whatever looked at the request."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def _answer(refusal: Refusal, path: str) -> Response:
    """The refusal, of an event with what Gradio's page shows: it reads `detail`."""
    if path != JOIN_PATH:
        return refusal.response
    body = orjson.loads(refusal.body) | {"detail": refusal.message}
    again = {name: value for name, value in refusal.response.headers.items() if name == "retry-after"}
    return Response(orjson.dumps(body), refusal.status, again, media_type="application/json")


def _session_in_address(scope: Scope) -> object:
    if scope["path"] != DATA_PATH:
        return scope["path"].removeprefix(HEARTBEAT_PREFIX)
    named = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])
    return named[0] if len(named) == 1 else None


def _parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; an empty one if there is none."""
    try:
        given = orjson.loads(body)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, and then what else comes: the disconnect."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _uncached(send: Send) -> Send:
    """Marks answers as one person's, unless they say otherwise themselves."""

    async def send_uncached(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("cache-control", "no-store")
        await send(message)

    return send_uncached
