"""How much energy a piece of work took: read from the hardware's counters where they are, estimated where not.

- CPU: Intel's and AMD's RAPL counters of the packages (`/sys/class/powercap`, microjoules). They count the whole
  machine, so what others ran at the same time is in the figure. Where they cannot be read (they need root since
  CVE-2020-8694, and most virtual machines have none): CPU seconds of this process and its children times a stated power
  per core.
- GPU: NVML's counter of total energy (millijoules) of every GPU that can be seen; the same caveat.

What is neither measured nor estimated: memory, disks, power supply, cooling.
"""

import ctypes
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

POWERCAP = Path("/sys/class/powercap")
_NVML_LIBRARY = "libnvidia-ml.so.1"


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy in joules, and how it was found.

    Attributes:
        cpu_method: `measured (RAPL)`, or `estimated (…)` with the figures of the estimate.
        gpu_method: `measured (NVML)`, or `none: no GPU`.
        cpu_s: CPU seconds of this process and its ended children.
    """

    cpu_joules: float
    cpu_method: str
    gpu_joules: float
    gpu_method: str
    cpu_s: float

    @property
    def joules(self) -> float:
        """CPU and GPU together."""
        return self.cpu_joules + self.gpu_joules


class EnergyMeter:
    """Measures from entering to leaving the block; `energy` holds the result afterwards.

    Args:
        watts_per_core: Power of a busy core, for the estimate.
        powercap: Folder of the RAPL counters.
    """

    energy: Energy

    def __init__(self, watts_per_core: float, powercap: Path = POWERCAP) -> None:
        self._watts_per_core = watts_per_core
        self._powercap = powercap

    def __enter__(self) -> Self:
        self._rapl, self._gpus, self._cpu_s = read_rapl(self._powercap), read_nvml(), cpu_seconds()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cpu_s = cpu_seconds() - self._cpu_s
        rapl, gpus = read_rapl(self._powercap), read_nvml()
        if self._rapl and rapl.keys() == self._rapl.keys():
            cpu = sum(_difference(self._rapl[zone], rapl[zone]) for zone in rapl) / 1e6
            cpu_method = f"measured (RAPL, {len(rapl)} packages, the whole machine)"
        else:
            cpu = cpu_s * self._watts_per_core
            cpu_method = f"estimated ({cpu_s:.1f} CPU seconds at {self._watts_per_core:g} W per core)"
        seen = bool(gpus) and len(gpus) == len(self._gpus)
        gpu = sum(after - before for before, after in zip(self._gpus, gpus, strict=True)) / 1e3 if seen else 0.0
        gpu_method = f"measured (NVML, {len(gpus)} GPUs)" if seen else "none: no GPU whose energy counter can be read"
        self.energy = Energy(cpu, cpu_method, gpu, gpu_method, cpu_s)


@dataclass(frozen=True, slots=True)
class Counter:
    """A RAPL counter: microjoules, which start again at 0 above `limit`."""

    microjoules: int
    limit: int


def read_rapl(powercap: Path) -> Mapping[str, Counter]:
    """The counters of the CPU packages by name; empty where they cannot be read.

    Only the packages (`intel-rapl:0`): their parts, such as `intel-rapl:0:0`, are in their figure already.
    """
    found = {}
    for zone in sorted(powercap.glob("intel-rapl:*")):
        if zone.name.count(":") != 1:
            continue
        try:
            energy, limit = (int((zone / name).read_text()) for name in ("energy_uj", "max_energy_range_uj"))
        except (OSError, ValueError):
            return {}
        found[zone.name] = Counter(energy, limit)
    return found


def _difference(before: Counter, after: Counter) -> int:
    """Microjoules between two readings of a counter, which may have started again once."""
    passed = after.microjoules - before.microjoules
    return passed if passed >= 0 else passed + after.limit + 1


def read_nvml() -> Sequence[int]:
    """Millijoules since the driver was loaded, of each GPU; empty without GPUs or with ones older than Volta.

    NVML is called by ctypes: three functions do not earn a dependency.
    """
    try:
        nvml = ctypes.CDLL(_NVML_LIBRARY)
    except OSError:
        return []
    if nvml.nvmlInit_v2():
        return []
    try:
        count = ctypes.c_uint()
        if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return []
        found = []
        for index in range(count.value):
            device, energy = ctypes.c_void_p(), ctypes.c_ulonglong()
            if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device)):
                return []
            if nvml.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(energy)):
                return []
            found.append(energy.value)
        return found
    finally:
        nvml.nvmlShutdown()


def cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
