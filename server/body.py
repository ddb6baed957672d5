"""Reading a request's body: in bounds, and as JSON that every later stage can hold."""

from typing import Any, TypeVar

import orjson
from pydantic import ValidationError
from starlette.requests import Request

from http_bounds.bodies import BodiesTooMany, BodyTooLong, HungUp
from server.error_conversion import invalid
from server.errors import BadRequest, BodyTooLarge, Overloaded, UnsupportedEncoding
from server.json_depth import deeper_than
from server.requests.fields import RequestModel
from server.settings import GatewaySettings

MOST_CONTAINERS = 20_000
"""Objects and lists in one body: to check and copy each takes microseconds, while all others wait."""

M = TypeVar("M", bound=RequestModel)


async def read_body(request: Request) -> dict[str, Any]:
    """Reads a JSON object; `http_bounds.protocol` bounds the time that it takes.

    Raises:
        UnsupportedEncoding: It is compressed.
        BodyTooLarge: There are more bytes than allowed; the rest is not read.
        Overloaded: Unfinished bodies hold as much memory as they may.
        BadRequest: It is not a JSON object, nests too deeply, has too many objects and lists, or holds a NUL or half a
            surrogate pair.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() not in ("", "identity"):
        raise UnsupportedEncoding(
            f"The body is encoded as {encoding[:50]!r}, which is not read here. Send it uncompressed.",
            code="unsupported_encoding",
        )
    context = request.app.state.context
    settings: GatewaySettings = context.settings
    announced = request.headers.get("content-length", "")
    sender = getattr(request.state, "key_prefix", "")
    try:
        raw = await context.bodies.read(request.receive, announced, settings.max_body_bytes, sender)
    except BodyTooLong:
        raise BodyTooLarge(
            f"The body is longer than {settings.max_body_bytes} bytes. Send less, for example fewer messages."
        ) from None
    except BodiesTooMany:
        raise Overloaded(
            "Too many requests are still being sent. Try again later.", code="too_many_bodies", retry_after_s=1
        ) from None
    except HungUp:
        raise BadRequest("The client hung up before its request was complete.") from None
    return parse_object(raw, settings.max_json_depth)


def checked(model: type[M], body: dict[str, Any]) -> M:
    """Validates a body.

    Raises:
        BadRequest: It names the field that is unknown, missing or out of range.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise invalid(error, body) from None


def parse_object(raw: bytes, max_depth: int) -> dict[str, Any]:
    """Parses a JSON object.

    Raises:
        BadRequest: As with `read_body`.
    """
    try:
        parsed = orjson.loads(raw)
    except ValueError as error:  # also for NaN, half a surrogate pair, and raw control characters
        raise BadRequest(f"The body is not valid JSON: {error}.", code="invalid_json") from None
    if not isinstance(parsed, dict):
        raise BadRequest(f"The body must be a JSON object, not {type(parsed).__name__}.", code="invalid_json")
    # As many brackets open at most as stand in the text, which is nearly always few enough.
    brackets = raw.count(b"[") + raw.count(b"{")
    if brackets > MOST_CONTAINERS:
        _check_containers(parsed)
    if brackets > max_depth and deeper_than(max_depth, parsed):
        raise BadRequest(f"The JSON in the body nests deeper than {max_depth} levels.", code="json_too_deep")
    if b"\\u0000" in raw:
        _check_no_nul(parsed)
    return parsed


def _check_containers(value: Any) -> None:
    """Bounds objects and lists. Walks by level: recursion would be at the client's mercy."""
    level = [value]
    found = 1
    while level:
        below: list[Any] = []
        for node in level:
            items = node.values() if isinstance(node, dict) else node
            below.extend(item for item in items if isinstance(item, dict | list))
        found += len(below)
        if found > MOST_CONTAINERS:
            raise BadRequest(
                f"The JSON in the body has more than {MOST_CONTAINERS} objects and lists. Send fewer, for example fewer"
                " parts of messages.",
                code="json_too_large",
            )
        level = below


def _check_no_nul(value: Any) -> None:
    """PostgreSQL cannot store a NUL, so nobody may send one."""
    level = [value]
    while level:
        below: list[Any] = []
        for node in level:
            if isinstance(node, str) and "\0" in node:
                raise BadRequest("The body holds a NUL character (\\u0000). Remove it.", code="nul_character")
            if isinstance(node, dict):
                below.extend(node.keys())
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
        level = below
