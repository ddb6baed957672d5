"""From comparisons and thumbs to batches: token ids, labels, weights, and whose judgement each row is."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from torch import Tensor

from alignment.chat_tokens import ChatTokens
from alignment.preferences import Comparison, Thumb
from alignment.rater_weights import row_weights

UNKNOWN_RATER = -1


@dataclass(frozen=True, slots=True)
class RewardRow:
    """One judgement as token ids.

    Attributes:
        first: Of prompt and answer; of a comparison, the one whose preference `label` states.
        second: The other answer of a comparison; empty for a thumb.
        label: 1 when `first` was preferred or liked, else 0.
        weight: How much the row counts; mean 1 over the training rows.
        rater: Row of the raters' biases, or `UNKNOWN_RATER`.
    """

    first: list[int]
    second: list[int]
    label: float
    weight: float
    rater: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """The judgements of one split, in the order of their files."""

    comparisons: Sequence[Comparison]
    thumbs: Sequence[Thumb]

    def __len__(self) -> int:
        return len(self.comparisons) + len(self.thumbs)


def raters_of(feedback: Feedback) -> list[str]:
    """The known raters, sorted. The empty name stands for people who are not known apart, so it is none."""
    return sorted({row.rater for row in (*feedback.comparisons, *feedback.thumbs)} - {""})


def scaled_weights(feedback: Feedback, cap: float) -> list[float]:
    """`row_weights` of comparisons, then thumbs, scaled to mean 1."""
    weights = row_weights([row.rater for row in (*feedback.comparisons, *feedback.thumbs)], cap)
    mean = math.fsum(weights) / len(weights) if weights else 1.0
    return [weight / mean for weight in weights]


def training_rows(tokens: ChatTokens, feedback: Feedback, max_length: int, cap: float) -> list[RewardRow]:
    """Encodes what the model learns from, with the raters and weights that the loss needs."""
    index = {rater: number for number, rater in enumerate(raters_of(feedback))}
    weights = scaled_weights(feedback, cap)
    rows = heldout_rows(tokens, feedback, max_length)
    raters = [row.rater for row in (*feedback.comparisons, *feedback.thumbs)]
    return [
        replace(row, weight=weight, rater=index.get(rater, UNKNOWN_RATER))
        for row, weight, rater in zip(rows, weights, raters, strict=True)
    ]


def heldout_rows(tokens: ChatTokens, feedback: Feedback, max_length: int) -> list[RewardRow]:
    """Encodes what the model is judged by: every row counts the same, and no rater's bias is used."""
    rows = [
        RewardRow(
            first=tokens.row_ids(row.prompt, row.chosen, max_length),
            second=tokens.row_ids(row.prompt, row.rejected, max_length),
            label=1.0,
            weight=1.0,
            rater=UNKNOWN_RATER,
        )
        for row in feedback.comparisons
    ]
    return rows + [
        RewardRow(tokens.row_ids(row.prompt, row.completion, max_length), [], float(row.liked), 1.0, UNKNOWN_RATER)
        for row in feedback.thumbs
    ]


def shuffled_labels(rows: Sequence[RewardRow], seed: int) -> list[RewardRow]:
    """The same rows with labels that say nothing: a control that must come out at chance."""
    random = Random(seed)
    labels = [row.label for row in rows if not row.second]
    random.shuffle(labels)
    left = iter(labels)
    return [replace(row, label=float(random.random() < 0.5) if row.second else next(left)) for row in rows]


@dataclass(frozen=True, slots=True)
class Collator:
    """Pads rows on the right into one batch.

    The batch has `input_ids` and `attention_mask` (N + P, T): N first answers, then the second answers of the P
    comparisons among them, in their order; and `is_pair`, `label`, `weight`, `rater` (N,).
    """

    pad_id: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Returns the batch of these rows (dicts with the fields of `RewardRow`)."""
        sequences = [row["first"] for row in rows] + [row["second"] for row in rows if row["second"]]
        ids, mask = padded(sequences, self.pad_id)
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "is_pair": torch.tensor([bool(row["second"]) for row in rows]),
            "label": torch.tensor([row["label"] for row in rows]),
            "weight": torch.tensor([row["weight"] for row in rows]),
            "rater": torch.tensor([row["rater"] for row in rows]),
        }


def padded(sequences: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Sequences padded on the right: ids (B, T) int64 and attention mask (B, T) int64."""
    length = max(map(len, sequences))
    ids = torch.full((len(sequences), length), pad_id)
    mask = torch.zeros((len(sequences), length), dtype=torch.long)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = torch.tensor(sequence)
        mask[row, : len(sequence)] = 1
    return ids, mask


def token_batches(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Row numbers in batches of similar length, of at most `tokens` with padding; a longer row is one by itself."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if batch and lengths[row] * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
