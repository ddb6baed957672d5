"""Cuts a batch of the reward model into parts by tokens, so that their gradients add up to those of the batch."""

from collections.abc import Iterator

import torch
from torch import Tensor

from alignment.memory.bounds import BatchBounds

_OF_ROWS = ("is_pair", "label", "weight", "rater")


def parts(batch: dict[str, Tensor], bounds: BatchBounds, apart: bool) -> Iterator[dict[str, Tensor]]:
    """Yields the batch in parts; each has `share`, its rows over those of the batch, by which its mean loss counts.

    Args:
        batch: Of `data.Collator`.
        bounds: Of a part.
        apart: Whether rows are sorted by length; else each part has as many of them, so that several processes go
            through the model equally often.
    """
    count = len(batch["label"])
    if bounds.trained_tokens is None:
        yield batch
        return
    if apart:
        lengths = _row_lengths(batch)
        order = torch.argsort(lengths, stable=True)
        sizes = lengths[order].tolist()
        cuts = _cuts(sizes, (1 + batch["is_pair"][order].long()).tolist(), bounds.trained_tokens)
    else:
        order, rows = torch.arange(count), bounds.rows(count, sequences=2)
        cuts = [range(start, min(start + rows, count)) for start in range(0, count, rows)]
    for cut in cuts:
        yield _part(batch, order[cut.start : cut.stop]) | {"share": len(cut) / count}


def _row_lengths(batch: dict[str, Tensor]) -> Tensor:
    """(N,) tokens of the longer answer of each row, its prompt included."""
    lengths = batch["attention_mask"].sum(1)
    longest = lengths[: len(batch["label"])].clone()
    pairs = batch["is_pair"]
    longest[pairs] = torch.maximum(longest[pairs], lengths[len(longest) :])
    return longest


def _cuts(lengths: list[int], sequences: list[int], tokens: int) -> list[range]:
    """Ranges of rows in their order, ascending lengths, each of at most `tokens` with padding; at least one row."""
    cuts, start, held = [], 0, 0
    for row, length in enumerate(lengths):
        if row > start and (held + sequences[row]) * length > tokens:
            cuts.append(range(start, row))
            start, held = row, 0
        held += sequences[row]
    cuts.append(range(start, len(lengths)))
    return cuts


def _part(batch: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    pairs = batch["is_pair"]
    second = len(pairs) + torch.cumsum(pairs.long(), 0) - 1
    sequences = torch.cat([rows, second[rows][pairs[rows]]])
    taken = {name: batch[name][rows] for name in _OF_ROWS}
    return taken | {name: batch[name][sequences] for name in ("input_ids", "attention_mask")}
