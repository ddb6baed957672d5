"""What an answer answers: the messages of its request or, where it has none, the prompt among its parameters."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from ledger.schema import completions

Answer = tuple[str, int]
"""A completion's id, and the index of one of its choices."""

_RAW = "/v1/completions"
_OF_ONE_ITEM = {"id", "status"}
"""Fields of an input item of /v1/responses that name it and say nothing to the model."""


def same_prompt(connection: Connection, one: Answer, other: Answer) -> bool:
    """Say whether two answers that are stored were given to the same prompt."""
    return bool(_prompt(connection, *one) == _prompt(connection, *other))


def _prompt(connection: Connection, completion_id: str, choice_index: int) -> Any:
    columns = completions.c.endpoint, completions.c.messages, completions.c.params
    row = connection.execute(select(*columns).where(completions.c.id == completion_id)).one()
    if row.messages:
        return row.messages
    if row.endpoint == _RAW:
        return _RAW, _prompt_of_choice(row.params, choice_index)
    return row.endpoint, row.params.get("instructions") or None, _items(row.params.get("input"))


def _prompt_of_choice(params: Mapping[str, Any], choice_index: int) -> Any:
    """Return the prompt of one choice: each of several prompts has `n` choices, numbered one prompt after the other."""
    prompt = params.get("prompt")
    if not isinstance(prompt, list) or not prompt or isinstance(prompt[0], int):
        return prompt
    return prompt[min(choice_index // (params.get("n") or 1), len(prompt) - 1)]


def _items(given: Any) -> Any:
    if not isinstance(given, list):
        return given
    return [{"type": "message"} | {key: item[key] for key in item if key not in _OF_ONE_ITEM} for item in given]
