"""Keeps an engine of its own running with a version: starts it, attests it, watches it, drains it."""

import asyncio
import math
import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from ledger.ids import new_id
from ledger.records import Engine, ModelVersion
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.command import engine_dtype, environment, niceness
from server.controller.control_tokens import control_tokens
from server.controller.engine_process import EngineProcess, Workplace
from server.controller.errors import EngineFailed, ModelUnusable
from server.controller.keeper import EngineGround, Keeper
from server.controller.memory import require_memory
from server.controller.model import inspect
from server.controller.observed import ObservedEngine
from server.controller.probe import attest, tolerance, versions_besides
from server.controller.startup import FIRST_STAGE
from server.controller.watch import until_it_fails, until_ready
from server.controller.weights import weights_folder


@dataclass(slots=True)
class EngineKeeper(Keeper):
    """One engine, one version. Where adapters are loaded by running engines, this one can carry some beside it.

    Attributes:
        mistaken: How often this engine served something else under an adapter's name, by the adapter's version.
        beside_another: Whether another engine was there when this one was wanted.
    """

    ground: EngineGround
    mistaken: dict[int, int] = field(default_factory=dict)
    beside_another: bool = False

    async def _serve(self) -> None:
        """Runs one engine until it is released."""
        ground, version = self.ground, self.version
        self.mistaken.clear()
        workplace = Workplace.create(ground.home, new_id("eng"), ground.log_limits)
        row = Engine(workplace.folder.name, workplace.url, version.number, "starting", "preparing the weights")
        self.observed = ObservedEngine(ground.database, row, ground.settings.start_timeout_s)
        preparing = asyncio.ensure_future(self._prepare())
        try:
            await self.observed.heartbeat()
            if not await self._unless_released(preparing):
                workplace.remove()
                return
        except EngineFailed:
            workplace.remove()
            raise
        folder, tokens = preparing.result()
        self.observed.row = replace(self.observed.row, control_tokens=tokens)
        await self._report("starting", FIRST_STAGE)
        engine = await EngineProcess.start(
            workplace,
            ground.command_of(
                ground.settings,
                ground.platform,
                model=folder,
                name=version.name,
                socket=workplace.socket,
                adapters=self._carries,
            ),
            environment(ground.settings, ground.platform, adapters=self._carries, beside_another=self.beside_another),
            niceness(ground.settings, ground.platform),
        )
        why = "it is not wanted any more"
        try:
            await self._live(engine)
        except EngineFailed as error:
            why = str(error)
            await self._say_failed(error)
            if version.form == "adapter" and self.ready_at == math.inf:
                await asyncio.to_thread(shutil.rmtree, folder, True)  # else a damaged merge would fail for ever
            raise
        finally:
            await engine.kill(why)

    async def _prepare(self) -> tuple[Path, tuple[str, ...]]:
        """Gives the folder of the weights, made if need be, and their control tokens.

        Raises:
            EngineFailed: It cannot be served, or there is no room for it.
        """
        settings = self.ground.settings
        try:
            async with asyncio.timeout(settings.start_timeout_s):
                folder = await weights_folder(
                    self.ground.home, self.version, self.base, self.dtype, self.ground.log_limits
                )
                return folder, await asyncio.to_thread(self._checked, folder)
        except ModelUnusable as error:
            raise EngineFailed(str(error)) from error
        except TimeoutError as error:
            raise EngineFailed(
                f"The weights were not prepared within {settings.start_timeout_s:.0f} s. Raise ATTUNE_START_TIMEOUT_S "
                "if that only needs longer."
            ) from error

    @property
    def dtype(self) -> str:
        """What the engine computes in."""
        return engine_dtype(self.ground.settings, self.ground.platform)

    def client(self) -> EngineClient:
        """A client of the engine, which must have been started once."""
        assert self.observed is not None
        return EngineClient(self.observed.row.url)

    def folder_of(self, adapter: ModelVersion) -> Path:
        """Where the engine finds an adapter: it runs on this machine."""
        return Path(adapter.path)

    @property
    def _answering_versions(self) -> tuple[int, ...] | None:
        return None if self._carries else (self.version.number,)

    @property
    def _carries(self) -> bool:
        return self.ground.on_running_engines and self.version.form != "adapter"

    def _checked(self, folder: Path) -> tuple[str, ...]:
        """The control tokens of a model that can be served, and that the machine has room for."""
        model = inspect(folder)
        if self.ground.platform == "cpu":
            require_memory(model, self.ground.settings)
        return control_tokens(model.path)

    async def _live(self, engine: EngineProcess) -> None:
        """From the start to the end of an engine; returns when it was released and has drained."""
        assert self.observed is not None
        await self.observed.started(engine.pid)
        async with self.client() as client:
            started = time.monotonic()
            if not await self._unless_released(self._open(engine, client)):
                return
            message = f"serves {self.version.name}, started in {time.monotonic() - started:.0f} s"
            watching = asyncio.ensure_future(until_it_fails(engine, client, self.ground.settings, self.version.name))
            try:
                while True:
                    await self._opened(message)
                    await self._unless_released(asyncio.shield(watching))  # which raises why it failed
                    if await self._drained(lambda: _idle(client), watching.done):
                        break
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await engine.stop(self.ground.settings.stop_timeout_s / 2)

    async def _open(self, engine: EngineProcess, client: EngineClient) -> None:
        """Waits until the engine answers, and compares what it serves with the registry. Only then may it be asked."""
        name = self.version.name
        await until_ready(engine, client, self.ground.settings, name, lambda text: self._report("starting", text))
        await self._report("starting", "comparing it with the registry")
        others = await asyncio.to_thread(versions_besides, self.ground.database, self.version)
        await attest(client, self.version, others, tolerance(self.dtype), name)


async def _idle(client: EngineClient) -> bool:
    """Whether an engine says that no request is with it."""
    try:
        return await client.requests(timeout_s=1) == 0
    except UNREACHABLE:
        return False
