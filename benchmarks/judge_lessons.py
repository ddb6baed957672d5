"""A small judge: the starter, all of its weights trained to give verdicts on pairs whose better answer is known.

An adapter cannot learn it. The starter's corpus has neither `[` nor `]`; 278 tokens that never occurred in it share one
embedding (cosine 1.00), which is also the output layer's, so that only training the embeddings can tell them apart.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from evals.chat import Message, Prompt, Reply
from evals.preference import Pair, judges_question
from models.recipe.corpus import shard
from models.recipe.corpus.conversation import Conversation
from models.recipe.corpus.conversation import Message as Line
from models.recipe.data import Example, bucketed, encode
from models.recipe.tokenizer import load_tokenizer
from models.recipe.train import accumulate_gradients

SEED = 78
EPOCHS = 4
_LEARNING_RATE = 1e-3
_BATCH_TOKENS = 4096
_LONGEST_PAIR = 1200
"""Characters of request and answers: the starter's context is 1,024 tokens."""


def known_pairs(part: int, count: int) -> list[Pair]:
    """Pairs whose `candidate` is the right answer and whose `parent` is the answer to another question."""
    asked = [(_prompt(chat.messages[:-1]), chat.exchanges[-1]) for chat in shard(SEED, part, count)]
    others = asked[:]
    Random(f"judge:{SEED}:{part}").shuffle(others)
    pairs = [
        Pair(prompt, Reply(prompt, (said.answer,)), Reply(prompt, (other.answer,)))
        for (prompt, said), (_, other) in zip(asked, others, strict=True)
        if said.answer != other.answer
    ]
    return [pair for pair in pairs if _length(pair) <= _LONGEST_PAIR]


def _prompt(messages: Iterable[Line]) -> Prompt:
    return Prompt(tuple(Message(role=line.role, content=line.content) for line in messages))


def _orders(pair: Pair) -> tuple[tuple[Reply, Reply, str], ...]:
    """Both replies in both orders, and the right verdict."""
    if pair.candidate is None or pair.parent is None:
        raise ValueError("a lesson needs both replies")
    return ((pair.candidate, pair.parent, "A"), (pair.parent, pair.candidate, "B"))


def _length(pair: Pair) -> int:
    replies = (reply.whole for reply in (pair.candidate, pair.parent) if reply is not None)
    return sum(map(len, (*pair.prompt.told, *replies)))


def _lessons(tokenizer: PreTrainedTokenizerFast, pairs: Sequence[Pair]) -> list[Example]:
    """The judge's question on each pair in both orders, and the right verdict."""
    return [
        encode(tokenizer, Conversation((*asked, Line("assistant", f"[[{name}]] is about the request.")), ()))
        for pair in pairs
        for first, second, name in _orders(pair)
        for asked in [tuple(Line(message.role, message.content) for message in judges_question(first, second))]
    ]


def train_judge(starter: Path, pairs: Sequence[Pair], out: Path) -> Path:
    """Trains every weight for `EPOCHS` passes over the lessons, with AdamW and a falling rate; returns the folder."""
    torch.manual_seed(SEED)
    tokenizer = load_tokenizer(starter)
    model = AutoModelForCausalLM.from_pretrained(starter, dtype=torch.float32).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE, weight_decay=0.0)
    batches = list(bucketed(_lessons(tokenizer, pairs), _BATCH_TOKENS, tokenizer.pad_token_id))
    steps = EPOCHS * len(batches)
    with tqdm(total=steps, desc="the judge's lessons") as progress:
        for epoch in range(EPOCHS):
            for batch in Random(f"lessons:{SEED}:{epoch}").sample(batches, len(batches)):
                for group in optimizer.param_groups:
                    group["lr"] = _LEARNING_RATE * (1 - progress.n / steps)
                loss = accumulate_gradients(model, [batch])
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                progress.set_postfix(loss=f"{loss:.3f}", refresh=False)
                progress.update()
    model.eval().to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    return out
