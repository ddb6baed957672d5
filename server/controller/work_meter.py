"""How much the processes of an engine compute, or wait for a core to compute on.

An engine that compiles the grammar of somebody's JSON schema makes no token, and may not even answer, but it computes.
One that is stopped, or waits for a lock or a message that never comes, does neither. What the kernel says of each
thread is read: its time on a core, and its time in the queue for one (`schedstat`, in the kernel's sched-stats.rst).
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class WorkMeter:
    """Adds up the work of an engine between two looks.

    Attributes:
        pids: Asked for the engine's processes.
    """

    pids: Callable[[], Iterable[int]]
    _seen: dict[str, float] | None = field(default=None)

    def forget(self) -> None:
        """Begins anew: the next call of `work_s` is the first."""
        self._seen = None

    def work_s(self) -> float:
        """Seconds that its threads have computed, or queued for a core, since the last call, added up.

        0 at the first call, and where the kernel does not say it.
        """
        found = dict(entry for pid in self.pids() for entry in _threads(pid))
        before, self._seen = self._seen, found
        if before is None:
            return 0.0
        return sum(max(0.0, value - before.get(thread, 0.0)) for thread, value in found.items())


def _threads(pid: int) -> Iterable[tuple[str, float]]:
    """The threads of a process, and for each the seconds on a core and in the queue since it began."""
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
        yield thread, (int(computed) + int(queued)) / 1e9
