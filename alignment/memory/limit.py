"""How much memory a run may take: what its setting says, or what leaves this machine's engines their share."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GIB = 2**30

_ENGINE_PROCESS_BYTES = 3 * GIB // 2
"""Of a vLLM engine beside weights and key-value cache: Python, torch and compiled code."""
_SYSTEM_BYTES = GIB
"""Left to all else: gateway, chat, the ledger and the file cache."""
_CGROUPS = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))


@dataclass(frozen=True, slots=True)
class EngineMemory:
    """What one engine of this machine may come to hold.

    Attributes:
        pid: Of its first process.
        weights_bytes: Of its version's base model.
        cache_bytes: Of its key-value cache, which fills as it is used.
    """

    pid: int
    weights_bytes: int
    cache_bytes: int

    @property
    def planned_bytes(self) -> int:
        """All that it may come to hold."""
        return _ENGINE_PROCESS_BYTES + self.weights_bytes + self.cache_bytes


@dataclass(frozen=True, slots=True)
class Limit:
    """Bytes of a run on one process, and why.

    Attributes:
        available: What could be had now without taking from anybody.
        reserved: What of it is left to others.
        reason: For people.
    """

    bytes: int
    available: int
    reserved: int
    reason: str


def find_limit(engines: Sequence[EngineMemory], limit_gib: float | None, processes: int = 1) -> Limit:
    """Returns the limit of each of a run's processes on this machine.

    Args:
        engines: Those of this machine.
        limit_gib: Of all processes together, as the setting says; None for the default.
        processes: Of the run, on this machine.
    """
    own = resident_bytes(os.getpid())
    available = available_bytes() + own
    if limit_gib is not None:
        whole = min(int(limit_gib * GIB), available)
        reason = f"memory_limit_gib = {limit_gib:g}" if whole < available else "all that is available"
        return Limit(whole // processes, available, 0, reason)
    # An engine may still fill its cache; and one more may have to start, for a canary or in the place of another.
    growing = sum(max(0, engine.planned_bytes - resident_bytes(engine.pid)) for engine in engines)
    starting = max((engine.planned_bytes for engine in engines), default=0)
    reserved = _SYSTEM_BYTES + growing + starting
    reason = f"available less {reserved / GIB:.1f} GiB for {len(engines)} engines and the system"
    return Limit(max(0, available - reserved) // processes, available, reserved, reason)


def available_bytes(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that can be had without swapping: `MemAvailable` of proc(5), or less where a control group allows less."""
    free = 0
    for line in (proc / "meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    for most, used in _CGROUPS:
        try:
            allowed = (cgroup / most).read_text().strip()
            if allowed != "max":
                free = min(free, max(0, int(allowed) - int((cgroup / used).read_text())))
        except (OSError, ValueError):
            continue
    return free


def resident_bytes(pid: int, proc: Path = Path("/proc")) -> int:
    """Resident memory of a process and all its descendants' that can be seen; 0 where it cannot."""
    total, waiting = 0, [pid]
    while waiting:
        place = proc / str(waiting.pop())
        try:
            total += int((place / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for task in (place / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, ValueError, IndexError):
            continue
    return total
