"""One object of a file as a row: TRL's preference or unpaired format, and what Attune's own export adds to them.

https://huggingface.co/docs/trl/dataset_formats, conversational or as plain strings: `prompt`, `chosen`, `rejected`,
where a prompt that opens both answers may be left out; or `prompt`, `completion`, `label`. Read where they stand: `id`,
`rater`, `source` (a correction is one), `created_at`, and of the answers `status` and `finish_reason`, as
`ledger.exports` writes them. Other keys have no effect.
"""

import re
from datetime import datetime
from typing import Any

from alignment.preferences import Comparison, Message, Thumb
from alignment.snapshot.candidates import Candidate
from alignment.snapshot.collect import message_text, text_prompt, unusable
from alignment.snapshot.config import SnapshotConfig
from ledger.votes import Answer

_SURROGATE = re.compile("[\ud800-\udfff]")


class Unlearnable(Exception):
    """A row in one of the formats that cannot be learned from.

    Attributes:
        kind: `thumbs` or `comparisons`.
        reason: As in the snapshot's counts.
    """

    def __init__(self, kind: str, reason: str) -> None:
        """Keep both."""
        super().__init__(reason)
        self.kind, self.reason = kind, reason


def parse(value: Any, default_id: str, config: SnapshotConfig) -> Candidate:
    """Make a row of a line's object.

    Raises:
        ValueError: It is in neither format.
        Unlearnable: It is, and cannot be learned from.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} instead of an object")
    if "chosen" in value and "rejected" in value:
        return _comparison(value, _identity(value, default_id), config)
    if "prompt" in value and "completion" in value and "label" in value:
        return _thumb(value, _identity(value, default_id), config)
    raise ValueError(f"the keys {', '.join(sorted(value))} are those of neither format")


def _comparison(value: dict[str, Any], identity: dict[str, str], config: SnapshotConfig) -> Candidate:
    messages, chosen, rejected = _pair(value)
    answers = [_answer(value, "chosen", chosen), _answer(value, "rejected", rejected)]
    corrected = value.get("source") == "correction"
    prompt = _learnable("comparisons", messages, answers, config, corrected=corrected)
    row = Comparison(
        **identity,
        prompt=prompt,
        chosen=answers[0].text,
        rejected=answers[1].text,
        source="file_correction" if corrected else "file",
    )
    return Candidate(row, _time(value.get("created_at")))


def _thumb(value: dict[str, Any], identity: dict[str, str], config: SnapshotConfig) -> Candidate:
    if not isinstance(value["label"], bool):
        raise ValueError(f"the label {value['label']!r} is neither true nor false")
    answer = _answer(value, "completion", value["completion"])
    prompt = _learnable("thumbs", _messages(value["prompt"], "prompt"), [answer], config)
    row = Thumb(**identity, prompt=prompt, completion=answer.text, liked=value["label"], source="file")
    return Candidate(row, _time(value.get("created_at")))


def _learnable(
    kind: str, messages: list[dict[str, Any]], answers: list[Answer], config: SnapshotConfig, corrected: bool = False
) -> tuple[Message, ...]:
    """Return the prompt as text, where the row can be learned from."""
    prompt = text_prompt(messages)
    reason = unusable(prompt, answers, config, corrected=corrected)
    if reason is not None or prompt is None:
        raise Unlearnable(kind, reason or "no_text_prompt")
    if any(_SURROGATE.search(text) for text in (*(m.content for m in prompt), *(answer.text for answer in answers))):
        raise Unlearnable(kind, "lone_surrogate")
    return prompt


def _identity(value: dict[str, Any], default_id: str) -> dict[str, str]:
    found = {"id": default_id, "rater": ""}
    for key in found:
        if value.get(key) is not None:
            found[key] = str(value[key])
        if _SURROGATE.search(found[key]):
            raise ValueError(f"the {key} {found[key]!r} holds half a character, a lone surrogate")
    return found


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


def _answer(value: dict[str, Any], key: str, given: Any) -> Answer:
    """Return an answer with what the row says of it; one of which nothing is said is whole."""
    if isinstance(given, str):
        given = [{"role": "assistant", "content": given}]
    messages = _messages(given, key)
    if len(messages) != 1:
        raise ValueError(f"{key} is neither text nor a list of one message")
    (message,) = messages
    if message["role"] != "assistant":
        raise ValueError(f"{key} is a message of the role {message['role']}, not assistant")
    text, calls = message_text(message.get("content")), message.get("tool_calls") or None
    if text is None and not calls:
        raise ValueError(f"the message of {key} has a content that is not text")
    origin = value.get(f"{key}_from")
    known = origin if isinstance(origin, dict) else {}
    return Answer("", 0, text or "", calls, known.get("finish_reason"), known.get("status") or "complete", None)


def _time(given: Any) -> float | None:
    """Return seconds since 1970; None for what is no time with an offset: then nobody knows the moment."""
    try:
        at = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        return None
    return None if at.tzinfo is None else at.timestamp()
