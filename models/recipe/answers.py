"""A model's answers to many conversations at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from models.recipe.config import EvaluateConfig
from models.recipe.corpus import Message
from models.recipe.tokenizer import TURN_END, TURN_START


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said, and whether it ended by itself within the limit."""

    text: str
    ended: bool


class Respondent:
    """A model with its tokenizer, ready to answer.

    The weights that are served are bfloat16, so these are the ones that answer; computed in float32 because that is
    faster on a processor without bfloat16 arithmetic.
    """

    def __init__(self, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, config: EvaluateConfig) -> None:
        self._model = model.to(torch.bfloat16).float().eval()
        self._tokenizer = tokenizer
        self._config = config

    def answer(self, chats: Sequence[Sequence[Message]], *, seed: int | None = None) -> list[Reply]:
        """Answer each chat: greedily, or sampled at the config's temperature with a seed."""
        if seed is not None:
            torch.manual_seed(seed)
        prompts = [self.encode(chat) for chat in chats]
        replies: dict[int, Reply] = {}
        # Prompts of similar length go together, so that little is padding.
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        for start in range(0, len(order), self._config.batch_size):
            batch = order[start : start + self._config.batch_size]
            answered = self._generate([prompts[i] for i in batch], sample=seed is not None)
            replies.update(zip(batch, answered, strict=True))
        return [replies[i] for i in range(len(prompts))]

    def encode(self, chat: Sequence[Message]) -> list[int]:
        """Return a chat's token ids up to where the answer begins; control tokens in a text stay text."""
        ids: list[int] = []
        for message in chat:
            header = f"{TURN_START}{message.role}\n"
            ids += self._tokenizer.encode(header, add_special_tokens=False)
            ids += self._tokenizer.encode(message.content, add_special_tokens=False, split_special_tokens=True)
            ids += self._tokenizer.encode(f"{TURN_END}\n", add_special_tokens=False)
        return ids + self._tokenizer.encode(f"{TURN_START}assistant\n", add_special_tokens=False)

    @torch.no_grad()
    def _generate(self, prompts: list[list[int]], *, sample: bool) -> list[Reply]:
        width = max(map(len, prompts))
        pad, end = self._tokenizer.pad_token_id, self._tokenizer.eos_token_id
        ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        how = (
            {"do_sample": True, "temperature": self._config.temperature, "top_k": 0, "top_p": 1.0}
            if sample
            else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        )
        device = self._model.device
        out = self._model.generate(  # type: ignore[operator]
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=self._config.max_new_tokens,
            eos_token_id=end,
            pad_token_id=pad,
            **how,
        )
        return [
            Reply(str(self._tokenizer.decode(row, skip_special_tokens=True)), bool((row == end).any()))
            for row in out[:, width:]
        ]


def chat_of(turns: Sequence[str]) -> list[Message]:
    """Return turns of the user and the assistant, in turn, as messages."""
    return [Message("assistant" if i % 2 else "user", turn) for i, turn in enumerate(turns)]


def as_dicts(chat: Sequence[Message]) -> list[dict[str, str]]:
    """Return messages as chat templates and JSON want them."""
    return [asdict(message) for message in chat]
