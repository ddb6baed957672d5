"""Who chats: a random id per browser, in a signed cookie that no script can read.

The chat has no accounts. The id keeps people's conversations apart; the gateway checks it as `X-Attune-User`.
"""

import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat_ui.raters import RaterLimit

COOKIE = "attune_user"
# Over https: browsers take a cookie of such a name from this very host only, encrypted, and for all paths.
SECURE_COOKIE = "__Host-attune_user"
COOKIE_MAX_AGE_S = 400 * 24 * 3600  # the longest that browsers keep a cookie
_PAGES = ("/", "/rate")


class Signer:
    """Signs and reads user ids."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="attune-user")

    def sign(self, user_id: str) -> str:
        """The cookie's value for this user."""
        return str(self._serializer.dumps(user_id))

    def read(self, value: str) -> str | None:
        """The user id in a cookie's value; None if we did not sign it."""
        try:
            user_id = self._serializer.loads(value)
        except BadSignature:
            return None
        return user_id if isinstance(user_id, str) else None


def load_secret(path: Path) -> str:
    """Read the cookie secret, or write a new one (mode 0600) at the first start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


class IdentityMiddleware:
    """Puts the user's id into the request's state, and gives a browser without one a new id when it opens a page.

    How many of one client's browsers count as raters of their own is limited: `chat_ui.raters`. Only the pages hand out
    ids: a request without a cookie to anything else stays without a user, and is refused there.
    """

    def __init__(self, app: ASGIApp, signer: Signer, limit: RaterLimit) -> None:
        self._app = app
        self._signer = signer
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secure = scope["scheme"] == "https"
        cookies = _cookies(Headers(scope=scope))
        user_id = self._known_user(cookies, SECURE_COOKIE if secure else COOKIE)
        moves = user_id is None and secure  # a browser that was here before the chat was served over https
        if moves:
            user_id = self._known_user(cookies, COOKIE)
        is_page = scope["method"] == "GET" and scope["path"] in _PAGES
        is_new = user_id is None and is_page
        if is_new:
            user_id = self._limit.new_user((scope.get("client") or ("", 0))[0])
        scope.setdefault("state", {})["user_id"] = user_id

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and user_id is not None and is_page and (is_new or moves):
                headers = MutableHeaders(scope=message)
                headers["cache-control"] = "no-store"
                headers.append("set-cookie", self._cookie(user_id, secure))
                if moves and not is_new:
                    headers.append("set-cookie", f"{COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax")
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _known_user(self, cookies: "SimpleCookie | None", name: str) -> str | None:
        morsel = cookies.get(name) if cookies is not None else None
        return None if morsel is None else self._signer.read(morsel.value)

    def _cookie(self, user_id: str, secure: bool) -> str:
        name, only_encrypted = (SECURE_COOKIE, "; Secure") if secure else (COOKIE, "")
        value = self._signer.sign(user_id)
        return f"{name}={value}; Max-Age={COOKIE_MAX_AGE_S}; Path=/; HttpOnly; SameSite=Lax{only_encrypted}"


def _cookies(headers: Headers) -> SimpleCookie | None:
    try:
        return SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None


def user_of(request: Request) -> str | None:
    """The user's id that the middleware found; None for a browser that never opened the page."""
    user_id: str | None = getattr(request.state, "user_id", None)
    return user_id
