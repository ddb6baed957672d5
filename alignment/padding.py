"""Computes over a padded batch without computing over its padding.

Prompts of people differ in length by a factor of thirty: padded to the longest of a rollout, two thirds of all tokens
are padding. So the columns that all rows leave empty are cut off, and on a CPU rows of like length go through a model
together, a few at a time. The results do not change, but for rounding.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import torch
from accelerate import Accelerator, PartialState
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPast

from alignment.memory.bounds import UNBOUNDED, BatchBounds

_RATIO = 1.5
"""The longest row of a group is at most so many times as long as the shortest."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows (their indices) that go through a model together, and the columns that one of them uses."""

    rows: Tensor
    columns: slice


def groups(attention_mask: Tensor, size: int, apart: bool, tokens: int | None = None) -> Iterator[Group]:
    """Parts a batch.

    Args:
        attention_mask: (B, L), 0 on either side of a row is padding.
        size: Rows of a group, at most.
        apart: Whether rows are sorted by length, and those of unlike lengths parted; else they are taken as they come.
        tokens: Of a group that is sorted, at most, padding included; a row that has more is a group by itself.
    """
    lengths = attention_mask.sum(1)
    order = torch.argsort(lengths, stable=True) if apart else torch.arange(len(lengths), device=lengths.device)
    begun = 0
    for place in range(1, len(order) + 1):
        full = place - begun == size
        last = place == len(order)
        unlike = apart and not last and lengths[order[place]] > _RATIO * lengths[order[begun]]
        over = apart and not last and tokens is not None and (place - begun + 1) * lengths[order[place]] > tokens
        if last or full or unlike or over:
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


def compute_in_parts(model: PreTrainedModel, apart: bool, bounds: BatchBounds = UNBOUNDED) -> None:
    """Has a causal model's blocks compute a batch in parts from now on, for trainers that hand over whole batches.

    A batch over the bound keeps no activations: each part is computed again when its gradient is due (Chen et al. 2016,
    arXiv:1604.06174), so that those of one part are there at a time. Losses that look at a whole batch, as KTO's does,
    stay as they are. What has more to a row than tokens and mask, or fills a cache, is computed as it comes:
    generation, say.

    Args:
        model: Its hidden states of padding become 0; all others stay, and so do the gradients.
        apart: Whether padding is left out, by parting rows of unlike lengths.
        bounds: Of a part.
    """
    blocks = model.base_model
    whole = blocks.forward

    @wraps(whole)
    def parted(input_ids: Tensor | None = None, attention_mask: Tensor | None = None, **others: Any) -> Any:
        plain = others.get("use_cache") is False and all(value is None or value is False for value in others.values())
        if input_ids is None or attention_mask is None or not plain:
            return whole(input_ids=input_ids, attention_mask=attention_mask, **others)

        def states_of(group: Group) -> Tensor:
            rows, columns = group.rows, group.columns
            outputs = whole(input_ids=input_ids[rows, columns], attention_mask=attention_mask[rows, columns], **others)
            states: Tensor = outputs.last_hidden_state
            return states

        learns = torch.is_grad_enabled()
        tokens = bounds.trained_tokens if learns else bounds.scored_tokens
        again = learns and tokens is not None and attention_mask.numel() > tokens
        length, order, found = input_ids.shape[1], [], []
        for group in groups(
            attention_mask, bounds.rows(len(input_ids)) if not apart else len(input_ids), apart, tokens
        ):
            of_group: Any = checkpoint(states_of, group, use_reentrant=False) if again else states_of(group)
            found.append(pad(of_group, (0, 0, group.columns.start, length - group.columns.stop)))
            order.append(group.rows)
        states: Any = torch.cat(found)[torch.argsort(torch.cat(order))]
        return BaseModelOutputWithPast(last_hidden_state=states)

    blocks.forward = parted


def parts_batches(process: Accelerator | PartialState) -> bool:
    """Whether parting pays and is safe: a GPU wants whole batches, processes must go through a model equally often."""
    return bool(process.device.type == "cpu" and process.num_processes == 1)
