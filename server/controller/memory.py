"""Whether the machine has room for a model, asked before an engine spends a minute to find out."""

from pathlib import Path

from server.controller.errors import NoRoom
from server.controller.model import Model
from server.controller.settings import EngineSettings

_GIB = 2**30


def require_memory(model: Model, settings: EngineSettings, available: int | None = None) -> None:
    """Checks that weights and key-value cache fit into the free memory of a CPU machine.

    Args:
        model: What is to be loaded.
        settings: Its key-value cache.
        available: Free memory in bytes; by default what the kernel says.

    Raises:
        NoRoom: They do not fit.
    """
    free = available_memory() if available is None else available
    needed = model.weights_bytes + settings.kv_cache_gib * _GIB
    if needed > free:
        raise NoRoom(
            f"There is not enough memory for {model.path}: its weights take {model.weights_bytes / _GIB:.1f} GiB and "
            f"the key-value cache {settings.kv_cache_gib} GiB, but {free / _GIB:.1f} GiB are free. Stop something, "
            "lower ATTUNE_KV_CACHE_GIB, or take a smaller model."
        )


class RecentOomKills:
    """Whether the kernel has lately killed a process for want of memory (`oom_kill` in /proc/vmstat)."""

    def __init__(self, vmstat: Path = Path("/proc/vmstat")) -> None:
        self._vmstat = vmstat
        self._older = self._newer = self._count()

    def look(self) -> None:
        """Moves on: what was counted before the last look is not recent any more. To be called every few seconds."""
        self._older, self._newer = self._newer, self._count()

    @property
    def any(self) -> bool:
        """Whether there was one since the look before the last."""
        return self._count() > self._older

    def _count(self) -> int:
        try:
            lines = self._vmstat.read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def available_memory() -> int:
    """Bytes that can be used without swapping (`MemAvailable` in proc(5))."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
