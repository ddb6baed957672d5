"""What is taken of a request in OpenAI's wire format: the known fields; the others are ignored by name.

Clients send what their own servers know, and send back what they were given. To refuse that would break them, and to
pass it on would let the engine act on what nobody checked. So only what was checked goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from server.error_conversion import invalid
from server.errors import BadRequest
from server.requests.fields import OpenAIModel
from server.requests.harmful import REFUSALS, refused_field


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was checked.

    Attributes:
        body: The known fields, with the values that the client sent.
        ignored: The paths of the fields that were left out, such as `messages.0.cache_control`.
    """

    body: dict[str, Any]
    ignored: tuple[str, ...]


def accept(model: type[OpenAIModel], body: dict[str, Any]) -> Accepted:
    """Check a body, and keep what is known of it.

    Args:
        model: What the endpoint takes.
        body: The JSON object that a client sent.

    Raises:
        BadRequest: A field is missing, out of range, or would hurt; the error names it.
    """
    if (name := refused_field(body, model.model_fields)) is not None:
        raise BadRequest(
            f"The field {name} is refused: {REFUSALS[name].reason}.", param=name, code="unsupported_parameter"
        )
    try:
        checked = model.model_validate(body)
    except ValidationError as error:
        raise invalid(error, body) from None
    kept = checked.model_dump(by_alias=True, exclude_unset=True)
    return Accepted(kept, () if kept == body else tuple(dict.fromkeys(_left_out(body, kept, ""))))


def _left_out(sent: Any, kept: Any, path: str) -> Iterator[str]:
    """Yield the paths of the fields of `sent` that are not in `kept`, but for those that say nothing."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, value in sent.items():
            below = f"{path}.{name}" if path else str(name)
            if name in kept:
                yield from _left_out(value, kept[name], below)
            elif value is not None:
                yield below
    elif isinstance(sent, list) and isinstance(kept, list):
        for index, (theirs, ours) in enumerate(zip(sent, kept, strict=False)):
            yield from _left_out(theirs, ours, f"{path}.{index}")
    elif sent is not None and kept is None:
        yield path
