"""What all trainers here are told alike: where to compute, when to save, how to go over rows."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from alignment.algorithms.config import PreferenceConfig
from alignment.errors import AlignmentError
from alignment.reward_model.config import RewardModelConfig


def common_arguments(
    out: Path, seed: int, save_steps: int, keep: int = 2, checkpointing: bool = False
) -> dict[str, Any]:
    """Keyword arguments for any config of TRL.

    TRL's own defaults (bfloat16, gradient checkpointing) do not suit a CPU. At least two checkpoints are kept, so that
    one is whole while the next is written.

    Args:
        out: Folder of the stage.
        seed: Of initialisation, order and sampling.
        save_steps: Optimiser steps between two checkpoints.
        keep: Checkpoints kept.
        checkpointing: Whether the blocks' activations are computed again on a CPU too, for want of memory.
    """
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(out / "checkpoints"),
        "seed": seed,
        "data_seed": seed,
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "gradient_checkpointing": cuda or checkpointing,
        "dataloader_pin_memory": cuda,
        "disable_tqdm": True,
        "report_to": "none",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": save_steps,
        "save_total_limit": max(2, keep),
    }


def steps_over_rows(config: RewardModelConfig | PreferenceConfig, rows: int, processes: int = 1) -> int:
    """How many optimiser steps `epochs` passes over the rows take, as transformers' `Trainer` counts them."""
    batches = math.ceil(rows / (config.batch_size * processes))
    return math.ceil(config.epochs * math.ceil(batches / config.accumulation))


def arguments_over_rows(
    config: RewardModelConfig | PreferenceConfig, rows: int, evaluates: bool, most_steps: int | None = None
) -> dict[str, Any]:
    """Keyword arguments of a trainer that goes over labelled rows several times.

    Args:
        config: Of the stage.
        rows: To train on; long ones were cut or left out before.
        evaluates: Whether there are held-out rows to look at.
        most_steps: Optimiser steps at most, however many the passes take; None for all of them.
    """
    steps = steps_over_rows(config, rows, this_process().num_processes)
    bound = -1 if most_steps is None or most_steps >= steps else most_steps
    return {
        "max_steps": bound,
        "per_device_train_batch_size": config.batch_size,
        "gradient_accumulation_steps": config.accumulation,
        "num_train_epochs": config.epochs,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": int((steps if bound < 0 else bound) * config.warmup_share),
        "max_grad_norm": config.max_grad_norm,
        "eval_strategy": "steps" if evaluates else "no",
        "eval_steps": config.eval_every,
        "max_length": None,
    }


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Has numbers below 1e-38 computed as zero while the block runs; threads that torch starts in it inherit that.

    Gradients that flow back from one score per answer shrink to such numbers, which a CPU computes in microcode: the
    backward pass of a reward model over the starter took four times as long.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


_PARTLY_LOADED = {
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "fsdp_cpu_ram_efficient_loading",
    "ACCELERATE_DEEPSPEED_ZERO3_INIT": "zero3_init_flag",
}
"""accelerate's settings, by the environment variable, under which a process loads no weights or a part of them."""


def this_process() -> PartialState:
    """Which process of how many this is. Without `cpu` accelerate does not see gloo's other processes on a CPU.

    Raises:
        AlignmentError: Models would not be loaded whole, but the critic and the reward model are used whole.
    """
    for variable, key in _PARTLY_LOADED.items():
        if os.environ.get(variable, "").lower() in ("1", "true"):
            raise AlignmentError(
                f"accelerate's config says {key}: true, so that some processes would not load the weights which critic "
                f"and reward model need whole, and learn from noise. Set {key}: false, as in deploy/accelerate."
            )
    return PartialState(cpu=not torch.cuda.is_available())
