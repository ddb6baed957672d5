"""Reckons all stages of a run before the first of them learns, so that what cannot fit is refused at once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from alignment.config import AlignConfig
from alignment.memory import need
from alignment.memory.limit import Limit
from alignment.memory.longest import longest_prompt, longest_row
from alignment.memory.model_shape import ModelShape, read_shape
from alignment.memory.need import StageNeed
from alignment.memory.plan import StagePlan, plan

Algorithm = Literal["ppo", "kto", "dpo", "sft"]


def reckon(
    config: AlignConfig, base_model: Path, snapshot: Path, stages: tuple[str, ...], limit: Limit
) -> Mapping[str, StagePlan]:
    """Returns how each stage keeps to the limit, by its name.

    On a GPU nothing is reckoned: its memory is not this machine's, and batches are as configured.

    Args:
        config: Of the run.
        base_model: Folder that it starts from.
        snapshot: Folder of the rows.
        stages: Those that learn, and `register`.
        limit: Of each process.

    Raises:
        NotEnoughMemory: A stage cannot fit; the message has the figures.
    """
    import torch

    if torch.cuda.is_available():
        return {}
    shape = read_shape(base_model)
    return {found.stage: plan(found, limit) for found in _needs(config, base_model, shape, snapshot, stages)}


def _needs(
    config: AlignConfig, base_model: Path, shape: ModelShape, snapshot: Path, stages: tuple[str, ...]
) -> Iterator[StageNeed]:
    from alignment.chat_tokens import ChatTokens

    tokens = ChatTokens.load(base_model)
    for stage in stages:
        match stage:
            case "reward-model":
                wanted = config.reward_model
                full = wanted.method == "full" or (wanted.method == "auto" and shape.parameters < wanted.full_below)
                rank = None if full else wanted.lora.rank
                yield need.reward_model(
                    shape, rank, longest_row(tokens, snapshot, wanted.max_length), wanted.batch_size
                )
            case "ppo":
                yield _ppo(config, shape, longest_prompt_of(tokens, snapshot, config.ppo.max_prompt_tokens))
            case "register":
                yield need.register(shape)
            case _:
                rows = longest_row(tokens, snapshot, config.preference.max_length)
                chosen = config.preference
                yield need.preference(stage, shape, chosen.lora.rank, rows, chosen.batch_size)


def longest_prompt_of(tokens: object, snapshot: Path, most: int) -> int:
    """Tokens of the longest prompt of both splits, at most `most`."""
    from alignment.ppo.prompts import read_prompts

    prompts = [prompt for part in ("train", "heldout") for prompt in read_prompts(snapshot / f"prompts.{part}.jsonl")]
    return longest_prompt(tokens, prompts, most)


def _ppo(config: AlignConfig, shape: ModelShape, prompt_tokens: int) -> StageNeed:
    ppo = config.ppo
    longest = prompt_tokens + ppo.max_new_tokens
    critic = None if ppo.critic_model is None else read_shape(ppo.critic_model)
    answered = 2 * ppo.forward_size * longest
    models = need.PPOModels(shape, critic, ppo.lora.rank, answered, rows=ppo.forward_size)
    return need.ppo(models, longest)
