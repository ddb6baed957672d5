"""From conversations to batches: token ids, which of them count, and batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch
from transformers import PreTrainedTokenizerFast

from models.recipe.config import TrainConfig
from models.recipe.corpus import Conversation, Message, shard
from models.recipe.tokenizer import TURN_END, TURN_START


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation as token ids.

    ``response_mask`` is True where the loss counts: the assistant's words and their end.
    """

    ids: list[int]
    response_mask: list[bool]


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples padded on the right. No attention mask is needed: attention is causal and padding comes last.

    Attributes:
        ids: (B, T) int64 token ids.
        response_mask: (B, T) bool, True where a token is to be predicted.
    """

    ids: torch.Tensor
    response_mask: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(self.ids.to(device), self.response_mask.to(device))


def encode(tokenizer: PreTrainedTokenizerFast, conversation: Conversation) -> Example:
    """Encode a conversation as its chat template renders it.

    Each part is encoded by itself and content never yields a special token: only the template writes roles.
    """
    ids: list[int] = []
    mask: list[bool] = []
    for message in conversation.messages:
        _append(ids, mask, _header(tokenizer, message), False)
        counts = message.role == "assistant"
        _append(
            ids, mask, tokenizer.encode(message.content, add_special_tokens=False, split_special_tokens=True), counts
        )
        _append(ids, mask, [tokenizer.convert_tokens_to_ids(TURN_END)], counts)
        _append(ids, mask, tokenizer.encode("\n", add_special_tokens=False), False)
    return Example(ids, mask)


def shard_batches(config: TrainConfig, tokenizer: PreTrainedTokenizerFast, seed: int, index: int) -> list[Batch]:
    """Return the batches of one shard in their training order."""
    examples = [encode(tokenizer, conversation) for conversation in shard(seed, index, config.shard_size)]
    batches = list(bucketed(examples, config.batch_tokens, tokenizer.pad_token_id))
    Random(f"order:{seed}:{index}").shuffle(batches)
    return batches


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run is in its data: which shard is next, and which of its batches."""

    shard: int = 0
    batch: int = 0


def training_batches(
    config: TrainConfig, tokenizer: PreTrainedTokenizerFast, seed: int, position: Position
) -> Iterator[tuple[Batch, Position]]:
    """Yield batches for ever, each with the position after it: a run resumed there sees what it would have seen."""
    # Shard 0 is what the tokenizer was learned from; it is training text like any other.
    index, first = position.shard, position.batch
    while True:
        batches = shard_batches(config, tokenizer, seed, index)
        for number in range(first, len(batches)):
            yield batches[number], Position(index, number + 1)
        index, first = index + 1, 0


def bucketed(examples: Sequence[Example], batch_tokens: int, pad_id: int) -> Iterator[Batch]:
    """Yield batches of similar length, of at most ``batch_tokens`` tokens with padding, and at least one example."""
    bucket: list[Example] = []
    for example in sorted(examples, key=lambda example: len(example.ids)):
        if bucket and len(example.ids) * (len(bucket) + 1) > batch_tokens:
            yield _pad(bucket, pad_id)
            bucket = []
        bucket.append(example)
    if bucket:
        yield _pad(bucket, pad_id)


def _pad(examples: Sequence[Example], pad_id: int) -> Batch:
    length = max(len(example.ids) for example in examples)
    ids = torch.full((len(examples), length), pad_id)
    mask = torch.zeros((len(examples), length), dtype=torch.bool)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = torch.tensor(example.response_mask)
    return Batch(ids, mask)


def _header(tokenizer: PreTrainedTokenizerFast, message: Message) -> list[int]:
    return tokenizer.encode(f"{TURN_START}{message.role}\n", add_special_tokens=False)


def _append(ids: list[int], mask: list[bool], new: list[int], counts: bool) -> None:
    ids += new
    mask += [counts] * len(new)
