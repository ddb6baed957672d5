"""One controller per ATTUNE_HOME: a file lock that the kernel releases when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.controller.errors import AlreadyRunning
from server.controller.processes import title

LOCK = "controller.lock"


def holder(home: Path) -> int | None:
    """Return the process of the controller that runs in `home`; None if none does. Takes no lock."""
    try:
        pid = int((home / LOCK).read_text())
    except (OSError, ValueError):
        return None
    return pid if "controller" in title(pid) else None


def _for_this_user(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def only_controller(home: Path) -> Iterator[None]:
    """Holds the lock of `home` while the block runs.

    Raises:
        AlreadyRunning: Another controller holds it; the message names its process.
    """
    path = home / LOCK
    with open(path, "a+", opener=_for_this_user) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise AlreadyRunning(
                f"Attune already runs in {home} (process {file.read().strip() or 'unknown'}). Stop that one, or set "
                "ATTUNE_HOME to another folder."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
