"""Watches a stage's resident memory, and stops the stage before the machine thrashes."""

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from alignment.errors import NotEnoughMemory
from alignment.memory.allocator import trim
from alignment.memory.limit import GIB

_MARGIN = 1.05
"""A stage is stopped when it holds this much of its limit: the limit is planned for, not run into."""
_EVERY_S = 0.2
_STATM = Path("/proc/self/statm")
_OUT_OF_MEMORY = "can't allocate memory"  # torch's allocator, as a RuntimeError


@dataclass(slots=True)
class PeakMemory:
    """What a stage held.

    Attributes:
        peak_bytes: Resident, the most that was seen.
        over: Set when the limit was passed.
    """

    peak_bytes: int = 0
    over: bool = False
    done: threading.Event = field(default_factory=threading.Event)


@contextmanager
def watched(stage: str, limit_bytes: int | None, how_to_resume: str) -> Iterator[PeakMemory]:
    """Measures while the block runs, and ends it where it holds more than the limit and a margin.

    In another thread than the first a block is measured, but not ended: signals reach the first alone.

    Args:
        stage: For the message.
        limit_bytes: None to measure only.
        how_to_resume: A sentence for the message.

    Raises:
        NotEnoughMemory: The limit was passed, or the system gave no more.
    """
    peak = PeakMemory()
    stops = limit_bytes is not None and threading.current_thread() is threading.main_thread()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise NotEnoughMemory(_message(stage, peak.peak_bytes, limit_bytes or 0, how_to_resume))

    before = signal.signal(signal.SIGUSR1, stop) if stops else None
    thread = threading.Thread(target=_sample, args=(peak, limit_bytes if stops else None), daemon=True)
    thread.start()
    try:
        yield peak
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and _OUT_OF_MEMORY not in str(error):
            raise
        raise NotEnoughMemory(_message(stage, peak.peak_bytes, limit_bytes or 0, how_to_resume)) from error
    finally:
        peak.done.set()
        thread.join()
        if stops:
            signal.signal(signal.SIGUSR1, before)
        trim()


def own_resident_bytes() -> int:
    """Resident memory of this process now."""
    return int(_STATM.read_text().split()[1]) * resource.getpagesize()


def _sample(peak: PeakMemory, limit_bytes: int | None) -> None:
    while True:
        now = own_resident_bytes()
        peak.peak_bytes = max(peak.peak_bytes, now)
        if limit_bytes is not None and not peak.over and now > _MARGIN * limit_bytes:
            peak.over = True
            os.kill(os.getpid(), signal.SIGUSR1)
        if peak.done.wait(_EVERY_S):
            return


def _message(stage: str, peak_bytes: int, limit_bytes: int, how_to_resume: str) -> str:
    return (
        f"The stage {stage} was stopped at {peak_bytes / GIB:.2f} GiB of memory, with a limit of "
        f"{limit_bytes / GIB:.2f} GiB, before it could take that of others. {how_to_resume}"
    )
