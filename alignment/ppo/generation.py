"""Generates answers with transformers, prompts of like length together."""

from collections.abc import Mapping
from typing import Any

import torch

Ids = list[list[int]]
"""Token ids of several texts."""


def generate(policy: Any, prompt_ids: Ids, size: int, options: Mapping[str, Any]) -> Ids:
    """Answers, in the order of the prompts; each has its end token if it ended by itself.

    Args:
        policy: A model that is not in training mode.
        prompt_ids: Of the prompts.
        size: Prompts that are answered at a time.
        options: For `generate`, with `pad_token_id` and the list `eos_token_id`.
    """
    found: Ids = [[] for _ in prompt_ids]
    order = sorted(range(len(prompt_ids)), key=lambda row: len(prompt_ids[row]))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        ids, mask = _left_padded([prompt_ids[row] for row in rows], options["pad_token_id"])
        written = policy.generate(input_ids=ids.to(policy.device), attention_mask=mask.to(policy.device), **options)[
            :, ids.shape[1] :
        ]
        for row, answer in zip(rows, written.tolist(), strict=True):
            found[row] = _up_to_end(answer, options["eos_token_id"])
    return found


def _left_padded(sequences: Ids, pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    length = max(map(len, sequences))
    ids = [[pad_id] * (length - len(sequence)) + sequence for sequence in sequences]
    mask = [[0] * (length - len(sequence)) + [1] * len(sequence) for sequence in sequences]
    return torch.tensor(ids), torch.tensor(mask)


def _up_to_end(ids: list[int], end_ids: list[int]) -> list[int]:
    end = next((place for place, token in enumerate(ids) if token in end_ids), None)
    return ids if end is None else ids[: end + 1]
