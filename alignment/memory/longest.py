"""The longest row of a snapshot in tokens: what the smallest part of a batch must hold."""

import heapq
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from alignment.preferences import Comparison, Message, Thumb, read_rows

_TRIED = 64
"""Rows by characters that are tokenized: the longest in tokens is among them, near enough."""


def longest_row(tokens: Any, snapshot: Path, max_length: int) -> int:
    """Tokens of the longest prompt with an answer, of both splits, at most `max_length`.

    Args:
        tokens: `ChatTokens` of the base model.
        snapshot: Folder of the rows.
        max_length: Longer ones are cut or left out.
    """
    rows: list[Comparison | Thumb] = []
    for part in ("train", "heldout"):
        rows += read_rows(snapshot / f"comparisons.{part}.jsonl", Comparison)
        rows += read_rows(snapshot / f"thumbs.{part}.jsonl", Thumb)
    texts = ((row.prompt, answer) for row in rows for answer in _answers(row))
    found = (len(tokens.row_ids(prompt, answer, max_length)) for prompt, answer in _longest(texts))
    return max(found, default=1)


def longest_prompt(tokens: Any, prompts: Sequence[tuple[Message, ...]], most: int) -> int:
    """Tokens of the longest prompt, at most `most`: longer ones are left out."""
    candidates = _longest((prompt, "") for prompt in prompts)
    return min(most, max((len(tokens.prompt_ids(prompt)) for prompt, _ in candidates), default=1))


def _answers(row: Comparison | Thumb) -> tuple[str, ...]:
    return (row.completion,) if isinstance(row, Thumb) else (row.chosen, row.rejected)


def _longest(texts: Iterable[tuple[tuple[Message, ...], str]]) -> list[tuple[tuple[Message, ...], str]]:
    return heapq.nlargest(
        _TRIED, texts, key=lambda text: len(text[1]) + sum(len(message.content) for message in text[0])
    )
