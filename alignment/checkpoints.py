"""Checkpoints that survive kill -9: one counts only when its marker, written last, is there."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from alignment.errors import DiskFull

MARKER = "complete"
_ROOM_BYTES = 1 << 20


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
    return max(found, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)


def write_durably(path: Path, content: bytes) -> None:
    """Writes a file so that after a crash it has the old content or the new, never a part."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)


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


def sync(path: Path) -> None:
    """Asks the system to have a file or folder on disk before it returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def room_on_disk(folder: Path) -> Iterator[None]:
    """Turns the many ways in which libraries fail on a full disk into one error.

    torch and safetensors raise errors of their own instead of `OSError`, so a failure with no room left counts as well.

    Raises:
        DiskFull: Whatever failed, failed for want of room.
    """
    try:
        yield
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or "No space left" in str(error) or shutil.disk_usage(folder).free < _ROOM_BYTES:
            raise DiskFull(
                f"no room left in {folder}: {error}. The last complete checkpoint is intact; free some room and resume."
            ) from error
        raise
