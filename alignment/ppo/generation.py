"""Generates answers, and spares what transformers' `generate` computes for answers that have ended.

That goes on with the whole batch until the last answer ends, and copies its whole cache for each token: with answers of
20 tokens on average, one of a hundred and one prompt of four hundred among them, most of the time is for nothing. Here
an answer leaves the batch when it ends, and columns that only it needed go with it.

Where processes share out a model's weights, each of its forward passes needs all of them: they go on for as long as one
of them has something to write.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

Ids = list[list[int]]
"""Token ids of several texts."""

Most = Callable[[int], int]
"""The largest of the numbers that all processes give; every process must ask alike."""


def alone(count: int) -> int:
    """Of a process that shares its model with no other."""
    return count


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is written.

    Attributes:
        max_new_tokens: Of one answer, its end token included.
        end_ids: Tokens that end it.
        pad_id: What fills a batch; any token.
        temperature: Of sampling; None for the most probable token.
    """

    max_new_tokens: int
    end_ids: list[int]
    pad_id: int
    temperature: float | None


@torch.no_grad()
def generate(policy: Any, prompt_ids: Ids, size: int, sampling: Sampling, most: Most = alone) -> Ids:
    """Answers, in the order of the prompts; each has its end token if it ended by itself.

    Args:
        policy: A causal language model that is not in training mode.
        prompt_ids: Of the prompts.
        size: Prompts that are answered at a time; those of like length together.
        sampling: How.
        most: Of the processes that the policy's weights are shared out over.
    """
    found: Ids = [[] for _ in prompt_ids]
    order = sorted(range(len(prompt_ids)), key=lambda row: len(prompt_ids[row]))
    for number in range(most(-(-len(order) // size))):
        rows = order[number * size : (number + 1) * size]
        for row, answer in zip(rows, _batch(policy, [prompt_ids[row] for row in rows], sampling, most), strict=True):
            found[row] = answer
    return found


def _batch(policy: Any, prompt_ids: Ids, sampling: Sampling, most: Most) -> Ids:
    answers: Ids = [[] for _ in prompt_ids]
    open_rows = list(range(len(prompt_ids)))
    # A process that has no prompt left goes along with one of padding, whose tokens are nobody's.
    batch = left_padded(prompt_ids or [[sampling.pad_id]], sampling.pad_id)
    ids, mask = (tensor.to(policy.device) for tensor in batch)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    cache = DynamicCache(config=policy.config)
    ends = torch.tensor(sampling.end_ids, device=ids.device)
    for _ in range(sampling.max_new_tokens):
        logits = policy(
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, logits_to_keep=1
        ).logits[:, -1]
        tokens = _next(logits, sampling.temperature)
        for row, token in zip(open_rows, tokens.tolist(), strict=False):
            answers[row].append(token)
        going = (~torch.isin(tokens, ends)).nonzero()[:, 0][: len(open_rows)]
        if most(len(going)) == 0:
            break
        open_rows = [open_rows[place] for place in going.tolist()]
        kept = going if len(going) else going.new_zeros(1)
        if len(kept) < len(tokens):
            tokens, positions = tokens[kept], positions[kept]
            mask = _keep(cache, mask, kept)
        ids, positions = tokens[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
    return answers


def _next(logits: Tensor, temperature: float | None) -> Tensor:
    if temperature is None:
        return logits.argmax(-1)
    return torch.multinomial(torch.softmax(logits.float() / temperature, -1), 1)[:, 0]


def _keep(cache: DynamicCache, mask: Tensor, rows: Tensor) -> Tensor:
    """Leaves only these rows in the cache, and the columns that one of them uses; returns their mask."""
    cache.batch_select_indices(rows)
    mask = mask[rows]
    start = int(mask.any(0).nonzero()[0])
    # A layer that looks at a window of its own counts columns in another way, and keeps few of them anyway.
    if start == 0 or any(type(layer) is not DynamicLayer for layer in cache.layers):
        return mask
    for layer in cache.layers:
        layer.keys, layer.values = layer.keys[:, :, start:], layer.values[:, :, start:]
    return mask[:, start:]


def left_padded(sequences: Ids, pad_id: int) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask (B, longest)."""
    length = max(map(len, sequences))
    ids = [[pad_id] * (length - len(sequence)) + sequence for sequence in sequences]
    mask = [[0] * (length - len(sequence)) + [1] * len(sequence) for sequence in sequences]
    return torch.tensor(ids), torch.tensor(mask)
