"""The controller's loop: keep one engine running, and say in the ledger what is."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ledger import versions
from ledger.database import Database
from ledger.ids import new_id
from ledger.model_files import fingerprint
from ledger.records import Engine, ModelVersion
from server.controller.backoff import Backoff
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.command import command, environment, niceness
from server.controller.control_tokens import control_tokens
from server.controller.download import locate
from server.controller.engine_process import EngineProcess, Workplace, sweep
from server.controller.errors import EngineFailed
from server.controller.memory import require_memory
from server.controller.model import Model, inspect
from server.controller.observed import ObservedState
from server.controller.platform import Platform, detect
from server.controller.settings import EngineSettings
from server.controller.startup import FIRST_STAGE
from server.controller.watch import until_it_fails, until_ready

log = logging.getLogger(__name__)

CommandOf = Callable[..., list[str]]


@dataclass(slots=True)
class Controller:
    """Keeps one engine running on this machine until `stop` is set.

    Attributes:
        settings: Which engine, and how it is watched.
        home: ATTUNE_HOME.
        database: The ledger.
        stop: Set it to drain the engine and return.
        command_of: Makes the engine's command line; tests start something smaller than vLLM.
    """

    settings: EngineSettings
    home: Path
    database: Database
    stop: asyncio.Event
    command_of: CommandOf = command
    _backoff: Backoff = field(default_factory=Backoff)
    _ready_at: float = 0

    async def run(self) -> None:
        """Checks the model, registers it, and keeps an engine running with it.

        Raises:
            ModelUnusable: No engine can ever start with this model.
            EngineFailed: vLLM is not installed.
        """
        observed = ObservedState(self.database)
        if orphans := await asyncio.to_thread(sweep, self.home):
            log.warning("killed %d processes that an earlier controller left behind", orphans)
        await observed.clear()
        platform = detect()
        model = inspect(await asyncio.to_thread(locate, self.settings.model, log.info))
        version = await asyncio.to_thread(self._register, model)
        while not self.stop.is_set():
            self._ready_at = math.inf
            reason = await self._run_engine(platform, model, version, observed)
            if reason is None:
                break
            wait_s = self._backoff.failed(max(0, time.monotonic() - self._ready_at))
            await observed.report("failed", f"{reason} Starting again in {wait_s:.0f} s.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), wait_s)
        await observed.clear()

    def _register(self, model: Model) -> ModelVersion:
        digest = fingerprint(model.path, self.home / "cache" / "sha256")
        with self.database.write() as connection:
            return versions.register_base(connection, path=str(model.path), sha256=digest)

    async def _run_engine(
        self, platform: Platform, model: Model, version: ModelVersion, observed: ObservedState
    ) -> str | None:
        """Runs one engine until it fails, and returns why; None when it was stopped because `stop` was set."""
        workplace = Workplace.create(self.home, new_id("eng"))
        tokens = control_tokens(model.path)
        row = Engine(workplace.folder.name, workplace.url, version.number, "starting", FIRST_STAGE, tokens)
        await observed.replace(row)
        try:
            if platform == "cpu":
                require_memory(model, self.settings)
        except EngineFailed as error:
            workplace.remove()
            return str(error)
        arguments = self.command_of(
            self.settings, platform, model=model.path, name=version.name, socket=workplace.socket
        )
        engine = await EngineProcess.start(
            workplace, arguments, environment(self.settings, platform), niceness(self.settings, platform)
        )
        try:
            return await self._watch(engine, row, observed)
        finally:
            await engine.kill()

    async def _watch(self, engine: EngineProcess, row: Engine, observed: ObservedState) -> str | None:
        stopping = asyncio.ensure_future(self.stop.wait())
        async with EngineClient(row.url) as client:
            life = asyncio.ensure_future(self._life(engine, client, row, observed))
            await asyncio.wait({stopping, life}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if life.done():
                return life.result()
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life
            await self._drain(engine, client, observed)
        return None

    async def _life(self, engine: EngineProcess, client: EngineClient, row: Engine, observed: ObservedState) -> str:
        """From start to failure; returns why it failed."""
        started = time.monotonic()
        name = row.upstream_model
        await observed.replace(replace(row, pid=engine.pid))
        try:
            await until_ready(engine, client, self.settings, name, lambda text: observed.report("starting", text))
        except EngineFailed as error:
            return str(error)
        self._ready_at = time.monotonic()
        await observed.report("ready", f"serves {name}, started in {time.monotonic() - started:.0f} s")
        reason = await until_it_fails(engine, client, self.settings, name, observed.heartbeat)
        return f"The engine broke down: {reason}. Log: {engine.workplace.log}"

    async def _drain(self, engine: EngineProcess, client: EngineClient, observed: ObservedState) -> None:
        """Lets running answers finish, for `stop_timeout_s` at most, and stops the engine."""
        await observed.report("draining", "stopping; running answers may finish")
        deadline = time.monotonic() + self.settings.stop_timeout_s
        with suppress(*UNREACHABLE):
            while time.monotonic() < deadline and await client.requests(timeout_s=1) > 0:
                await asyncio.sleep(0.2)
        await engine.stop(max(1.0, deadline - time.monotonic()))
