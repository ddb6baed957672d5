"""What the system says of a path that cannot be used: a mistake in the path or a right, or a disk that is full."""

import errno
import os
from pathlib import Path

from ledger.errors import LedgerError, Misconfigured, Unavailable

_MISTAKES = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)


def is_mistake(error: OSError) -> bool:
    """Whether the path or its rights are wrong, so that no later try can help."""
    return error.errno in _MISTAKES


def reason_of(error: Exception) -> str:
    """Return why a file could not be read, without the number and the path that an OSError's own text repeats."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def describe(error: OSError) -> str:
    """Return the error as a sentence, with the path."""
    why = reason_of(error).rstrip(".")
    if error.filename is None:
        return f"{why}. Make room on the disk." if error.errno in (errno.ENOSPC, errno.EDQUOT) else f"{why}."
    return f"{os.fsdecode(error.filename)} cannot be used: {why}.{_advice(error)}"


def converted(error: OSError, what: str, path: Path, advice: str) -> LedgerError:
    """Return the error to raise: `Misconfigured` for a mistake in a path or a right, else `Unavailable`.

    Args:
        error: As the system raised it.
        what: The thing at the path, such as `home folder`.
        path: Of the thing.
        advice: A sentence: what to set or check.
    """
    kind = Misconfigured if is_mistake(error) else Unavailable
    why = "it is a file" if error.errno == errno.EEXIST else reason_of(error)
    return kind(f"The {what} {path} cannot be used: {why}. {advice}{_advice(error)}")


def _advice(error: OSError) -> str:
    """Who has to do what about a right that is missing."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return ""
    return f" This process runs as user {os.geteuid()}: run it as the owner, or give the path to that user."
