"""Headers and refusals that keep the pages to themselves: nothing is loaded from elsewhere, nothing is uploaded."""

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat_ui.allowed_routes import CHAT_PATH, OPS_API, STATIC_URL, is_served
from chat_ui.policies import policy_for

# What browsers send as the origin of the ops page, whose policy gives it one that nobody shares.
OPS_ORIGIN = "null"

HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

_SCRIPT = re.compile(rb"<script(?=[\s>])")
# Before all scripts of Gradio: it stands in for a function that the policy refuses.
_FIRST_SCRIPT = f'<head><script src="{STATIC_URL}/islands.js"></script>'.encode()


class SecurityMiddleware:
    """Adds the headers to every answer and refuses the paths that the chat does not serve."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        path = scope["path"]
        nonce = secrets.token_urlsafe(16)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["content-security-policy"] = policy_for(path, nonce)
                if path.startswith(f"{STATIC_URL}/"):
                    # The ops page has an origin of its own, and these files hold nothing of anybody.
                    headers["access-control-allow-origin"] = "*"
            await send(message)

        app = self._app if is_served(path) else PlainTextResponse("Not found", status_code=404)
        if path == CHAT_PATH and scope["method"] == "GET":
            await app(_uncompressed(scope), receive, _PageWithNonces(send_with_headers, nonce))
        else:
            await app(scope, receive, send_with_headers)


class OpsOriginMiddleware:
    """Lets the ops page, whose origin nobody shares, read the answers of its own routes. No cookie goes with them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=(OPS_ORIGIN,),
            allow_methods=("GET", "POST"),
            allow_headers=("authorization", "content-type"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        is_ops = scope["type"] == "http" and scope["path"].startswith(OPS_API)
        await (self._open if is_ops else self._app)(scope, receive, send)


class _PageWithNonces:
    """Sends Gradio's page with a nonce at each of its scripts, which stand in the page itself.

    Nothing that people wrote is in that page: it is the same for everybody, and in its configuration `<` is escaped.
    """

    def __init__(self, send: Send, nonce: str) -> None:
        self._send = send
        self._tag = f'<script nonce="{nonce}"'.encode()
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """Take one ASGI message of the answer."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False) or self._start is None:
            return
        headers = MutableHeaders(scope=self._start)
        if headers.get("content-type", "").startswith("text/html"):
            self._body = _SCRIPT.sub(self._tag, self._body.replace(b"<head>", _FIRST_SCRIPT, 1))
            headers["content-length"] = str(len(self._body))
            headers["cache-control"] = "no-store"  # a nonce is for one answer
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})


def _uncompressed(scope: Scope) -> Scope:
    """The request without its wish for a compressed answer, which could not be rewritten."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": headers}
