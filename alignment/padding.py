"""Computes over a padded batch without computing over its padding.

Prompts of people differ in length by a factor of thirty: padded to the longest of a rollout, two thirds of all tokens
are padding. So the columns that all rows leave empty are cut off, and on a CPU rows of like length go through a model
together, a few at a time. The results do not change, but for rounding.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn.functional import pad

_RATIO = 1.5
"""The longest row of a group is at most so many times as long as the shortest."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows (their indices) that go through a model together, and the columns that one of them uses."""

    rows: Tensor
    columns: slice


def groups(attention_mask: Tensor, size: int, apart: bool) -> Iterator[Group]:
    """Parts a batch.

    Args:
        attention_mask: (B, L), 0 on either side of a row is padding.
        size: Rows of a group, at most.
        apart: Whether rows are sorted by length, and those of unlike lengths parted; else they are taken as they come.
    """
    lengths = attention_mask.sum(1)
    order = torch.argsort(lengths, stable=True) if apart else torch.arange(len(lengths), device=lengths.device)
    begun = 0
    for place in range(1, len(order) + 1):
        full = place - begun == size
        unlike = apart and place < len(order) and lengths[order[place]] > _RATIO * lengths[order[begun]]
        if place == len(order) or full or unlike:
            rows = order[begun:place]
            used = attention_mask[rows].any(0).nonzero()
            columns = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, attention_mask.shape[1])
            yield Group(rows, columns)
            begun = place


def over_answers(
    attention_mask: Tensor, length: int, size: int, apart: bool, compute: Callable[[Group, int], Sequence[Tensor]]
) -> list[Tensor]:
    """What is computed of each token of the answers.

    Args:
        attention_mask: (B, P + T): prompts padded on the left, answers on the right.
        length: T.
        size: Rows of a group, at most.
        apart: As of `groups`.
        compute: Of a group's rows and columns, of which the last t are the answers': tensors (rows, t).

    Returns:
        The tensors (B, T), 0 on the padding.
    """
    total, order, found = attention_mask.shape[1], [], []
    for group in groups(attention_mask, size, apart):
        # At least one token of the answer, and one before it, which the first one is predicted from.
        start = min(group.columns.start, total - length - 1)
        stop = max(group.columns.stop, total - length + 1)
        kept = length - (total - stop)
        computed = compute(Group(group.rows, slice(start, stop)), kept)
        found.append([pad(tensor, (0, length - kept)) for tensor in computed])
        order.append(group.rows)
    back = torch.argsort(torch.cat(order))
    return [torch.cat(tensors)[back] for tensors in zip(*found, strict=True)]


def parts_batches(accelerator: Accelerator) -> bool:
    """Whether parting pays and is safe: a GPU wants whole batches, processes must go through a model equally often."""
    return bool(accelerator.device.type == "cpu" and accelerator.num_processes == 1)
