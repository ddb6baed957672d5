"""What an engine says against a request, as one of the gateway's errors: engines differ in their words."""

from typing import Any, NamedTuple

import orjson

from server.errors import BY_STATUS, BadRequest, GatewayError, NotFound, NotTaken, Overloaded, UpstreamBroken

_LENGTH_PARAMS = ("input_tokens", "input_text")
"""What vLLM 0.32 blames when a prompt and its answer do not fit: after counting tokens, and before."""
_LENGTH_WORDS = ("context_length_exceeded", "maximum context length", "exceed_context_size")


class Said(NamedTuple):
    """An engine's error: its message, the field it blames, and its word for programs."""

    message: str
    param: str | None
    code: str | None


def refusal(status: int, body: bytes, *, constrained: bool) -> GatewayError:
    """Return what an engine says against a request; its own failures are a 502.

    Args:
        status: Of the engine's answer, not 200.
        body: Of the engine's answer.
        constrained: Whether the request demands an answer within a JSON schema. One that contradicts itself makes vLLM
            answer 500 for that request alone: then the schema is to blame.
    """
    said = read_error(body)
    if status == 500 and constrained:
        return BadRequest(
            f"The engine could not answer within the JSON schema of this request; it may contradict itself: "
            f"{said.message}",
            code="schema_failed",
        )
    if status == 503:
        return Overloaded(f"The engine is busy: {said.message}", code="engine_busy", retry_after_s=1)
    if status in (401, 403, 407) or status >= 500 or status < 400:
        return UpstreamBroken(f"The engine answered {status}: {said.message}", code="engine_error")
    if status == 404 and said.message == "Not Found":
        return NotFound(
            "The model that is served cannot do this: its engine has no such route.",
            code="not_supported_by_model",
        )
    if status == 404 and said.param == "model":
        # Somebody has started the engine anew since the controller loaded the version there.
        return NotTaken(f"The engine has lost the version: {said.message}", code="engine_unreachable", retry_after_s=2)
    if _is_too_long(said):
        return BadRequest(said.message, param=said.param, code="context_length_exceeded")
    return BY_STATUS.get(status, BadRequest)(said.message, param=said.param, code="refused_by_engine")


def read_error(body: bytes) -> Said:
    """Return the error in an engine's answer; OpenAI's, FastAPI's and other shapes are known."""
    try:
        answer = orjson.loads(body)
    except ValueError:
        return Said(body[:500].decode("utf-8", "replace").strip() or "no reason given", None, None)
    error = answer
    for name in ("error", "detail", "errors"):
        if isinstance(error, dict) and error.get(name):
            error = error[name]
            break
    if isinstance(error, list) and error:
        error = error[0]
    if not isinstance(error, dict):
        return Said(str(error)[:2000], None, None)
    message = error.get("message") or error.get("msg") or orjson.dumps(error).decode()[:500]
    return Said(str(message)[:2000], _text(error.get("param")), _text(error.get("code")) or _text(error.get("type")))


def _is_too_long(said: Said) -> bool:
    return said.param in _LENGTH_PARAMS or any(word in f"{said.code} {said.message}" for word in _LENGTH_WORDS)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
