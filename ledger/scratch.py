"""Folders for work in progress: a process that is killed leaves one, and the next clears it.

Whoever makes one holds a lock on it for as long as they live, however they die. The names begin with `.attune-`, so
that nothing else is taken for one: homes and benchmarks have folders in /tmp that are called `attune-…`.
"""

import fcntl
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_PREFIX = ".attune-"
_OLDER_SOCKETS = "attune-????????"
"""What engines' sockets lay in before they had the prefix."""


@dataclass(slots=True)
class ScratchFolder:
    """A folder that is this process's until it is removed, or the process ends."""

    path: Path
    _descriptor: int

    @classmethod
    def make(cls, parent: Path, purpose: str) -> "ScratchFolder":
        """Makes a folder below `parent` that only this user can enter.

        Raises:
            OSError: It cannot be made.
        """
        while True:
            path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-", dir=parent))
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():  # else somebody has cleared it away before it was locked
                return cls(path, descriptor)
            os.close(descriptor)

    def remove(self) -> None:
        """Removes it with all that it holds; a second time does nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def scratch_folder(parent: Path, purpose: str) -> Iterator[Path]:
    """Makes a folder below `parent` that only this user can enter, and removes it when the block ends."""
    folder = ScratchFolder.make(parent, purpose)
    try:
        yield folder.path
    finally:
        folder.remove()


def remove_abandoned(parent: Path) -> list[Path]:
    """Removes this user's folders below `parent` whose process is gone; returns them."""
    removed = []
    for folder in parent.glob(f"{_PREFIX}*-*"):
        if not _is_ours(folder):
            continue
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
                removed.append(folder)
            except BlockingIOError:
                continue
            finally:
                os.close(descriptor)
    return removed


def remove_abandoned_sockets(parent: Path) -> list[Path]:
    """Removes this user's folders that hold one engine's socket, at which nobody listens, and nothing else.

    Engines of the version before left them, without a lock.
    """
    removed = []
    for folder in parent.glob(_OLDER_SOCKETS):
        with suppress(OSError):
            if _is_ours(folder) and [path.name for path in folder.iterdir()] == ["engine.sock"]:
                if _listens(folder / "engine.sock"):
                    continue
                shutil.rmtree(folder)
                removed.append(folder)
    return removed


def _is_ours(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _listens(path: Path) -> bool:
    """Whether a process answers at a unix socket; also where that cannot be told."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True
