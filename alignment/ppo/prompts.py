"""The prompts that PPO answers: those of the ledger, and how a rollout of them is cut into batches."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from pydantic import TypeAdapter, ValidationError

from alignment.chat_tokens import ChatTokens
from alignment.errors import UnusableFeedback
from alignment.memory.bounds import UNBOUNDED, BatchBounds
from alignment.ppo.config import PPOConfig
from alignment.preferences import Comparison, Message, Thumb, read_rows
from alignment.rater_weights import draw
from alignment.snapshot.split import use_of

Prompt = tuple[Message, ...]
_PROMPT = TypeAdapter(Prompt)


def read_prompts(path: Path) -> list[Prompt]:
    """The prompts of a snapshot's file: one `{"prompt": [messages]}` a line.

    Raises:
        UnusableFeedback: A line is not such a prompt.
    """
    found = []
    with path.open(encoding="utf-8") as lines:  # not `splitlines`, which ends lines within a text too, as at U+2028
        for number, line in enumerate(lines, 1):
            try:
                found.append(_PROMPT.validate_python(json.loads(line)["prompt"]))
            except (ValueError, KeyError, TypeError, ValidationError) as error:
                raise UnusableFeedback(f"{path}, line {number}, is no prompt: {error}") from error
    return found


@dataclass(frozen=True, slots=True)
class PromptSets:
    """What is learned from, what is looked at, and how many were too long for either.

    Attributes:
        train: As a chat template takes them; at least as many as one rollout answers, repeated if need be.
        heldout: As token ids.
        counts: For the report.
        for_report: Rows of `heldout` that choose no adapter, and that its gain is measured on; where there are none,
            all choose, and the gain is measured on the same.
    """

    train: list[list[dict[str, str]]]
    heldout: list[list[int]]
    counts: dict[str, int]
    for_report: frozenset[int] = frozenset()


def prompt_sets(
    config: PPOConfig, tokens: ChatTokens, snapshot: Path, seed: int, rater_weight_cap: float = float("inf")
) -> PromptSets:
    """Reads a snapshot's prompts, and leaves out the long ones and those of a rater that are more than the cap.

    Raises:
        UnusableFeedback: A split has no prompt that is short enough.
    """
    splits = {name: read_prompts(snapshot / f"prompts.{name}.jsonl") for name in ("train", "heldout")}
    kept = {name: [p for p in prompts if _fits(config, tokens, p)] for name, prompts in splits.items()}
    for name, prompts in kept.items():
        if not prompts:
            raise UnusableFeedback(
                f"none of the {len(splits[name])} {name} prompts has at most {config.max_prompt_tokens} tokens: "
                "raise ppo.max_prompt_tokens, or collect more feedback"
            )
    looked_at, for_report = _looked_at(kept["heldout"], config.eval_prompts, seed)
    raters = prompt_raters(snapshot, kept["train"])
    drawn = draw(raters, rater_weight_cap, Random(seed))
    train = [tokens.messages(kept["train"][row]) for row in drawn]
    repeats = -(-config.prompts_per_rollout // len(train))
    counts = {
        "train_prompts": len(train),
        "over_rater_cap": len(raters) - len(drawn),
        "heldout_prompts": len(looked_at),
        "of_them_for_the_report": len(for_report),
        "too_long": sum(len(prompts) for prompts in splits.values()) - sum(len(prompts) for prompts in kept.values()),
    }
    return PromptSets(train * repeats, [tokens.prompt_ids(prompt) for prompt in looked_at], counts, for_report)


def _looked_at(heldout: Sequence[Prompt], count: int, seed: int) -> tuple[list[Prompt], frozenset[int]]:
    """The held-out prompts that are answered, and which of them are for the report; those of the gate are left to it.

    Where one of the two has none, all held-out prompts are answered and choose.
    """
    prompts = list(heldout)
    Random(seed).shuffle(prompts)
    ours = [prompt for prompt in prompts if use_of(prompt) != "gate"][:count]
    for_report = frozenset(row for row, prompt in enumerate(ours) if use_of(prompt) == "report")
    if 0 < len(for_report) < len(ours):
        return ours, for_report
    return prompts[:count], frozenset()


def prompt_raters(snapshot: Path, prompts: Sequence[Prompt]) -> list[str]:
    """Whose each training prompt is: the one rater who judged answers to it, or nobody's, the empty name."""
    raters: dict[Prompt, set[str]] = defaultdict(set)
    for row in (
        *read_rows(snapshot / "comparisons.train.jsonl", Comparison),
        *read_rows(snapshot / "thumbs.train.jsonl", Thumb),
    ):
        raters[row.prompt].add(row.rater)
    return [next(iter(raters[prompt])) if len(raters[prompt]) == 1 else "" for prompt in prompts]


def batch_shape(config: PPOConfig, processes: int, bounds: BatchBounds = UNBOUNDED) -> dict[str, int]:
    """GRPOTrainer's arguments for a rollout, such that every minibatch is as large on any number of processes.

    A forward pass is smaller than asked for where memory wants it; gradients still add up to the same minibatch.

    Raises:
        ValueError: A minibatch cannot be shared out evenly.
    """
    minibatch = config.prompts_per_rollout * config.answers_per_prompt // config.minibatches
    if minibatch % processes:
        raise ValueError(f"{minibatch} answers of a minibatch cannot be shared by {processes} processes evenly")
    share = minibatch // processes
    most = min(bounds.rows(config.forward_size), share)
    forward = next(size for size in range(most, 0, -1) if share % size == 0)
    return {
        "per_device_train_batch_size": forward,
        "gradient_accumulation_steps": share // forward,
        "steps_per_generation": share * config.minibatches // forward,
        "num_generations": config.answers_per_prompt,
        "num_iterations": config.ppo_epochs,
        "max_steps": config.rollouts * config.ppo_epochs * config.minibatches,
    }


def as_dataset_rows(prompts: Sequence[list[dict[str, str]]]) -> list[dict[str, Any]]:
    """Rows with the one column that GRPOTrainer reads."""
    return [{"prompt": prompt} for prompt in prompts]


def _fits(config: PPOConfig, tokens: ChatTokens, prompt: Prompt) -> bool:
    return len(tokens.prompt_ids(prompt)) <= config.max_prompt_tokens
