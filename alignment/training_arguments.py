"""What all trainers here are told alike: where to compute, when to save, and to be quiet about it."""

import math
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.utils import logging as transformers_logging


def common_arguments(out: Path, seed: int, save_steps: int, keep: int = 2) -> dict[str, Any]:
    """Keyword arguments for any config of TRL.

    TRL's own defaults (bfloat16, gradient checkpointing) do not suit a CPU. At least two checkpoints are kept, so that
    one is whole while the next is written.

    Args:
        out: Folder of the stage.
        seed: Of initialisation, order and sampling.
        save_steps: Optimiser steps between two checkpoints.
        keep: Checkpoints kept.
    """
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(out / "checkpoints"),
        "seed": seed,
        "data_seed": seed,
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "gradient_checkpointing": cuda,
        "dataloader_pin_memory": cuda,
        "disable_tqdm": True,
        "report_to": "none",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": save_steps,
        "save_total_limit": max(2, keep),
    }


def this_process() -> PartialState:
    """Which process of how many this is. Without `cpu` accelerate does not see gloo's other processes on a CPU."""
    return PartialState(cpu=not torch.cuda.is_available())


class StopOnNonFinite(TrainerCallback):
    """Ends a run whose loss is no number, before a checkpoint is written: for trainers that are TRL's own."""

    def __init__(self, error: type[Exception], whose: str) -> None:
        self._error, self._whose = error, whose

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Looks at the loss and the gradient's norm of each step."""
        for name in ("loss", "grad_norm"):
            value = float((logs or {}).get(name, 0.0))
            if not math.isfinite(value):
                raise self._error(
                    f"{self._whose} {name} is {value} at step {state.global_step}: training stopped, and nothing was "
                    "registered. Lower the learning rate, or look for damaged weights in the model."
                )


def quiet(trainer: Trainer) -> None:
    """Leaves the screen to our progress bar: metrics are in `metrics.jsonl`."""
    trainer.remove_callback(PrinterCallback)
    transformers_logging.disable_progress_bar()
