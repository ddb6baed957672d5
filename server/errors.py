"""What can go wrong in the gateway, and what the client is told: OpenAI's error body.

`GatewayError` is the root; raise the narrowest class that fits. Whatever else is raised becomes one at the edge, in
`server.error_conversion`.
"""

from typing import Any, ClassVar

import orjson


class GatewayError(Exception):
    """The root of every error that this package raises on purpose.

    Attributes:
        status: The HTTP status.
        type: OpenAI's error type.
        message: What was wrong, and what to do.
        param: The field of the request that is to blame.
        code: A word for programs.
        retry_after_s: When to try again.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> dict[str, Any]:
        """OpenAI's error body."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}

    @property
    def event(self) -> bytes:
        """The body as a server-sent event, for a stream that has begun."""
        return b"data: " + orjson.dumps(self.body) + b"\n\n"


class BadRequest(GatewayError):
    """The request is malformed, or asks for what is not offered."""

    status = 400
    type = "invalid_request_error"


class Unauthenticated(GatewayError):
    """There is no key, or none that opens anything."""

    status = 401
    type = "authentication_error"


class Forbidden(GatewayError):
    """The key may not do this."""

    status = 403
    type = "permission_error"


class NotFound(GatewayError):
    """There is no such thing, or not for this caller."""

    status = 404
    type = "not_found_error"


class MethodNotAllowed(GatewayError):
    """The route exists, but not with this method.

    Attributes:
        allowed: The methods that it takes.
    """

    status = 405
    type = "invalid_request_error"

    def __init__(self, message: str, *, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message, code="method_not_allowed")
        self.allowed = allowed


class Conflict(GatewayError):
    """An idempotency key was used before for something else."""

    status = 409
    type = "conflict_error"


class BodyTooLarge(GatewayError):
    """The body is longer than allowed."""

    status = 413
    type = "invalid_request_error"


class UnsupportedEncoding(GatewayError):
    """The body is compressed, or in another encoding that is not read."""

    status = 415
    type = "invalid_request_error"


class Impossible(GatewayError):
    """The request is well-formed, but contradicts what is stored."""

    status = 422
    type = "invalid_request_error"


class RateLimited(GatewayError):
    """Too many requests: of this key, or of all."""

    status = 429
    type = "rate_limit_error"


class Defect(GatewayError):
    """A defect of ours."""


class UpstreamBroken(GatewayError):
    """The engine broke off, or answered nonsense."""

    status = 502
    type = "upstream_error"


class Overloaded(GatewayError):
    """No engine is ready, no place became free, or the ledger cannot commit: a later try may succeed."""

    status = 503
    type = "overloaded_error"


class NotTaken(Overloaded):
    """An engine took nothing of a request, so that another may be asked."""


class UpstreamTimeout(GatewayError):
    """The engine did not finish in time."""

    status = 504
    type = "timeout_error"


BY_STATUS: dict[int, type[GatewayError]] = {
    kind.status: kind
    for kind in (
        BadRequest,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        Conflict,
        BodyTooLarge,
        UnsupportedEncoding,
        Impossible,
        RateLimited,
        UpstreamBroken,
        Overloaded,
        UpstreamTimeout,
    )
}
