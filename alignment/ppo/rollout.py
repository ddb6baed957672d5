"""Who writes the answers that PPO learns from.

By default TRL does: transformers' generate on a CPU, vLLM in the same process on a GPU. A `Rollout` takes its place,
for instance a client of a served engine to which each step's adapter was loaded under a name of its own.
"""

from typing import Any, Protocol, TypedDict


class Answers(TypedDict):
    """What a rollout returns, in the order of the prompts.

    Attributes:
        prompt_ids: Of the rendered prompts.
        completion_ids: Of the answers, with the end token where an answer ended by itself; never empty.
        logprobs: Of each token under the engine that sampled it, or None when the trainer's own are to be used.
    """

    prompt_ids: list[list[int]]
    completion_ids: list[list[int]]
    logprobs: list[list[float]] | None


class Rollout(Protocol):
    """Samples one answer to each prompt from the trainer's present policy."""

    def __call__(self, prompts: list[list[dict[str, str]]], trainer: Any) -> Answers:
        """Answers chat prompts; each stands there as often as it is to be answered."""
        ...
