"""The folder of a stage that learns, on one process or on several: who writes what into it, and when.

Under `accelerate launch` every process calls a stage with the same folder. All train together; the main process alone
writes, and the others wait for it. Only trainers' checkpoints are from all: each process adds its random numbers.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from alignment.checkpoints import newest, replace_folder, step_of
from alignment.durable import room_on_disk, write_durably
from alignment.progress import MetricsFile
from alignment.training_arguments import flushed_denormals, this_process

REPORT = "report.json"

R = TypeVar("R", bound=BaseModel)


def reported(out: Path, kind: type[R], train: Callable[[], Callable[[], R]], *, resume: bool) -> R:
    """Does the work of a stage unless it was done before, and returns its report.

    Args:
        out: The stage's folder; what is in it goes unless `resume`.
        kind: Of the report.
        train: Called on every process. What it returns makes the report, on the main process.
        resume: Whether to go on from what is in `out`.

    Raises:
        DiskFull: There was no room for a file.
    """
    finished = out / REPORT
    if not (resume and finished.exists()):
        state = this_process()
        if state.is_main_process:
            if not resume and out.exists():
                shutil.rmtree(out)
            out.mkdir(parents=True, exist_ok=True)
        state.wait_for_everyone()
        with room_on_disk(out), flushed_denormals():
            report = train()
            if state.is_main_process:
                write_durably(finished, report().model_dump_json(indent=2).encode())
        state.wait_for_everyone()
    return kind.model_validate_json(finished.read_text(encoding="utf-8"))


def resume_point(out: Path, metrics: MetricsFile) -> Path | None:
    """The newest complete checkpoint, or None; the metrics of steps that will be done again are removed."""
    state = this_process()
    if state.is_main_process:
        checkpoint = newest(out / "checkpoints")
        metrics.cut(step_of(checkpoint) if checkpoint else 0)
    state.wait_for_everyone()
    return newest(out / "checkpoints")


def save_trained(trainer: Any, folder: Path, add: Callable[[Path], None] = lambda new: None) -> None:
    """Writes what a trainer trained in the place of what is in `folder`.

    To be called on every process: weights that are shared out over the processes are gathered from all of them.

    Args:
        trainer: A trainer of transformers.
        folder: Where to.
        add: Puts more files beside the weights, before they take the place of the old ones.
    """
    new = folder.with_suffix(".new")
    main = this_process().is_main_process
    if main:
        shutil.rmtree(new, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(new), _internal_call=True)
    if main:
        add(new)
        replace_folder(new, folder)
    trainer.accelerator.wait_for_everyone()
