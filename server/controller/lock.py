"""One controller per ATTUNE_HOME: a file lock that the kernel releases when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.controller.errors import AlreadyRunning


@contextmanager
def only_controller(home: Path) -> Iterator[None]:
    """Holds the lock of `home` while the block runs.

    Raises:
        AlreadyRunning: Another controller holds it; the message names its process.
    """
    path = home / "controller.lock"
    with path.open("a+") as file:
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
