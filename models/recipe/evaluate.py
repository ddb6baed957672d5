"""How good the answers are on combinations that training never saw, each share with n and a Wilson interval."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass, field

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from models.recipe.config import EvaluateConfig, RecipeConfig
from models.recipe.corpus import Conversation, Exchange, Message, held_out
from models.recipe.corpus.manners import recognise

_ENDS = (".", "!", "?", '"', "。")
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``n``, with the 95 % Wilson score interval (Wilson 1927)."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; NaN when n is 0."""
        return self.hits / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end, 0 to 1; (0, 1) when n is 0."""
        if self.n == 0:
            return 0.0, 1.0
        centre = (self.value + _Z**2 / (2 * self.n)) / (1 + _Z**2 / self.n)
        variance = self.value * (1 - self.value) / self.n + _Z**2 / (4 * self.n**2)
        half = _Z * math.sqrt(variance) / (1 + _Z**2 / self.n)
        return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class Item:
    """One question and how it was answered."""

    messages: tuple[Message, ...]
    exchange: Exchange
    greedy: str
    sampled: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The shares of the model card, and the answers that they were counted from."""

    coherent_greedy: Share
    coherent_sampled: Share
    correct_by_intent: dict[str, Share]
    manners: dict[str, Share]
    items: list[Item] = field(default_factory=list)


def evaluate(config: RecipeConfig, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> Evaluation:
    """Answer held-out questions greedily and by sampling; the answers are saved in ``config.work_dir``."""
    # The weights that are served are bfloat16, so these are the ones that are measured; computed in float32 because
    # that is faster on a processor without bfloat16 arithmetic.
    served = model.to(torch.bfloat16).float().eval()
    torch.manual_seed(config.seed)
    items = [_answer(conversation, served, tokenizer, config.evaluate) for conversation in _questions(config)]
    saved = config.work_dir / "evaluation.jsonl"
    saved.write_text("".join(json.dumps(asdict(item), ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
    return summarise(items)


def summarise(items: list[Item]) -> Evaluation:
    """Count the shares. A greedy answer is right when it has one of the expected strings in it."""
    intents = sorted({item.exchange.intent for item in items})
    by_intent = {
        intent: _share([is_correct(item.greedy, item.exchange) for item in items if item.exchange.intent == intent])
        for intent in intents
    }
    manners = Counter(recognise(item.sampled, item.exchange) for item in items)
    return Evaluation(
        coherent_greedy=_share([is_coherent(item.greedy) for item in items]),
        coherent_sampled=_share([is_coherent(item.sampled) for item in items]),
        correct_by_intent=by_intent,
        manners={manner: Share(count, len(items)) for manner, count in manners.most_common()},
        items=items,
    )


def is_coherent(reply: str) -> bool:
    """Whether a reply ends as a sentence does and has no word three times in a row.

    A stand-in that a machine can check: it finds answers that break off or loop, not those that make no sense.
    """
    words = reply.lower().split()
    loops = any(a == b == c for a, b, c in zip(words, words[1:], words[2:], strict=False))
    return bool(words) and reply.endswith(_ENDS) and not loops


def is_correct(reply: str, exchange: Exchange) -> bool:
    """Whether a reply has one of the expected strings in it."""
    return any(expected.lower() in reply.lower() for expected in exchange.expects)


@torch.no_grad()
def reply_to(
    messages: tuple[Message, ...],
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    config: EvaluateConfig,
    *,
    sample: bool,
) -> str:
    """Return the model's answer to messages; one that does not end within ``max_new_tokens`` is cut there."""
    rendered = tokenizer.apply_chat_template(
        [asdict(message) for message in messages], tokenize=False, add_generation_prompt=True
    )
    ids = torch.tensor([tokenizer.encode(str(rendered), add_special_tokens=False)])
    options = (
        {"do_sample": True, "temperature": config.temperature, "top_k": 0, "top_p": 1.0}
        if sample
        else {"do_sample": False}
    )
    out = model.generate(  # type: ignore[operator]
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=config.max_new_tokens,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **options,
    )
    return str(tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))


def _questions(config: RecipeConfig) -> list[Conversation]:
    # Other conversations than the validation loss sees; the model of the last step is measured, none is chosen by them.
    return held_out(config.seed + 1, config.evaluate.conversations)


def _answer(
    conversation: Conversation, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, config: EvaluateConfig
) -> Item:
    index = next(i for i, exchange in enumerate(conversation.exchanges) if exchange.held_out)
    # A system prompt may ask for a manner, which would hide the shares that the model has by itself.
    chat = tuple(message for message in conversation.messages if message.role != "system")
    messages = chat[: 2 * index + 1]
    greedy = reply_to(messages, model, tokenizer, config, sample=False)
    sampled = reply_to(messages, model, tokenizer, config, sample=True)
    return Item(messages, conversation.exchanges[index], greedy, sampled)


def _share(outcomes: list[bool]) -> Share:
    return Share(sum(outcomes), len(outcomes))
