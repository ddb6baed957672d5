"""A keeper: has one engine running with one version, until the version is not wanted any more."""

import asyncio
import math
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ledger.database import Database
from ledger.ids import new_id
from ledger.records import Engine, EngineState, ModelVersion
from server.controller.backoff import Backoff
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.command import command, engine_dtype, environment
from server.controller.control_tokens import control_tokens
from server.controller.engine_process import EngineProcess, Workplace
from server.controller.errors import EngineFailed, ModelUnusable, NoRoom, ProbeFailed
from server.controller.memory import require_memory
from server.controller.model import inspect
from server.controller.observed import ObservedEngine
from server.controller.platform import Platform
from server.controller.probe import attest, tolerance, versions_besides, write_into_audit
from server.controller.settings import EngineSettings
from server.controller.startup import FIRST_STAGE
from server.controller.watch import until_it_fails, until_ready
from server.controller.weights import weights_folder

CommandOf = Callable[..., list[str]]

# Gateways learn within a second that an engine drains, and may send it something until then.
GATEWAYS_KNOW_S = 2.0
_LOOK_EVERY_S = 0.2
_ROOM_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What every keeper stands on.

    Attributes:
        settings: How engines run, and how they are watched.
        home: ATTUNE_HOME.
        platform: What engines run on.
        database: The ledger.
        command_of: Makes an engine's command line; tests start something smaller than vLLM.
        first_wait_s: How long after a first failure an engine is started again; tests are less patient.
    """

    settings: EngineSettings
    home: Path
    platform: Platform
    database: Database
    command_of: CommandOf = command
    first_wait_s: float = 1


@dataclass(frozen=True, slots=True)
class Release:
    """How an engine that is not wanted any more is stopped.

    Attributes:
        notice_s: It goes on answering for so long at least, until no gateway sends it anything.
        drain_s: Running answers may take so long at most.
    """

    notice_s: float
    drain_s: float


@dataclass(slots=True)
class Keeper:
    """Keeps an engine running with a version: starts it, attests it, watches it, and starts it again when it fails.

    Attributes:
        ground: What it stands on.
        version: What is served.
        base: What the version grew from.
        backoff: Counts the failures in a row that the version may be to blame for.
        failure: Why the engine failed last; None if it has not.
        no_room: Whether it waits for memory.
    """

    ground: Ground
    version: ModelVersion
    base: ModelVersion
    backoff: Backoff = field(init=False)
    failure: str | None = None
    no_room: bool = False
    _observed: ObservedEngine | None = None
    _release: Release | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _ready_at: float = math.inf

    def __post_init__(self) -> None:
        self.backoff = Backoff(first_s=self.ground.first_wait_s)

    @property
    def state(self) -> EngineState:
        """Of its engine."""
        return "starting" if self._observed is None else self._observed.row.state

    @property
    def row_id(self) -> str | None:
        """The id of the row that it writes in the ledger."""
        return None if self._observed is None else self._observed.row.id

    def release(self, release: Release) -> None:
        """Says that the version is not wanted any more; `run` then returns as soon as the engine has drained."""
        self._release = release
        self._released.set()

    def reclaim(self) -> None:
        """Says that the version is wanted after all. An engine that still drains goes on as if nothing had been."""
        self._release = None
        self._released.clear()

    async def run(self) -> None:
        """Keeps the engine running until it is released."""
        while not self._released.is_set():
            self._ready_at = math.inf
            try:
                await self._run_engine()
                return
            except EngineFailed as error:
                await self._failed(error)

    async def _failed(self, error: EngineFailed) -> None:
        """Writes the failure down, and waits before the next start."""
        self.failure, self.no_room = str(error), isinstance(error, NoRoom)
        if isinstance(error, ProbeFailed):
            await asyncio.to_thread(write_into_audit, self.ground.database, self.version, str(error))
        if self.no_room:
            wait_s = _ROOM_AGAIN_S
        else:
            wait_s = self.backoff.failed(max(0, time.monotonic() - self._ready_at))
        await self._report("failed", f"{error} Starting again in {wait_s:.0f} s.")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), wait_s)

    async def _run_engine(self) -> None:
        """Runs one engine until it is released.

        Raises:
            EngineFailed: It failed.
        """
        ground, version = self.ground, self.version
        workplace = Workplace.create(ground.home, new_id("eng"))
        row = Engine(workplace.folder.name, workplace.url, version.number, "starting", "preparing the weights")
        self._observed = ObservedEngine(ground.database, row)
        try:
            await self._observed.heartbeat()
            dtype = engine_dtype(ground.settings, ground.platform)
            folder = await weights_folder(ground.home, version, self.base, dtype)
            tokens = await asyncio.to_thread(self._checked, folder)
            self._observed.row = replace(self._observed.row, control_tokens=tokens)
            await self._report("starting", FIRST_STAGE)
            arguments = ground.command_of(
                ground.settings, ground.platform, model=folder, name=version.name, socket=workplace.socket
            )
            engine = await EngineProcess.start(workplace, arguments, environment(ground.settings, ground.platform))
        except EngineFailed:
            workplace.remove()
            raise
        except ModelUnusable as error:
            workplace.remove()
            raise EngineFailed(str(error)) from error
        try:
            await self._live(engine)
        except EngineFailed:
            if version.form == "adapter" and self._ready_at == math.inf:
                await asyncio.to_thread(shutil.rmtree, folder, True)  # else a damaged merge would fail for ever
            raise
        finally:
            await engine.kill()

    def _checked(self, folder: Path) -> tuple[str, ...]:
        """The control tokens of a model that can be served, and that the machine has room for."""
        model = inspect(folder)
        if self.ground.platform == "cpu":
            require_memory(model, self.ground.settings)
        return control_tokens(model.path)

    async def _live(self, engine: EngineProcess) -> None:
        """From the start to the end of an engine; returns when it was released and has drained."""
        assert self._observed is not None
        await self._observed.started(engine.pid)
        async with EngineClient(self._observed.row.url) as client:
            started = time.monotonic()
            if not await self._unless_released(self._open(engine, client)):
                return
            self._ready_at = time.monotonic()
            self.failure, self.no_room = None, False
            message = f"serves {self.version.name}, started in {self._ready_at - started:.0f} s"
            watching = asyncio.ensure_future(
                until_it_fails(engine, client, self.ground.settings, self.version.name, self._observed.heartbeat)
            )
            try:
                while True:
                    await self._report("ready", message)
                    if await self._unless_released(asyncio.shield(watching)):
                        raise EngineFailed(f"The engine broke down: {watching.result()}. Log: {engine.workplace.log}")
                    if await self._drained(client, watching):
                        break
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await engine.stop(self.ground.settings.stop_timeout_s / 2)

    async def _open(self, engine: EngineProcess, client: EngineClient) -> None:
        """Waits until the engine answers, and compares what it serves with the registry. Only then may it be asked."""
        settings, name = self.ground.settings, self.version.name
        await until_ready(engine, client, settings, name, lambda text: self._report("starting", text))
        await self._report("starting", "comparing it with the registry")
        allowed = tolerance(engine_dtype(settings, self.ground.platform))
        others = await asyncio.to_thread(versions_besides, self.ground.database, self.version)
        await attest(client, self.version, others, allowed, name)

    async def _unless_released(self, work: Awaitable[object]) -> bool:
        """Waits for some work; False if the version is released before it is done, and then the work is cancelled."""
        working, released = asyncio.ensure_future(work), asyncio.ensure_future(self._released.wait())
        try:
            await asyncio.wait({working, released}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
                return True
            return False
        finally:
            for task in (working, released):
                task.cancel()
            await asyncio.gather(working, released, return_exceptions=True)

    async def _drained(self, client: EngineClient, watching: "asyncio.Future[str]") -> bool:
        """Lets running answers finish. True when the engine may stop, False if the version is wanted again."""
        assert self._observed is not None
        began = time.monotonic()
        known_at: float | None = None
        while (release := self._release) is not None:
            await self._report("draining", "not wanted any more; running answers may finish")
            now = time.monotonic()
            if known_at is None and self._observed.written:
                known_at = now
            if watching.done() or now - began >= release.drain_s:
                return True
            if known_at is not None and now - known_at >= release.notice_s and await _idle(client):
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False

    async def _report(self, state: EngineState, message: str) -> None:
        assert self._observed is not None
        await self._observed.report(state, message)


async def _idle(client: EngineClient) -> bool:
    """Whether an engine says that no request is with it."""
    try:
        return await client.requests(timeout_s=1) == 0
    except UNREACHABLE:
        return False
