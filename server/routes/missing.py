"""Requests that no route takes: another method, or an address that is nearly right."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route

from server.errors import GatewayError, MethodNotAllowed, NotFound


def no_route(request: Request) -> GatewayError:
    """Return the error for a request that no route takes; it says what would be right where that can be told."""
    path, routes = request.url.path, request.app.routes
    if methods := _methods(path, routes):
        return MethodNotAllowed(
            f"{path} does not take {request.method}; it takes {' and '.join(methods)}.", allowed=methods
        )
    with_base = f"/v1{path}"
    if _methods(with_base, routes):
        return NotFound(
            f"There is no route {path}. There is {with_base}: the base URL of a client ends in /v1.",
            code="route_not_found",
        )
    if path.startswith("/v1/v1/"):
        return NotFound(f"There is no route {path}: /v1 stands in it twice.", code="route_not_found")
    return NotFound(f"There is no route {path[:200]}.", code="route_not_found")


def _methods(path: str, routes: Iterable[BaseRoute]) -> tuple[str, ...]:
    """Return the methods that the routes at this path take; none where there is no such path."""
    found: set[str] = set()
    for route in routes:
        if isinstance(route, Route):
            match, _ = route.matches({"type": "http", "path": path, "method": "", "root_path": ""})
            found |= (route.methods or set()) if match is not Match.NONE else set()
    return tuple(sorted(found))
