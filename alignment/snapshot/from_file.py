"""Feedback from a JSONL file in TRL's preference or unpaired format, conversational or as plain strings.

https://huggingface.co/docs/trl/dataset_formats: `prompt`, `chosen`, `rejected`, where a prompt that opens both answers
may be left out; or `prompt`, `completion`, `label`. Two more keys are read where they stand: `id`, and `rater`, who
said so. Other keys have no effect. Both formats may stand in one file.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alignment.errors import UnusableFeedback
from alignment.preferences import Comparison, Message, Thumb
from alignment.snapshot.candidates import VOTE_SEPARATOR, Candidate, Collected


def from_file(path: Path) -> Collected:
    """Reads a file.

    Raises:
        UnusableFeedback: The file cannot be read, or a line is in neither format; the message names the line.
    """
    found = Collected()
    ids: set[str] = set()
    for number, line in _lines(path):
        try:
            row = parse(json.loads(line), f"line{number}")
            if row.id in ids:
                raise ValueError(f"the id {row.id!r} came before")
        except (ValueError, TypeError) as error:
            said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise UnusableFeedback(
                f"{path}, line {number}: {said}. Each line must be a JSON object in TRL's preference format (prompt, "
                "chosen, rejected) or unpaired format (prompt, completion, label)."
            ) from error
        ids.add(row.id)
        found.read["thumbs" if isinstance(row, Thumb) else "comparisons"] += 1
        found.candidates.append(Candidate(row, None))
    return found


def parse(value: Any, default_id: str) -> Comparison | Thumb:
    """Makes a row of a line's object.

    Raises:
        ValueError: It is in neither format.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} instead of an object")
    identity = {"id": str(value.get("id", default_id)), "rater": str(value.get("rater") or "")}
    if VOTE_SEPARATOR in identity["id"]:
        raise ValueError(f"the id {identity['id']!r} holds a {VOTE_SEPARATOR}")
    if "chosen" in value and "rejected" in value:
        prompt, chosen, rejected = _pair(value)
        return Comparison(**identity, prompt=prompt, chosen=chosen, rejected=rejected, source="file")
    if "prompt" in value and "completion" in value and "label" in value:
        if not isinstance(value["label"], bool):
            raise ValueError(f"the label {value['label']!r} is neither true nor false")
        completion = _answer(value["completion"], "completion")
        prompt = _messages(value["prompt"], "prompt")
        return Thumb(**identity, prompt=prompt, completion=completion, liked=value["label"], source="file")
    raise ValueError(f"the keys {', '.join(sorted(value))} are those of neither format")


def _pair(value: dict[str, Any]) -> tuple[tuple[Message, ...], str, str]:
    chosen, rejected = value["chosen"], value["rejected"]
    if "prompt" in value:
        return _messages(value["prompt"], "prompt"), _answer(chosen, "chosen"), _answer(rejected, "rejected")
    if not isinstance(chosen, list) or not isinstance(rejected, list):
        raise ValueError("there is no prompt; only conversations may open with it instead")
    opening, last = _messages(chosen[:-1], "chosen"), _answer(chosen[-1:], "chosen")
    if opening != _messages(rejected[:-1], "rejected"):
        raise ValueError("chosen and rejected do not open with the same messages")
    return opening, last, _answer(rejected[-1:], "rejected")


def _messages(value: Any, key: str) -> tuple[Message, ...]:
    if isinstance(value, str):
        value = [{"role": "user", "content": value}]
    if not isinstance(value, Sequence) or not value:
        raise ValueError(f"{key} is neither text nor a list of messages")
    messages = tuple(Message.model_validate(_only(message, key)) for message in value)
    if not any(message.role == "user" for message in messages):
        raise ValueError(f"no message of {key} is a user's")
    return messages


def _answer(value: Any, key: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or len(value) != 1:
        raise ValueError(f"{key} is neither text nor a list of one message")
    message = Message.model_validate(_only(value[0], key))
    if message.role != "assistant":
        raise ValueError(f"{key} is a message of the role {message.role}, not assistant")
    return message.content


def _only(message: Any, key: str) -> dict[str, Any]:
    if not isinstance(message, dict) or "role" not in message or "content" not in message:
        raise ValueError(f"a message of {key} is no object with role and content")
    if not isinstance(message["content"], str):
        raise ValueError(f"a message of {key} has a content that is not text")
    return {"role": message["role"], "content": message["content"]}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableFeedback(f"{path} cannot be read: {error}. Give a JSONL file in UTF-8.") from error
