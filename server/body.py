"""Reading a request's body: in bounds, in time, and as JSON that every later stage can hold."""

import asyncio
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request

from server.error_conversion import invalid
from server.errors import BadRequest, BodyTimeout, BodyTooLarge
from server.requests.fields import RequestModel
from server.settings import GatewaySettings

M = TypeVar("M", bound=RequestModel)


async def read_body(request: Request, settings: GatewaySettings) -> dict[str, Any]:
    """Reads a JSON object.

    Raises:
        BodyTooLarge: There are more bytes than allowed; the rest is not read.
        BodyTimeout: The client took too long.
        BadRequest: It is not a JSON object, nests too deeply, or holds a NUL or half a surrogate pair.
    """
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            raw = await _read_limited(request, settings.max_body_bytes)
    except TimeoutError:
        raise BodyTimeout(f"The request was not complete within {settings.body_timeout_s:g} s.") from None
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
    if raw.count(b"[") + raw.count(b"{") > max_depth:
        _check_depth(parsed, max_depth)
    if b"\\u0000" in raw:
        _check_no_nul(parsed)
    return parsed


async def _read_limited(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
    except ClientDisconnect:
        raise BadRequest("The client hung up before its request was complete.") from None
    return b"".join(chunks)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is longer than {limit} bytes. Send less, for example fewer messages.")


def _check_depth(value: Any, limit: int) -> None:
    """Walks level by level: recursion would be at the mercy of the client."""
    level = [value]
    for _ in range(limit):
        below: list[Any] = []
        for node in level:
            items = node.values() if isinstance(node, dict) else node
            below.extend(item for item in items if isinstance(item, dict | list))
        if not below:
            return
        level = below
    raise BadRequest(f"The JSON in the body nests deeper than {limit} levels.", code="json_too_deep")


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
