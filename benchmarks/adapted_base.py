"""A base model that has read the conversations before it is asked which of two answers people prefer.

The starter saw a small generated world alone: of real conversations most tokens are as good as new to it. Reading is
next-token prediction over the training rows, prompt and both answers, without a word of which one was preferred.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from alignment.preferences import Comparison
from alignment.training_arguments import flushed_denormals

_ROWS = 16
_WARM_UP = 0.1
_IGNORED = -100
"""A label that transformers' loss leaves out."""


def conversations(tokenizer: PreTrainedTokenizerBase, rows: Sequence[Comparison], max_length: int) -> list[list[int]]:
    """Token ids of each row's two conversations, the last `max_length` of each."""
    found = []
    for row in rows:
        for answer in (row.chosen, row.rejected):
            said = [*(message.model_dump() for message in row.prompt), {"role": "assistant", "content": answer}]
            found.append(tokenizer.apply_chat_template(said, tokenize=True, return_dict=False)[-max_length:])
    return found


def read(
    base: Path,
    rows: Sequence[Comparison],
    heldout: Sequence[Comparison],
    out: Path,
    *,
    epochs: int,
    learning_rate: float,
    max_length: int,
) -> tuple[float, float]:
    """Trains all weights on the conversations of `rows` and writes the model and its tokenizer to `out`.

    Returns:
        Nats a token on the conversations of `heldout`, before and after.
    """
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    texts, unseen = (conversations(tokenizer, some, max_length) for some in (rows, heldout))
    torch.manual_seed(0)
    order, steps = Random(0), epochs * math.ceil(len(texts) / _ROWS)
    optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share(step, steps))
    before = _nats(model, unseen)
    with flushed_denormals(), tqdm(total=steps, desc="reading", unit="step") as bar:
        for _ in range(epochs):
            for batch in _batches(texts, order):
                optimiser.zero_grad()
                loss = model(**_padded(batch)).loss
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                bar.update()
                bar.set_postfix(loss=f"{loss.item():.3f}")
    after = _nats(model, unseen)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return before, after


def _share(step: int, steps: int) -> float:
    """Of the learning rate: a linear warm-up, then a cosine to zero."""
    warm = max(1, round(_WARM_UP * steps))
    return (step + 1) / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))) / 2


def _batches(texts: Sequence[list[int]], order: Random) -> Iterator[list[list[int]]]:
    """All texts by chance, but with others of about their length, so that there is little padding."""
    shuffled = order.sample(list(texts), len(texts))
    pools = [sorted(shuffled[start : start + 8 * _ROWS], key=len) for start in range(0, len(shuffled), 8 * _ROWS)]
    batches = [pool[start : start + _ROWS] for pool in pools for start in range(0, len(pool), _ROWS)]
    order.shuffle(batches)
    yield from batches


def _padded(texts: Sequence[list[int]]) -> dict[str, Tensor]:
    longest = max(map(len, texts))
    ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
    return {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, _IGNORED)}


@torch.no_grad()
def _nats(model: torch.nn.Module, texts: Sequence[list[int]]) -> float:
    total, tokens = 0.0, 0
    for start in range(0, len(texts), _ROWS):
        batch = texts[start : start + _ROWS]
        predicted = sum(len(text) - 1 for text in batch)
        total += model(**_padded(batch)).loss.item() * predicted
        tokens += predicted
    return total / tokens
