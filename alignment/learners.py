"""The stages that learn, as a run calls them. torch, transformers and TRL are imported when one is called."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alignment.config import AlignConfig
from alignment.memory.allocator import give_back_freed_memory
from alignment.memory.bounds import UNBOUNDED, BatchBounds
from alignment.memory.limit import Limit
from alignment.memory.plan import StagePlan
from alignment.memory.watch import PeakMemory, watched
from alignment.origin import Origin


@dataclass(frozen=True, slots=True)
class Task:
    """What a learning stage works on.

    Attributes:
        snapshot: Folder of the rows.
        out: The stage's own folder; it writes nowhere else.
        resume: Whether to go on from what is in `out`.
        reward_model: Folder of the reward model's stage; None for a stage that needs none.
        memory: How the stage keeps to its limit; None where nothing was reckoned.
    """

    config: AlignConfig
    origin: Origin
    snapshot: Path
    out: Path
    resume: bool
    reward_model: Path | None = None
    memory: StagePlan | None = None

    @property
    def bounds(self) -> BatchBounds:
        """Of what goes through a model at once."""
        return UNBOUNDED if self.memory is None else self.memory.bounds


Report = Mapping[str, Any]
"""What a stage says about its result, as JSON."""


Reckon = Callable[[AlignConfig, Path, Path, tuple[str, ...], Limit], Mapping[str, StagePlan]]
"""`alignment.memory.reckon.reckon`."""


def _nothing_to_reckon(*_: object) -> Mapping[str, StagePlan]:
    return {}


@dataclass(frozen=True, slots=True)
class Learners:
    """The learning stages. Tests put fast ones in their place.

    Attributes:
        reckon: Says before they learn how each keeps to the memory limit.
    """

    reward_model: Callable[[Task], Report]
    ppo: Callable[[Task], Report]
    preference: Callable[[Literal["kto", "dpo", "sft"], Task], Report]
    reckon: Reckon = _nothing_to_reckon


def real() -> Learners:
    """The stages of this package."""
    from alignment.memory.reckon import reckon

    return Learners(_reward_model, _ppo, _preference, reckon)


@contextmanager
def _within_memory(stage: str, task: Task) -> Iterator[PeakMemory]:
    give_back_freed_memory()
    resume = (
        f"Its checkpoints are kept: free memory and go on with `attune align run --resume {task.out.parent.name}`, "
        "with --memory-limit for another limit."
    )
    with watched(stage, None if task.memory is None else task.memory.limit_bytes, resume) as peak:
        yield peak


def _memory_report(task: Task, peak: PeakMemory) -> dict[str, Any]:
    """What was reckoned and what was seen, in MiB; the peak is that of this start of the stage."""
    found: dict[str, Any] = {"peak_mib": peak.peak_bytes >> 20}
    if task.memory is not None:
        bounds = task.memory.bounds
        found |= {"predicted_mib": task.memory.predicted_bytes >> 20, "limit_mib": task.memory.limit_bytes >> 20}
        found |= {"tokens_at_once": bounds.trained_tokens, "gradient_checkpointing": bounds.checkpointing}
    return {"memory": found}


def _reward_model(task: Task) -> Report:
    from alignment.reward_model.stage import train_reward_model

    with _within_memory("reward-model", task) as peak:
        report = train_reward_model(
            task.config.reward_model,
            snapshot=task.snapshot,
            base_model=task.origin.base_model,
            out=task.out,
            seed=task.config.seed,
            resume=task.resume,
            bounds=task.bounds,
        )
    return report.model_dump(mode="json") | _memory_report(task, peak)


def _ppo(task: Task) -> Report:
    from alignment.ppo.stage import train_ppo

    assert task.reward_model is not None, "PPO's task comes with a reward model"
    with _within_memory("ppo", task) as peak:
        report = train_ppo(
            task.config.ppo,
            snapshot=task.snapshot,
            base_model=task.origin.base_model,
            parent_adapter=task.origin.parent_adapter,
            reward_model=task.reward_model / "model",
            out=task.out,
            seed=task.config.seed,
            resume=task.resume,
            rater_weight_cap=task.config.reward_model.rater_weight_cap,
            bounds=task.bounds,
        )
    return report.model_dump(mode="json") | _memory_report(task, peak)


def _preference(algorithm: Literal["kto", "dpo", "sft"], task: Task) -> Report:
    from alignment.algorithms.stage import train_preference

    with _within_memory(algorithm, task) as peak:
        report = train_preference(
            algorithm,
            task.config.preference,
            snapshot=task.snapshot,
            base_model=task.origin.base_model,
            parent_adapter=task.origin.parent_adapter,
            out=task.out,
            seed=task.config.seed,
            resume=task.resume,
            rater_weight_cap=task.config.reward_model.rater_weight_cap,
            bounds=task.bounds,
        )
    return report.model_dump(mode="json") | _memory_report(task, peak)
