"""What is kept of an answer: decided here, from the API key, the header X-Attune-Keep and OpenAI's `store`.

Each can only ask for less than the others. What a policy leaves in the ledger: `ledger.kept`.
"""

from collections.abc import Mapping
from typing import Any

from ledger.kept import POLICIES, UNKEPT, least
from ledger.records import ApiKey, Keep
from server.errors import BadRequest, Impossible

HEADER = "X-Attune-Keep"

_NOT_STORED: Keep = "metadata"
"""What `store: false` keeps: OpenAI then gives nobody the text again, and goes on counting tokens and failures."""


def allowed_by(key: ApiKey, header: str | None) -> Keep:
    """Return the most that may be kept of what a request brings.

    Args:
        key: That it was sent with: its policy is a ceiling.
        header: X-Attune-Keep, where the request has it.

    Raises:
        BadRequest: The header names no policy.
    """
    if not header:
        return key.keep
    policy = next((policy for policy in POLICIES if policy == header.strip().lower()), None)
    if policy is None:
        raise BadRequest(
            f"The header {HEADER} says {header!r}. It takes {', '.join(POLICIES)}: how much of an answer is kept.",
            param=HEADER,
            code="invalid_value",
        )
    return least(key.keep, policy)


def of_answer(allowed: Keep, body: Mapping[str, Any]) -> Keep:
    """Return what is kept of an answer.

    Args:
        allowed: By the key and the header.
        body: Of the request. `store: true` keeps no more than is allowed, as with OpenAI's keys without retention.

    Raises:
        BadRequest: The answer is to stand in a conversation, which needs its text.
    """
    kept = least(allowed, _NOT_STORED) if body.get("store") is False else allowed
    if kept != "full" and "parent_id" in (body.get("metadata") or {}):
        raise BadRequest(
            f"Of this answer {_what(kept)} is kept, so it cannot be stored in a conversation. Leave out "
            f"metadata.parent_id, or ask without store: false and {HEADER}, by a key that keeps all.",
            param="metadata.parent_id",
            code="not_kept",
        )
    return kept


def answer_id(prefix: str, request_id: str, kept: Keep) -> str:
    """Return an answer's id. One of which nothing is kept says so, since later no row can."""
    return f"{prefix}{UNKEPT}{request_id}" if kept == "nothing" else prefix + request_id


def require_text(allowed: Keep, what: str, param: str | None = None) -> None:
    """Check that a request may store a text.

    Args:
        allowed: By its key and header.
        what: Is to be stored, as the subject of a sentence.
        param: The field that holds it.

    Raises:
        Impossible: It may not.
    """
    if allowed != "full":
        raise Impossible(f"{what} cannot be stored: {_because(allowed)}", param=param, code="not_kept")


def require_row(allowed: Keep, what: str) -> None:
    """Check that a request may store anything at all; as `require_text`.

    Raises:
        Impossible: It may not.
    """
    if allowed == "nothing":
        raise Impossible(f"{what} cannot be stored: {_because(allowed)}", code="not_kept")


def _because(allowed: Keep) -> str:
    return (
        f"{_what(allowed)} is kept for this request, as its API key or its header {HEADER} says. "
        "Use a key that keeps all (`attune keys list` shows it), without the header."
    )


def _what(kept: Keep) -> str:
    return "nothing" if kept == "nothing" else "only metadata"
