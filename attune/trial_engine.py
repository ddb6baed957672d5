"""Engines for a comparison: they serve a base model and adapters over it, and end with the comparison.

They have a folder of their own below ATTUNE_HOME, for a controller that starts clears `run/` of what it finds there.
"""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attune.errors import WrongUsage
from attune.trial_memory import require_room
from ledger.home_rights import make_private
from ledger.ids import new_id
from ledger.records import ModelVersion
from ledger.settings import load
from server.controller import platform, startup
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.command import adapter_arguments, command, engine_dtype, environment, niceness
from server.controller.engine_process import EngineProcess, Workplace
from server.controller.errors import EngineFailed
from server.controller.settings import EngineSettings
from server.controller.weights import weights_folder

_FOLDER = "trial"
_LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # the ones that vLLM 0.32 takes for --max-lora-rank
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class _Engine:
    """One to start: the folder of its model, the names that it serves, the first of them its model's."""

    model: Path
    names: tuple[str, ...]
    arguments: Sequence[str] = ()


@asynccontextmanager
async def trial_engines(
    home: Path, base: ModelVersion, versions: Sequence[ModelVersion], say: Callable[[str], None]
) -> AsyncIterator[Mapping[str, str]]:
    """Serves versions as people would get them while the block runs; gives the address of each by its name.

    Where the controller merges adapters, as on a CPU, each version has an engine of its own; else one serves all.

    Args:
        home: ATTUNE_HOME.
        base: What the versions grew from.
        versions: The base itself, or adapters over it.
        say: Shows a person how the start comes along.

    Raises:
        WrongUsage: A version is another base or no adapter, and one engine cannot serve them all.
        EngineFailed: One did not start; the message says why.
        NoRoom: They would not fit into memory together.
    """
    settings: EngineSettings = load(EngineSettings)
    kind = platform.detect()
    folder = home / _FOLDER
    make_private(folder)
    merged = folder / new_id("weights")  # of this comparison alone: another one may be under way
    running: list[tuple[EngineProcess, tuple[str, ...]]] = []
    done_with = merged / "merged"  # the log of a merge that fails stays beside it
    try:
        if platform.loads_adapters(settings, kind):
            wanted = [_shared(base, versions, kind)]
        else:
            dtype = engine_dtype(settings, kind)
            folders = [await weights_folder(merged, version, base, dtype) for version in versions]
            wanted = [_Engine(path, (version.name,)) for path, version in zip(folders, versions, strict=True)]
        done_with = merged
        require_room(Path(base.path), len(wanted), settings)
        surroundings = environment(settings, kind, beside_another=len(wanted) > 1)
        for engine in wanted:
            place = Workplace.create(folder, new_id("eng"))
            arguments = command(settings, kind, model=engine.model, name=engine.names[0], socket=place.socket)
            process = await EngineProcess.start(
                place, [*arguments, *engine.arguments], surroundings, niceness(settings, kind)
            )
            running.append((process, engine.names))
        await _all(_ready(process, names, settings.start_timeout_s, say) for process, names in running)
        yield {name: process.workplace.url for process, names in running for name in names}
    finally:
        await asyncio.gather(*(process.stop(settings.stop_timeout_s) for process, _ in running))
        await asyncio.to_thread(shutil.rmtree, done_with, True)


async def _all(starts: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Waits for all; the first failure ends the others, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for start in starts:
                group.create_task(start)
    except* (EngineFailed, OSError) as failures:
        raise failures.exceptions[0] from None


def _shared(base: ModelVersion, versions: Sequence[ModelVersion], kind: platform.Platform) -> _Engine:
    """One engine with the base, and with the adapters over it."""
    others = (version.name for version in versions if version.number != base.number)
    return _Engine(Path(base.path), (base.name, *others), _adapters(base, versions, kind))


def _adapters(base: ModelVersion, versions: Sequence[ModelVersion], kind: platform.Platform) -> list[str]:
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
    sizes = ["--max-loras", str(len(adapters)), "--max-lora-rank", str(rank)]
    return [*adapter_arguments(Path(base.path), kind), *sizes, "--lora-modules", *modules]


async def _ready(process: EngineProcess, names: Collection[str], timeout_s: float, say: Callable[[str], None]) -> None:
    log = startup.StartupLog(process.workplace.log)
    shown, until = "", time.monotonic() + timeout_s
    async with EngineClient(process.workplace.url) as client:
        while time.monotonic() < until:
            if process.status is not None:
                await process.logged()
                raise _failure(process)
            process.protect_socket()
            if (stage := log.read()) != shown:
                shown = stage
                say(f"engine of {', '.join(names)}: {stage}")
            if process.workplace.socket.exists():
                with suppress(*UNREACHABLE):  # it opens its socket before it answers
                    if set(names) <= set(await client.models()):
                        return
            await asyncio.sleep(_LOOK_EVERY_S)
    raise _failure(process)


def _failure(process: EngineProcess) -> EngineFailed:
    log = process.workplace.log
    return EngineFailed(f"{startup.diagnose(log.read_text(errors='replace'), process.status)} Its log: {log}")
