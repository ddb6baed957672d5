"""Writing so that a crash leaves the old content or the new, never a part; and saying plainly that a disk is full."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alignment.errors import AlignmentError, DiskFull

_ROOM_BYTES = 1 << 20


def write_durably(path: Path, content: bytes) -> None:
    """Writes a file. It is on disk, under its name, when this returns.

    Raises:
        OSError: It could not be written; what was there before is untouched.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Asks the system to have a file or a folder on disk before this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def room_on_disk(folder: Path) -> Iterator[None]:
    """Turns the many ways in which libraries fail on a full disk into one error.

    torch and safetensors raise errors of their own instead of `OSError`, so any failure with no room left counts.

    Raises:
        DiskFull: Whatever failed, failed for want of room.
    """
    try:
        yield
    except AlignmentError:
        raise
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        free = shutil.disk_usage(folder).free
        if full or "No space left" in str(error) or free < _ROOM_BYTES:
            raise DiskFull(
                f"There is no room left in {folder} ({free / 2**20:.0f} MiB free): {error}. What was finished before "
                "is intact; free some room and resume the run."
            ) from error
        raise
