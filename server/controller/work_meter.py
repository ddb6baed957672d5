"""How much the processes of an engine compute, or wait for a core to compute on.

An engine that compiles the grammar of somebody's JSON schema makes no token, and may not even answer, but it computes.
One that is stopped, or waits for a lock or a message that never comes, does neither. What the kernel says of each
thread is read: its time on a core, and its time in the queue for one (`schedstat`, in the kernel's sched-stats.rst).
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Work(NamedTuple):
    """What threads did between two looks, in seconds, added up: computed, and queued for a core."""

    computed_s: float
    queued_s: float


@dataclass(slots=True)
class WorkMeter:
    """Adds up the work of an engine between two looks.

    Attributes:
        pids: Asked for the engine's processes.
    """

    pids: Callable[[], Iterable[int]]
    _seen: dict[str, Work] | None = field(default=None)

    def forget(self) -> None:
        """Begins anew: the next call of `work` is the first."""
        self._seen = None

    def work(self) -> Work:
        """What its threads have done since the last call; nothing at the first call, and where the kernel is silent."""
        found = dict(entry for pid in self.pids() for entry in _threads(pid))
        before, self._seen = self._seen, found
        if before is None:
            return Work(0.0, 0.0)
        pairs = [(now, before.get(thread, Work(0.0, 0.0))) for thread, now in found.items()]
        return Work(
            sum(max(0.0, now.computed_s - then.computed_s) for now, then in pairs),
            sum(max(0.0, now.queued_s - then.queued_s) for now, then in pairs),
        )


def _threads(pid: int) -> Iterable[tuple[str, Work]]:
    """The threads of a process, and what each has done since it began."""
    folder = f"/proc/{pid}/task"
    try:
        threads = os.listdir(folder)
    except OSError:  # it is gone
        return
    for thread in threads:
        try:
            computed, queued, _ = Path(f"{folder}/{thread}/schedstat").read_text().split()
        except (OSError, ValueError):
            continue
        yield thread, Work(int(computed) / 1e9, int(queued) / 1e9)
