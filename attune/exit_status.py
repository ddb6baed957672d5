"""The exit statuses of every command, and which of them an error stands for.

64 is `EX_USAGE` of sysexits.h. The systemd unit does not start Attune again after it, because no later try can help.
"""

import errno
import os

DONE = 0
FAILED = 1
REFUSED_BY_GATE = 2
WRONG_USAGE = os.EX_USAGE
INTERRUPTED = 130


def of(error: Exception) -> int | None:
    """Return the exit status of an error that is reported as a sentence; None for one that is a defect of ours.

    A mistake in an argument, a setting, a path or a right is `WRONG_USAGE`: also the name of something that is not
    there, and a file that is not what the command takes. A full disk or a database that is away is `FAILED`, because it
    can be over at the next try, and so is what the state of a thing forbids.
    """
    from alignment.errors import AlignmentError, UnusableFile, WrongConfig
    from attune.errors import AttuneError, WrongUsage
    from evals.errors import EvalsError, UnusableTask, UnusableThresholds, WrongAddress
    from ledger.errors import LedgerError, Misconfigured, NotFound, RefusedByGate
    from ledger.tombstone_list import UnreadableList
    from ledger.unusable_paths import is_mistake
    from server.controller.errors import ControllerError, ModelUnusable

    if isinstance(error, RefusedByGate):
        return REFUSED_BY_GATE
    mistakes = WrongUsage | Misconfigured | NotFound | UnreadableList | ModelUnusable
    files_and_names = WrongConfig | UnusableFile | UnusableTask | UnusableThresholds | WrongAddress
    if isinstance(error, mistakes | files_and_names):
        return WRONG_USAGE
    if isinstance(error, AttuneError | AlignmentError | EvalsError | LedgerError | ControllerError):
        return FAILED
    if isinstance(error, OSError) and error.filename is not None and error.errno is not None:
        return WRONG_USAGE if is_mistake(error) else FAILED
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FAILED
    return None


def sentence(error: Exception) -> str:
    """Return an error as a sentence for people."""
    from ledger.unusable_paths import describe

    return describe(error) if isinstance(error, OSError) else str(error)
