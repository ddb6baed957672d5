"""The ops page, and its way to the gateway's admin routes.

The page sends the key of whoever looks with every request. This process passes it on, keeps none and logs none; its own
key, which may chat for everybody, is never lent. No cookie opens anything here, and a page of the chat's own origin is
refused: a script that got into the chat has neither the key nor the way (decision 20).
"""

import re

import httpx
from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, JSONResponse

from chat_ui.allowed_routes import OPS_API, OPS_PATH
from chat_ui.page import STATIC
from chat_ui.security import OPS_ORIGIN

_RUN = r"alignment/runs/run_[0-9a-f]{1,64}"
_READ = (
    r"versions(/[0-9]{1,9}/lineage)?",
    r"deployments(/canary)?",
    r"engines",
    r"feedback/statistics",
    r"alignment/runs",
    rf"{_RUN}(/pictures/[a-z_-]{{1,41}}/[a-z_-]{{1,41}})?",
    r"alignment/snapshots/snap_[0-9a-f]{1,64}/feedback",
)
_CHANGED = (r"deployments/(canary|promote|withdraw|rollback)",)
_BEARER = re.compile(r"Bearer [\x21-\x7e]{1,200}")

_MOST_BYTES = 8192  # a reason of 500 characters, however they are escaped
_TIMEOUT_S = 30.0


class OpsPage:
    """The routes of the ops page over one gateway."""

    def __init__(self, gateway_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=gateway_url,
            timeout=_TIMEOUT_S,
            transport=transport,
            trust_env=False,  # a proxy for the web must not get the keys
        )

    @property
    def router(self) -> APIRouter:
        """The page at `/ops`, and the gateway's routes that it uses below `/ops/api/`."""
        router = APIRouter()
        router.add_api_route(OPS_PATH, self._page, methods=["GET"], response_class=FileResponse)
        router.add_api_route(f"{OPS_API}{{path:path}}", self._read, methods=["GET"], response_class=Response)
        router.add_api_route(f"{OPS_API}{{path:path}}", self._change, methods=["POST"], response_class=Response)
        return router

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _page(self) -> FileResponse:
        return FileResponse(STATIC / "ops.html", headers={"cache-control": "no-cache"})

    async def _read(self, path: str, request: Request) -> Response:
        return await self._forward(path, _READ, request, b"")

    async def _change(self, path: str, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return _refusal(413, f"A change takes at most {_MOST_BYTES} bytes.")
        return await self._forward(path, _CHANGED, request, body)

    async def _forward(self, path: str, allowed: tuple[str, ...], request: Request, body: bytes) -> Response:
        if not any(re.fullmatch(pattern, path) for pattern in allowed):
            return _refusal(404, "The ops page has no such route.")
        if request.headers.get("origin") != OPS_ORIGIN:
            return _refusal(403, "Only the ops page asks here. Programs ask the gateway: /v1, with the same key.")
        key = request.headers.get("authorization", "")
        if not _BEARER.fullmatch(key):
            return _refusal(401, "Enter an API key with the scope admin.")
        try:
            answer = await self._http.request(
                request.method,
                f"/v1/{path}",
                params=request.url.query or None,
                content=body,
                headers={"authorization": key, "content-type": "application/json"},
            )
        except httpx.TransportError:
            return _refusal(502, "The gateway cannot be reached. It may be starting: try again in a moment.")
        kept = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
        return Response(answer.content, answer.status_code, kept | {"cache-control": "no-store"})


def _refusal(status: int, message: str) -> Response:
    """In the shape of the gateway's own errors."""
    return JSONResponse({"error": {"message": message}}, status)
