"""Everything that is raised becomes a `GatewayError` here, once, at the edge."""

import re
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from ledger import errors as ledger_errors
from server import errors
from server.errors import GatewayError

_LEDGER: tuple[tuple[type[ledger_errors.LedgerError], type[GatewayError]], ...] = (
    (ledger_errors.NotFound, errors.NotFound),
    (ledger_errors.NotYours, errors.Forbidden),
    (ledger_errors.Conflict, errors.Conflict),
    (ledger_errors.Impossible, errors.Impossible),
)
_MEDIA = {
    "image_url": "Images are",
    "input_image": "Images are",
    "image": "Images are",
    "input_audio": "Audio is",
    "file": "Files are",
    "input_file": "Files are",
    "video_url": "Videos are",
}
_TOO_SHORT = re.compile(r"\w+ should have at least (\d+ \w+) after validation, not (\d+)")


def to_gateway_error(error: BaseException) -> GatewayError:
    """Says what the client is told about an error; the message of an unexpected one is not repeated."""
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, ledger_errors.Unavailable):
        return errors.Overloaded(f"The ledger cannot do this now: {error}", code="ledger_unavailable", retry_after_s=1)
    if isinstance(error, ledger_errors.NotKept):
        return errors.Impossible(str(error), code="not_kept")
    for theirs, ours in _LEDGER:
        if isinstance(error, theirs):
            return ours(str(error))
    if isinstance(error, HTTPException):
        return _from_status(error)
    if isinstance(error, RequestValidationError):
        return _from_details(list(error.errors()), None)
    return errors.Defect("The gateway failed at this request. The log says more under its x-request-id.")


def invalid(error: ValidationError, body: Any) -> GatewayError:
    """Says which field of a request's body is to blame.

    Args:
        error: What pydantic found.
        body: The JSON value that it looked at.
    """
    return _from_details(error.errors(include_url=False, include_context=False), body)


def _from_status(error: HTTPException) -> GatewayError:
    kind = errors.BY_STATUS.get(error.status_code, errors.BadRequest)
    return kind(str(error.detail))


def _from_details(details: list[ErrorDetails], body: Any) -> GatewayError:
    """Of a union's alternatives, the one that fits best failed deepest in the value, and not for the value's type."""
    found = max(details, key=lambda detail: (len(_path(detail, body)), not detail["type"].endswith("_type")))
    path = _path(found, body)
    param = ".".join(str(part) for part in path) or None
    if found["type"] == "extra_forbidden":
        return errors.BadRequest(f"The field {param} is unknown here.", param=param, code="unknown_field")
    message = _in_words(found)
    code = "missing_field" if found["type"] == "missing" else "invalid_value"
    return errors.BadRequest(f"{param or 'The body'}: {message}.".replace("..", "."), param=param, code=code)


def _in_words(detail: ErrorDetails) -> str:
    """What is wrong, in words for the person who wrote the request."""
    if detail["type"] in ("literal_error", "union_tag_invalid") and (medium := _medium(detail["input"])) is not None:
        return f"{medium} not taken, only text is"
    message = detail["msg"].removeprefix("Value error, ")
    short = _TOO_SHORT.match(message)
    return message if short is None else f"at least {short[1]} wanted, and there are {short[2]}"


def _medium(given: Any) -> str | None:
    """What a part of a message holds that is no text."""
    kind = given.get("type") if isinstance(given, dict) else given
    return _MEDIA.get(kind) if isinstance(kind, str) else None


def _path(detail: ErrorDetails, body: Any) -> list[str | int]:
    """The field's path, without the names of union members, which pydantic writes between its parts."""
    if body is None:  # a parameter of the query or the path: ("query", "limit")
        return list(detail["loc"][1:])
    path: list[str | int] = []
    value = body
    last = len(detail["loc"]) - 1
    for position, part in enumerate(detail["loc"]):
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif not (position == last and detail["type"] == "missing"):
            continue
        path.append(part)
    return path
