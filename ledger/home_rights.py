"""ATTUNE_HOME holds what people wrote and the keys to it, so no other user of the machine may enter it."""

import logging
import os
import stat
from pathlib import Path

from ledger.unusable_paths import converted

logger = logging.getLogger(__name__)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SECRETS = ("admin.key", "ui.key", "ui.secret", "ledger.db", "ledger.db-wal", "ledger.db-shm", "tombstones.jsonl")
_FOLDERS = ("logs", "runs", "evals", "backups")


def make_home(home: Path) -> None:
    """Make the home folder and its folder of logs where they are missing, and close them to other users.

    Raises:
        Misconfigured: The path is a file, or may not be written by this user.
        Unavailable: The disk is full.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise converted(error, "home folder", home, "Set ATTUNE_HOME to a folder that Attune may write.") from error
    close_and_say(home)


def make_private(folder: Path) -> None:
    """Make a folder, and the folders above it that are missing, for this user only.

    The mode of `Path.mkdir` is the last folder's only: it makes its parents as the umask has it.
    """
    for place in (*reversed(folder.parents), folder):
        if not place.exists():
            place.mkdir(mode=0o700, exist_ok=True)


def close_to_others(home: Path) -> list[str]:
    """Takes the rights of group and others from the home folder and from what is secret in it.

    A folder that many use (with the sticky bit, such as /tmp) is left as it is: closing it would break the machine.

    Returns:
        A sentence for each thing that was closed or could not be.
    """
    if not home.is_dir():
        return []
    if home.stat().st_mode & stat.S_ISVTX or home == Path(home.anchor):
        return [f"{home} is shared by everybody on this machine: set ATTUNE_HOME to a folder of its own."]
    paths = [home, *(home / name for name in _FOLDERS), *(home / name for name in _SECRETS)]
    said = [_close(path) for path in (*paths, *sorted((home / "logs").glob("*.log")))]
    return [sentence for sentence in said if sentence]


def close_and_say(home: Path) -> None:
    """Closes the home folder, with a line in the log for what was open."""
    for sentence in close_to_others(home):
        logger.warning("%s", sentence)


def _close(path: Path) -> str | None:
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode) or not status.st_mode & _OTHERS:
            return None
        mode = stat.S_IMODE(status.st_mode)
        os.chmod(path, mode & ~_OTHERS)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{path} is open to other users and cannot be closed: {error.strerror}. Give it to the user of Attune."
    return f"{path} was open to other users (mode {mode:04o}); it is closed now."
