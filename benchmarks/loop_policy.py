"""The policies that answer in `benchmarks.loop_learns`, with their distance from their parent."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from alignment.adapters import load_policy
from alignment.algorithms.implicit_reward import implicit_rewards
from alignment.chat_tokens import ChatTokens
from alignment.ppo.generation import Sampling, generate
from attune.simulate.questions import Question
from models.recipe.answers import Reply

_BATCH = 64
_BATCH_TOKENS = 8192
_MAX_NEW_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Answer:
    """A sampled answer.

    Attributes:
        ids: Its tokens, with the end token where it ended by itself.
    """

    reply: Reply
    ids: list[int]


class Policy:
    """A model with or without an adapter over it; without, it is the parent."""

    def __init__(self, base_model: Path, adapter: Path | None = None) -> None:
        self._tokens = ChatTokens.load(base_model)
        self._model: Any = load_policy(base_model, None)
        self._adapted = adapter is not None
        if adapter is not None:
            from peft import PeftModel

            self._model = PeftModel.from_pretrained(self._model, str(adapter))
        self._model.eval()

    def answer(self, asked: Sequence[Question], seed: int) -> list[Answer]:
        """One sampled answer (temperature 1) to each question."""
        torch.manual_seed(seed)
        end = self._tokens.end_id
        sampling = Sampling(_MAX_NEW_TOKENS, [end], self._tokens.pad_id, temperature=1.0)
        return [self._answer(ids, end) for ids in generate(self._model, self._prompts(asked), _BATCH, sampling)]

    def kl(self, asked: Sequence[Question], answers: Sequence[Answer]) -> float:
        """Nats per answer from the parent: the mean of log(pi / pi_parent) over the policy's own answers."""
        if not self._adapted:
            return 0.0
        rows = list(zip(self._prompts(asked), (answer.ids for answer in answers), strict=True))
        nats = implicit_rewards(self._model, rows, self._tokens.pad_id, _BATCH_TOKENS)
        return sum(nats) / len(nats)

    def _prompts(self, asked: Sequence[Question]) -> list[list[int]]:
        return [self._tokens.prompt_ids(question.prompt) for question in asked]

    def _answer(self, ids: list[int], end: int) -> Answer:
        ended = ids[-1] == end
        text = str(self._tokens.tokenizer.decode(ids[:-1] if ended else ids, skip_special_tokens=True))
        return Answer(Reply(text, ended), ids)
