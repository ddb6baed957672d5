"""How far this machine stands still for want of memory or of its disk, as Linux's pressure files say (psi(5)).

`full` counts the time in which every task that had work waited. Its totals are read rather than the averages, which
fall too slowly once it is over.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_RESOURCES = ("memory", "io")
# The kernel adds up every 2 s, so that a shorter stretch may hold nothing.
_STRETCH_S = 4.0


@dataclass(slots=True)
class PressureGauge:
    """Reads the pressure files again and again.

    Attributes:
        folder: Where they lie. Where they are missing, as on some kernels and in some containers, nothing is seen.
        clock: Seconds of a monotonic clock.
    """

    folder: Path = Path("/proc/pressure")
    clock: Callable[[], float] = time.monotonic
    _read: deque[tuple[float, dict[str, float]]] = field(default_factory=deque)

    def share(self) -> float:
        """Which share of the last seconds (4 s or since the last call but one) stood still, 0 to 1.

        That of memory or of the disk, whichever is larger; 0 at the first call.
        """
        now, totals = self.clock(), {name: self._total_s(name) for name in _RESOURCES}
        while len(self._read) > 1 and self._read[1][0] <= now - _STRETCH_S:
            self._read.popleft()
        self._read.append((now, totals))
        since, before = self._read[0]
        if now <= since:
            return 0.0
        return min(1.0, max(totals[name] - before[name] for name in _RESOURCES) / (now - since))

    def _total_s(self, resource: str) -> float:
        try:
            lines = (self.folder / resource).read_text().splitlines()
        except OSError:
            return 0.0
        full = next((line for line in lines if line.startswith("full ")), "")
        microseconds = full.partition("total=")[2]
        return int(microseconds) / 1e6 if microseconds.isdigit() else 0.0
