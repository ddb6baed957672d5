"""What an answer is worth to PPO: the reward model's score, centred, bounded, and less when it was cut off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from alignment.errors import NonFiniteLoss
from alignment.ppo.kl import bounded_score

Scorer = Callable[[Sequence[Sequence[int]]], list[float]]
"""From token ids of prompt, answer and end token to rewards: `RewardModel.score_ids`."""


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """Of N answers.

    Attributes:
        scores: What PPO maximises.
        truncated: Whether the answer ran into the limit.
    """

    scores: list[float]
    truncated: list[bool]


class AnswerScorer:
    """Scores answers against the reference's own answer to the same prompt.

    The reference answers greedily: without chance, a prompt has one baseline however often and on whichever process it
    comes up. Baselines are remembered, and saved with each checkpoint.

    Attributes:
        baselines: r(x, y_ref) by prompt.
        last: Of the latest call by the trainer.
    """

    def __init__(
        self,
        scorer: Scorer,
        encode: Callable[[list[dict[str, str]]], list[int]],
        end_ids: Sequence[int],
        bound: float,
        truncation_penalty: float,
    ) -> None:
        """Prepares the scoring.

        Args:
            scorer: The reward model.
            encode: From a chat prompt to the token ids that generation starts from.
            end_ids: Tokens that end an answer; the first is put after an answer that was cut off, as the reward model
                only knows finished ones.
            bound: Of the centred score.
            truncation_penalty: Taken off an answer that was cut off.
        """
        self._scorer, self._encode, self._end_ids = scorer, encode, tuple(end_ids)
        self._bound, self._penalty = bound, truncation_penalty
        self.answer_as_reference: Callable[[list[list[int]]], list[list[int]]] | None = None
        self.baselines: dict[str, float] = {}
        self.last = AnswerScores([], [])

    __name__ = "score"  # TRL names a reward function's metrics by it.

    def __call__(self, prompts: list[list[dict[str, str]]], completion_ids: list[list[int]], **_: Any) -> list[float]:
        """TRL's interface of a reward function: the texts it offers are re-rendered, so the ids are read instead."""
        self.last = self.score([self._encode(prompt) for prompt in prompts], completion_ids)
        return self.last.scores

    def score(self, prompt_ids: list[list[int]], completion_ids: list[list[int]]) -> AnswerScores:
        """Scores answers given as token ids.

        Raises:
            NonFiniteLoss: The reward model gives NaN or infinity.
        """
        baselines = self._baselines(prompt_ids)
        rewards = self._rewards(prompt_ids, completion_ids)
        truncated = [ids[-1] not in self._end_ids for ids in completion_ids]
        scores = [
            bounded_score(reward, baseline, self._bound) - self._penalty * cut
            for reward, baseline, cut in zip(rewards, baselines, truncated, strict=True)
        ]
        return AnswerScores(scores, truncated)

    def _baselines(self, prompt_ids: list[list[int]]) -> list[float]:
        keys = [" ".join(map(str, ids)) for ids in prompt_ids]
        new = {key: ids for key, ids in zip(keys, prompt_ids, strict=True) if key not in self.baselines}
        if self.answer_as_reference is None:
            return [0.0] * len(keys)
        prompts = list(new.values())
        # Asked with no prompt too: another process may have some, and need this one to answer them.
        answers = self.answer_as_reference(prompts)
        self.baselines.update(zip(new, self._rewards(prompts, answers), strict=True))
        return [self.baselines[key] for key in keys]

    def _rewards(self, prompt_ids: list[list[int]], completion_ids: list[list[int]]) -> list[float]:
        rows = [
            prompt + answer + ([] if answer and answer[-1] in self._end_ids else [self._end_ids[0]])
            for prompt, answer in zip(prompt_ids, completion_ids, strict=True)
        ]
        rewards = self._scorer(rows) if rows else []
        bad = next((reward for reward in rewards if reward - reward != 0), None)
        if bad is not None:
            raise NonFiniteLoss(f"the reward model gives {bad} to an answer: it is damaged; train it again")
        return rewards
