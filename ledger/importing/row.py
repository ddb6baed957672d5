"""One object of a file as a vote: TRL's preference or unpaired format, and what Attune's own export adds to them.

https://huggingface.co/docs/trl/dataset_formats, conversational or as plain strings: `prompt`, `chosen`, `rejected`,
where a prompt that opens both answers may be left out; or `prompt`, `completion`, `label`. Read where they stand: `id`,
`rater`, `source` (a correction is one), `created_at`, `votes`, and of the answers what `ledger.exports` writes of them.
Other keys have no effect.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from ledger.records import Json, Status
from ledger.votes import VOTE_SEPARATOR

SURROGATE = re.compile("[\ud800-\udfff]")


class Ignored(Exception):
    """An object of another program's file that says nothing that counts here; the message says what it is."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer with what a row says of it; one of which nothing is said is whole.

    Attributes:
        content: Of the message, as it stands there.
        version: The number of the model version, in the ledger that was exported.
        completion_id: The choice `choice_index` of this completion; None where it is not said.
        parent_id: The message that it answers, which other answers share.
    """

    content: Any
    tool_calls: Sequence[Json] | None
    status: Status = "complete"
    finish_reason: str | None = None
    version: int | None = None
    completion_id: str | None = None
    choice_index: int = 0
    parent_id: str | None = None
    created_at: datetime | None = None

    @property
    def text(self) -> str:
        """The answer as text; empty where it is tool calls."""
        return message_text(self.content) or ""


@dataclass(frozen=True, slots=True)
class GivenVote:
    """A vote of those that a row was made of. `value` is None where only the row says it."""

    id: str
    value: int | None
    created_at: datetime | None
    reasons: tuple[str, ...] = ()
    comment: str | None = None
    correction: str | None = None
    given_in: str | None = None


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A row as it is given.

    Attributes:
        id: Empty where none is given; so is the rater.
        prompt: Messages.
        label: Of a thumb; None for a comparison.
        answers: The one that is labelled; or the chosen and the rejected one.
        votes: Those of its id; empty where they are not listed.
    """

    id: str
    rater: str
    source: str
    created_at: datetime | None
    prompt: list[dict[str, Any]]
    label: bool | None
    answers: tuple[GivenAnswer, ...]
    votes: tuple[GivenVote, ...]


def parse(value: Any) -> GivenRow:
    """Make a row of an object.

    Raises:
        ValueError: It is in neither format; the message says what is wrong.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} instead of an object")
    if "chosen" in value and "rejected" in value:
        prompt, chosen, rejected = _pair(value)
        answers = _answer(value, "chosen", chosen), _answer(value, "rejected", rejected)
        return _row(value, prompt, None, answers)
    if "prompt" in value and "completion" in value and "label" in value:
        if not isinstance(value["label"], bool):
            raise ValueError(f"the label {value['label']!r} is neither true nor false")
        prompt = _messages(value["prompt"], "prompt")
        return _row(value, prompt, value["label"], (_answer(value, "completion", value["completion"]),))
    raise ValueError(f"the keys {', '.join(sorted(value))} are those of neither format")


def message_text(content: Any) -> str | None:
    """Return text, given as a string or as a list of parts that are all text; None if it is something else."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [part["text"] for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(parts) if len(parts) == len(content) and all(isinstance(part, str) for part in parts) else None


def _row(
    value: dict[str, Any], prompt: list[dict[str, Any]], label: bool | None, answers: tuple[GivenAnswer, ...]
) -> GivenRow:
    row_id, rater = _named(value, "id"), _named(value, "rater")
    source, votes = value.get("source"), _votes(value.get("votes"), row_id)
    at = _time(value.get("created_at"))
    return GivenRow(row_id, rater, source if isinstance(source, str) else "", at, prompt, label, answers, votes)


def _named(value: dict[str, Any], key: str) -> str:
    found = "" if value.get(key) is None else str(value[key])
    if SURROGATE.search(found):
        raise ValueError(f"the {key} {found!r} holds half a character, a lone surrogate")
    return found


