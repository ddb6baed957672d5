"""The outermost layer, in plain ASGI: ids, errors, metrics and the log line of every request."""

import logging
import re
import secrets
import time
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.error_conversion import to_gateway_error
from server.errors import BadRequest, Defect, GatewayError, MethodNotAllowed
from server.logs import requests_logger
from server.metrics import Metrics

logger = logging.getLogger(__name__)

_PROBES = frozenset({"/health/live", "/health/ready", "/metrics"})
_UNUSUAL = re.compile(r"[^\w.$-]", re.ASCII)
_LONGEST_NAME = 100
_MOST_NAMES = 16
_METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"})


def error_response(error: GatewayError) -> Response:
    """OpenAI's error body with the right status."""
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(error.body), error.status, headers, media_type="application/json")


class Edge:
    """Wraps the app. What it raises becomes an error body here, or is logged where the response had begun."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            _check_no_nul(scope)
            await self._app(scope, receive, exchange.send)
        except Exception as error:
            answer = to_gateway_error(error)
            if isinstance(answer, Defect):
                logger.exception("A request failed.", extra={"request_id": exchange.request_id})
            if not exchange.status:
                await error_response(answer)(scope, receive, exchange.send)
        finally:
            self._finish(scope, exchange)

    def _finish(self, scope: Scope, exchange: "_Exchange") -> None:
        duration_s = time.perf_counter() - exchange.began
        state = scope["state"]
        status = state.get("outcome_status") or exchange.status or 499  # 499: the client hung up, as nginx says it
        route = getattr(scope.get("route"), "path", "unknown")
        self._metrics.requests.labels(route, _method(scope), status).inc()
        self._metrics.duration.labels(route).observe(duration_s)
        fields: dict[str, Any] = {
            "request_id": exchange.request_id,
            "method": _method(scope),
            "route": route,
            "status": status,
            "duration_ms": round(duration_s * 1000, 1),
        }
        fields |= state.get("log_fields", {})
        if "key_prefix" in state:
            fields["key"] = state["key_prefix"]
        # A client chose these names: they can be words of a text that is not to be kept.
        if state.get("ignored") and state.get("keep", "full") == "full":
            fields["ignored"] = _header_value(state["ignored"]).decode()
        level = logging.DEBUG if route in _PROBES else logging.INFO
        requests_logger.log(level, "request", extra=fields)


class _Exchange:
    """What the edge remembers of one request."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.request_id = secrets.token_hex(16)
        self.began = time.perf_counter()
        self.status = 0
        self._send = send
        self._state: dict[str, Any] = scope.setdefault("state", {})
        self._state.update(request_id=self.request_id, began=self.began)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # Nothing here is for a cache: answers, lists and errors are one caller's.
            added = [(b"x-request-id", self.request_id.encode()), (b"cache-control", b"no-store")]
            if ignored := self._state.get("ignored"):
                added.append((b"x-attune-ignored", _header_value(ignored)))
            if (standing := self._state.get("rate_limit")) is not None:
                added += standing.headers
            message["headers"] = [*message.get("headers", ()), *added]
        await self._send(message)


def _check_no_nul(scope: Scope) -> None:
    """PostgreSQL cannot store a NUL; in a body `server.body` refuses it."""
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise BadRequest("The address holds a NUL character (%00). Remove it.", code="nul_character")


def _header_value(names: Sequence[str]) -> bytes:
    """Return names of ignored fields as a header's value: a client chose them, so only plain characters stay."""
    listed = ", ".join(_UNUSUAL.sub("?", name[:_LONGEST_NAME]) for name in names[:_MOST_NAMES])
    return (listed + (f", and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")).encode()


def _method(scope: Scope) -> str:
    """A client may send any word as its method; labels must be few."""
    return scope["method"] if scope["method"] in _METHODS else "other"
