"""What a client is told that goes beyond a bound: OpenAI's error body, which the chat uses too."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import Response

_TYPES = {408: "timeout_error", 429: "rate_limit_error", 503: "overloaded_error"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal before any application sees the request.

    Attributes:
        status: HTTP status.
        message: What was wrong, and what to do.
        code: A word for programs.
    """

    status: int
    message: str
    code: str

    @property
    def body(self) -> bytes:
        """The error body."""
        kind = _TYPES.get(self.status, "invalid_request_error")
        return json.dumps({"error": {"message": self.message, "type": kind, "param": None, "code": self.code}}).encode()

    @property
    def raw(self) -> bytes:
        """The whole response, as it goes over the wire; the connection ends with it."""
        body = self.body
        head = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\ncontent-type: application/json\r\n"
        if self.status in (429, 503):
            head += "retry-after: 1\r\n"
        return f"{head}connection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body

    @property
    def response(self) -> Response:
        """The response for an ASGI application to send."""
        headers = {"retry-after": "1"} if self.status in (429, 503) else {}
        return Response(self.body, self.status, headers, media_type="application/json")
