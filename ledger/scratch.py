"""Folders for work in progress that hold people's rows: a process that is killed leaves one, and the next clears it."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = ".attune-"


@contextmanager
def scratch_folder(parent: Path, purpose: str) -> Iterator[Path]:
    """Makes a folder below `parent` that only this user can enter, and removes it when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-", dir=parent))
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # held as long as this process lives
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def remove_abandoned(parent: Path) -> None:
    """Removes the folders below `parent` whose process is gone."""
    for folder in parent.glob(f"{_PREFIX}*-*"):
        if not folder.is_dir() or folder.is_symlink():
            continue
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
