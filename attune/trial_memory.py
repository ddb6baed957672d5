"""Whether the engines of a comparison fit into memory, asked before they start, and before hours of training."""

from pathlib import Path

from alignment.memory.limit import GIB, EngineMemory, available_bytes
from ledger.model_files import weight_files
from ledger.settings import load
from server.controller import platform
from server.controller.errors import NoRoom
from server.controller.settings import EngineSettings


def require_room_for_gate(base_model: Path, available: int | None = None) -> None:
    """Checks that a candidate and its parent can be served side by side, as the gate does it.

    Args:
        base_model: Folder of the model that both grew from.
        available: Bytes; by default what the kernel and the control group say.

    Raises:
        NoRoom: They do not fit; the message has the figures.
    """
    settings: EngineSettings = load(EngineSettings)
    if platform.loads_adapters(settings, platform.detect()):
        require_room(base_model, 1, settings, available)
    else:
        require_room(base_model, 2, settings, available)


def require_room(model: Path, engines: int, settings: EngineSettings, available: int | None = None) -> None:
    """Checks that engines of a model fit into the free memory of a CPU machine, all at once.

    Raises:
        NoRoom: They do not fit; the message has the figures.
    """
    if platform.detect() != "cpu":
        return
    weights = sum(path.stat().st_size for path in weight_files(model))
    each = EngineMemory(0, weights, settings.kv_cache_gib * GIB).planned_bytes
    free = available_bytes() if available is None else available
    if engines * each > free:
        raise NoRoom(
            f"The comparison needs {engines} engines of {each / GIB:.1f} GiB each (weights {weights / GIB:.1f}, "
            f"key-value cache {settings.kv_cache_gib}), and {free / GIB:.1f} GiB are free. Stop something, lower "
            "ATTUNE_KV_CACHE_GIB, or align with --no-gate and run `attune eval compare` where there is room."
        )
