"""From conversations to optimiser steps: token ids, which of them count, and micro-batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

import torch
from torch.utils.data import DataLoader, Dataset
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

    @property
    def response_tokens(self) -> int:
        """How many tokens are to be predicted."""
        return int(self.response_mask.sum())

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


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run is in its data: which shard is next, and which of its steps."""

    shard: int = 0
    step: int = 0


class _Shards(Dataset[list[Example]]):
    """The training text, a shard at a time."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, seed: int, size: int) -> None:
        self._tokenizer, self._seed, self._size = tokenizer, seed, size

    def __getitem__(self, index: int) -> list[Example]:
        return [encode(self._tokenizer, conversation) for conversation in shard(self._seed, index, self._size)]


def training_steps(
    config: TrainConfig, tokenizer: PreTrainedTokenizerFast, seed: int, position: Position, *, workers: int = 0
) -> Iterator[tuple[list[Batch], Position]]:
    """Yield each step's micro-batches, for ever, with the position after it.

    A run resumed at a position sees what it would have seen, whatever the number of ``workers``: processes that draw
    and encode text ahead, or none.
    """
    # Shard 0 is what the tokenizer was learned from; it is training text like any other.
    shards = _Shards(tokenizer, seed, config.shard_size)
    loader = DataLoader(shards, batch_size=None, sampler=count(position.shard), num_workers=workers)
    first = position.step
    for index, examples in zip(count(position.shard), loader, strict=False):
        steps = mixed_steps(examples, config, tokenizer.pad_token_id, Random(f"order:{seed}:{index}"))
        for number in range(first, len(steps)):
            yield steps[number], Position(index, number + 1)
        first = 0


def mixed_steps(examples: Sequence[Example], config: TrainConfig, pad_id: int, rng: Random) -> list[list[Batch]]:
    """Return micro-batches of similar length, put together to steps that have all lengths in them.

    Short conversations are curt ones and long ones ramble, so that a step of one length would teach one manner and
    unlearn the others. The micro-batches are therefore dealt out like cards sorted by length: every step gets one of
    each stratum, and each stratum is dealt in an order of its own.
    """
    batches = list(bucketed(examples, config.micro_batch_tokens, pad_id))
    per_step = max(1, round(config.batch_tokens / config.micro_batch_tokens))
    steps: list[list[Batch]] = [[] for _ in range(max(1, len(batches) // per_step))]
    for start in range(0, len(batches), len(steps)):
        stratum = batches[start : start + len(steps)]
        for number, batch in zip(rng.sample(range(len(steps)), len(stratum)), stratum, strict=True):
            steps[number].append(batch)
    return steps


def bucketed(examples: Sequence[Example], batch_tokens: int, pad_id: int) -> Iterator[Batch]:
    """Yield batches of similar length, the shortest first.

    Each is of at most ``batch_tokens`` tokens with padding, and of one example at least.
    """
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
