"""How far this machine stands still for want of memory or of its disk, as Linux's pressure files say (psi(5)).

`full` counts the time in which every task that had work waited: of the machine, and of the control group that this
process is in, which in a container may be short of memory by itself. Totals are read rather than the averages, which
fall too slowly once it is over.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_RESOURCES = ("memory", "io")
# The kernel adds up every 2 s, so that a shorter stretch may hold nothing.
_STRETCH_S = 4.0


def pressure_files(
    machine: Path = Path("/proc/pressure"),
    own_group: Path = Path("/proc/self/cgroup"),
    hierarchies: Sequence[Path] = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")),
) -> list[Path]:
    """The pressure files of the machine and of this process's control group (cgroups(7), version 2).

    On some kernels, and in some containers, there are none.
    """
    found = [machine / name for name in _RESOURCES]
    try:
        lines = own_group.read_text().splitlines()
    except OSError:
        lines = []
    for group in (line.removeprefix("0::/") for line in lines if line.startswith("0::/")):
        found += [root / group / f"{name}.pressure" for root in hierarchies for name in _RESOURCES]
    return [path for path in found if path.is_file()]


@dataclass(slots=True)
class PressureGauge:
    """Reads pressure files again and again.

    Attributes:
        files: Which.
        clock: Seconds of a monotonic clock.
    """

    files: Sequence[Path] = field(default_factory=pressure_files)
    clock: Callable[[], float] = time.monotonic
    _read: deque[tuple[float, list[float]]] = field(default_factory=deque)

    def share(self) -> float:
        """Which share of the last 4 s (or since the last call but one, if that is longer) stood still, 0 to 1.

        That of the file that says most; 0 at the first call.
        """
        now, totals = self.clock(), [_total_s(path) for path in self.files]
        while len(self._read) > 1 and self._read[1][0] <= now - _STRETCH_S:
            self._read.popleft()
        self._read.append((now, totals))
        since, before = self._read[0]
        if now <= since or not totals:
            return 0.0
        return min(1.0, max(new - old for new, old in zip(totals, before, strict=True)) / (now - since))


def _total_s(path: Path) -> float:
    """The seconds in `full` of a pressure file; 0 if it cannot be read."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0.0
    full = next((line for line in lines if line.startswith("full ")), "")
    microseconds = full.partition("total=")[2]
    return int(microseconds) / 1e6 if microseconds.isdigit() else 0.0
