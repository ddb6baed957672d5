"""Feedback in TRL's dataset formats: what a person liked, as pairs and as single labelled answers.

The formats (conversational; preference with explicit prompt, and unpaired preference):
https://huggingface.co/docs/trl/dataset_formats. Only the latest votes count, and none that were taken back. Completions
without messages (such as those of `/v1/completions`) are left out, since their prompt is not a conversation.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from ledger.votes import Answer, pairs, ratings


def export_preference(connection: Connection, *, owner: str | None = None) -> Iterator[dict[str, Any]]:
    """Yields `{"prompt": [...], "chosen": [...], "rejected": [...]}`, each a list of messages.

    A pair comes from a comparison; from a thumb up and a thumb down that one rater gave to two answers to the same
    prompt; and from a correction, which is chosen over what it corrects. Each pair of answers comes once.
    """
    for pair in pairs(connection, owner=owner):
        if pair.prompt:
            yield {"prompt": pair.prompt, "chosen": [_message(pair.chosen)], "rejected": [_message(pair.rejected)]}
    for rating in ratings(connection, owner=owner, corrections_only=True):
        if rating.prompt:
            correction = {"role": "assistant", "content": rating.correction}
            yield {"prompt": rating.prompt, "chosen": [correction], "rejected": [_message(rating.answer)]}


def export_unpaired(connection: Connection, *, owner: str | None = None) -> Iterator[dict[str, Any]]:
    """Yields `{"prompt": [...], "completion": [...], "label": bool}` from thumbs, those with a correction too."""
    for rating in ratings(connection, owner=owner):
        if rating.prompt:
            yield {"prompt": rating.prompt, "completion": [_message(rating.answer)], "label": rating.value > 0}


def _message(answer: Answer) -> dict[str, Any]:
    """Returns an answer as the assistant's message."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    return message | {"tool_calls": answer.tool_calls} if answer.tool_calls else message