def _votes(given: Any, row_id: str) -> tuple[GivenVote, ...]:
    """Return the votes that are listed, if they are those of the row's id."""
    if not isinstance(given, list) or not all(isinstance(vote, dict) for vote in given):
        return ()
    if VOTE_SEPARATOR.join(str(vote.get("id")) for vote in given) != row_id:
        raise ValueError("the votes that are listed are not those of its id")
    return tuple(_vote(vote) for vote in given)


def _vote(vote: dict[str, Any]) -> GivenVote:
    if vote.get("value") not in (1, -1):
        raise ValueError(f"the value {vote.get('value')!r} of a vote is neither 1 nor -1")
    reasons = vote.get("reasons") or []
    if not isinstance(reasons, list) or not all(isinstance(reason, str) for reason in reasons):
        raise ValueError("the reasons of a vote are no list of text")
    texts = {key: vote.get(key) for key in ("comment", "correction", "given_in")}
    if wrong := [key for key, text in texts.items() if not isinstance(text, str | None)]:
        raise ValueError(f"the {wrong[0]} of a vote is no text")
    return GivenVote(str(vote["id"]), vote["value"], _time(vote.get("created_at")), tuple(reasons), **texts)


def _pair(value: dict[str, Any]) -> tuple[list[dict[str, Any]], Any, Any]:
    """Return the prompt's messages and the two answers."""
    chosen, rejected = value["chosen"], value["rejected"]
    if "prompt" in value:
        return _messages(value["prompt"], "prompt"), chosen, rejected
    if not isinstance(chosen, list) or not isinstance(rejected, list):
        raise ValueError("there is no prompt; only conversations may open with it instead")
    if chosen[:-1] != rejected[:-1]:
        raise ValueError("chosen and rejected do not open with the same messages")
    return _messages(chosen[:-1], "chosen"), chosen[-1:], rejected[-1:]


def _messages(value: Any, key: str) -> list[dict[str, Any]]:
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list) or not value:
        raise ValueError(f"{key} is neither text nor a list of messages")
    if not all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in value):
        raise ValueError(f"a message of {key} is no object with role and content")
    return value


def _answer(value: dict[str, Any], key: str, given: Any) -> GivenAnswer:
    if isinstance(given, str):
        given = [{"role": "assistant", "content": given}]
    messages = _messages(given, key)
    if len(messages) != 1:
        raise ValueError(f"{key} is neither text nor a list of one message")
    (message,) = messages
    if message["role"] != "assistant":
        raise ValueError(f"{key} is a message of the role {message['role']}, not assistant")
    content, calls = message.get("content"), message.get("tool_calls") or None
    if message_text(content) is None and not calls:
        raise ValueError(f"the message of {key} has a content that is not text")
    known = value.get(f"{key}_from")
    return GivenAnswer(content, calls, **(_origin(known, key) if isinstance(known, dict) else {}))


def _origin(known: dict[str, Any], key: str) -> dict[str, Any]:
    """Return what the export says of an answer; a key that is missing or null has its default."""
    kinds: dict[str, type] = {
        "status": str,
        "finish_reason": str,
        "version": int,
        "completion_id": str,
        "choice_index": int,
        "parent_id": str,
    }
    found = {name: known[name] for name in kinds if known.get(name) is not None}
    for name, given in found.items():
        if type(given) is not kinds[name]:
            raise ValueError(f"{name} of {key}_from is {given!r}")
    if found.get("status", "complete") not in get_args(Status):
        raise ValueError(f"status of {key}_from is {found['status']!r}, none of {', '.join(get_args(Status))}")
    return found | {"created_at": _time(known.get("created_at"))}


def _time(given: Any) -> datetime | None:
    """Return a time; None for what is none with an offset: then nobody knows the moment."""
    try:
        at = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        return None
    return None if at.tzinfo is None else at
