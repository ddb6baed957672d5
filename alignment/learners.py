"""The stages that learn, as a run calls them. torch, transformers and TRL are imported when one is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alignment.config import AlignConfig
from alignment.origin import Origin


@dataclass(frozen=True, slots=True)
class Task:
    """What a learning stage works on.

    Attributes:
        snapshot: Folder of the rows.
        out: The stage's own folder; it writes nowhere else.
        resume: Whether to go on from what is in `out`.
        reward_model: Folder of the reward model's stage; None for a stage that needs none.
    """

    config: AlignConfig
    origin: Origin
    snapshot: Path
    out: Path
    resume: bool
    reward_model: Path | None = None


Report = Mapping[str, Any]
"""What a stage says about its result, as JSON."""


@dataclass(frozen=True, slots=True)
class Learners:
    """The learning stages. Tests put fast ones in their place."""

    reward_model: Callable[[Task], Report]
    ppo: Callable[[Task], Report]
    preference: Callable[[Literal["kto", "dpo", "sft"], Task], Report]


def real() -> Learners:
    """The stages of this package."""
    return Learners(_reward_model, _ppo, _preference)


def _reward_model(task: Task) -> Report:
    from alignment.reward_model.stage import train_reward_model

    report = train_reward_model(
        task.config.reward_model,
        snapshot=task.snapshot,
        base_model=task.origin.base_model,
        out=task.out,
        seed=task.config.seed,
        resume=task.resume,
    )
    return report.model_dump(mode="json")


def _ppo(task: Task) -> Report:
    from alignment.ppo.stage import train_ppo

    assert task.reward_model is not None, "PPO's task comes with a reward model"
    report = train_ppo(
        task.config.ppo,
        snapshot=task.snapshot,
        base_model=task.origin.base_model,
        parent_adapter=task.origin.parent_adapter,
        reward_model=task.reward_model / "model",
        out=task.out,
        seed=task.config.seed,
        resume=task.resume,
    )
    return report.model_dump(mode="json")


def _preference(algorithm: Literal["kto", "dpo", "sft"], task: Task) -> Report:
    from alignment.algorithms.stage import train_preference

    report = train_preference(
        algorithm,
        task.config.preference,
        snapshot=task.snapshot,
        base_model=task.origin.base_model,
        parent_adapter=task.origin.parent_adapter,
        out=task.out,
        seed=task.config.seed,
        resume=task.resume,
    )
    return report.model_dump(mode="json")
