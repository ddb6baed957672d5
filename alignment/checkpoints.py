"""Checkpoints that survive kill -9: one counts only when its marker, written last, is there."""

import json
import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from alignment.durable import sync, write_durably

MARKER = "complete"


class MarkComplete(TrainerCallback):
    """Writes the marker once everything of a checkpoint is on disk."""

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Runs after the trainer and its subclasses have written their files."""
        if state.is_world_process_zero:
            folder = Path(str(args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    sync(path)
            write_durably(folder / MARKER, b"")
        return control


def newest(folder: Path) -> Path | None:
    """The newest complete checkpoint, or None. Incomplete ones are removed: nothing may resume from them."""
    found = []
    for path in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        if (path / MARKER).exists():
            found.append(path)
        else:
            shutil.rmtree(path)
    return max(found, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """The optimiser step after which a checkpoint was written."""
    return int(checkpoint.name.rsplit("-", 1)[1])


def write_json(path: Path, value: Any) -> None:
    """Writes JSON durably."""
    write_durably(path, (json.dumps(value, indent=2) + "\n").encode())


def replace_folder(new: Path, old: Path) -> None:
    """Puts a finished folder in the place of another: a reader finds the old, the new, or for an instant none."""
    for path in sorted(new.rglob("*")):
        if path.is_file():
            sync(path)
    if old.exists():
        shutil.rmtree(old)
    new.replace(old)
    sync(old.parent)
