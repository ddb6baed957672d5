"""An engine for a comparison: it serves a base model and adapters over it, and ends with the comparison.

It has a folder of its own below ATTUNE_HOME, because a controller that starts clears `run/` of what it finds there.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from attune.errors import WrongUsage
from attune.settings import load
from ledger.ids import new_id
from ledger.records import ModelVersion
from server.controller import platform, startup
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.command import command, environment, niceness
from server.controller.engine_process import EngineProcess, Workplace
from server.controller.errors import EngineFailed
from server.controller.settings import EngineSettings

_FOLDER = "trial"
_LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # the ones that vLLM 0.32 takes for --max-lora-rank
_LOOK_EVERY_S = 0.5


@asynccontextmanager
async def trial_engine(
    home: Path, base: ModelVersion, versions: Sequence[ModelVersion], say: Callable[[str], None]
) -> AsyncIterator[str]:
    """Serves versions under their names while the block runs; gives the engine's address.

    Args:
        home: ATTUNE_HOME.
        base: What the versions grew from.
        versions: The base itself, or adapters over it.
        say: Shows a person how the start comes along.

    Raises:
        WrongUsage: A version is another base or no adapter, so that one engine cannot serve them all.
        EngineFailed: It did not start; the message says why.
    """
    settings: EngineSettings = load(EngineSettings)
    kind = platform.detect()
    adapters = _adapters(base, versions)
    workplace = Workplace.create(_home(home), new_id("eng"))
    arguments = command(settings, kind, model=Path(base.path), name=base.name, socket=workplace.socket) + adapters
    process = await EngineProcess.start(workplace, arguments, environment(settings, kind), niceness(settings, kind))
    try:
        await _ready(process, {version.name for version in versions}, settings.start_timeout_s, say)
        yield workplace.url
    finally:
        await process.stop(settings.stop_timeout_s)


def _home(home: Path) -> Path:
    folder = home / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _adapters(base: ModelVersion, versions: Sequence[ModelVersion]) -> list[str]:
    """The arguments that make vLLM serve adapters."""
    adapters = [version for version in versions if version.number != base.number]
    if others := [version.name for version in adapters if version.form != "adapter"]:
        raise WrongUsage(
            f"{', '.join(others)} is no adapter over {base.name}, so that one engine cannot serve both. Serve the two "
            "yourself, and give their address with --url."
        )
    if not adapters:
        return []
    ranks = [json.loads((Path(version.path) / "adapter_config.json").read_bytes())["r"] for version in adapters]
    rank = next((size for size in _LORA_RANKS if size >= max(ranks)), max(ranks))
    modules = [f"{version.name}={version.path}" for version in adapters]
    # One place more than adapters. Where requests for an adapter and for the base share a batch, vLLM 0.32 marks the
    # base's with -1, which its CPU kernels take for the last place: the base would answer as the adapter in there.
    sizes = ["--max-loras", str(len(adapters) + 1), "--max-lora-rank", str(rank)]
    return ["--enable-lora", *sizes, "--lora-modules", *modules]


async def _ready(process: EngineProcess, names: set[str], timeout_s: float, say: Callable[[str], None]) -> None:
    log = startup.StartupLog(process.workplace.log)
    shown, until = "", time.monotonic() + timeout_s
    async with EngineClient(process.workplace.url) as client:
        while time.monotonic() < until:
            if process.status is not None:
                raise _failure(process)
            process.protect_socket()
            if (stage := log.read()) != shown:
                shown = stage
                say(f"engine: {stage}")
            if process.workplace.socket.exists():
                with suppress(*UNREACHABLE):  # it opens its socket before it answers
                    if names <= set(await client.models()):
                        return
            await asyncio.sleep(_LOOK_EVERY_S)
    raise _failure(process)


def _failure(process: EngineProcess) -> EngineFailed:
    log = process.workplace.log
    return EngineFailed(f"{startup.diagnose(log.read_text(errors='replace'), process.status)} Its log: {log}")
