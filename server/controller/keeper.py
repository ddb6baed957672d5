"""A keeper has one version served until it is not wanted any more. How: `engine_keeper`, `adapter_keeper`."""

import asyncio
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ledger.database import Database
from ledger.records import EngineState, ModelVersion
from server.controller.backoff import Backoff
from server.controller.command import command
from server.controller.engine_process import KILL_TAKES_S
from server.controller.errors import EngineBrokeDown, EngineFailed, NoRoom, ProbeFailed
from server.controller.heavy_requests import ended_one
from server.controller.observed import ObservedEngine
from server.controller.platform import Platform, loads_adapters
from server.controller.probe import write_into_audit
from server.controller.settings import EngineSettings
from server.log_limits import USUAL, LogLimits

CommandOf = Callable[..., list[str]]

_LOOK_EVERY_S = 0.2
_ROOM_AGAIN_S = 5.0
_OVERDUE_AFTER_S = 30.0
_RECORDED_WITHIN_S = 1.0
"""Gateways have written down by then which requests a breakdown ended."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What every keeper stands on.

    Attributes:
        settings: How engines run, and how they are watched.
        database: The ledger.
        first_wait_s: How long after a first failure it is tried again; tests are less patient.
    """

    settings: EngineSettings
    database: Database
    first_wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineGround(Ground):
    """What keepers of own engines stand on besides.

    Attributes:
        home: ATTUNE_HOME.
        platform: What engines run on.
        command_of: Makes an engine's command line; tests start something smaller than vLLM.
        log_limits: Of the engines' logs.
    """

    home: Path
    platform: Platform
    command_of: CommandOf = command
    log_limits: LogLimits = USUAL

    @property
    def on_running_engines(self) -> bool:
        """Whether an adapter is loaded by its base model's engine; else it is merged, for an engine of its own."""
        return loads_adapters(self.settings, self.platform)


@dataclass(frozen=True, slots=True)
class Release:
    """How a version that is not wanted any more is let go.

    Attributes:
        notice_s: It goes on answering for so long at least, until no gateway sends it anything.
        drain_s: Running answers may take so long at most.
    """

    notice_s: float
    drain_s: float


@dataclass(slots=True)
class Keeper(ABC):
    """Has a version served: opens it, watches it, and begins anew when it fails.

    Attributes:
        ground: What it stands on.
        version: What is served.
        base: What the version grew from.
        backoff: Counts the failures in a row that the version may be to blame for.
        excused: Counts the others in a row, such as those that a request brought about.
        failure: Why it failed last; None if it has not, or runs again.
        explained: Whether something else than what it serves explains that failure.
        no_room: Whether it waits for memory.
        observed: The row that it writes in the ledger; None before the first.
        ready_at: When it became ready, on the monotonic clock; infinite while it is not.
    """

    ground: Ground
    version: ModelVersion
    base: ModelVersion
    backoff: Backoff = field(init=False)
    excused: Backoff = field(init=False)
    failure: str | None = None
    explained: bool = False
    no_room: bool = False
    observed: ObservedEngine | None = None
    ready_at: float = math.inf
    _release: Release | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.backoff = Backoff(first_s=self.ground.first_wait_s)
        self.excused = Backoff(first_s=self.ground.first_wait_s)

    @property
    def state(self) -> EngineState:
        """Of what serves the version."""
        return "starting" if self.observed is None else self.observed.row.state

    @property
    def failures(self) -> int:
        """Failures in a row; none any more once it has run for a while."""
        return 0 if time.monotonic() - self.ready_at >= self.backoff.stable_s else self.backoff.failures

    def release(self, release: Release) -> None:
        """Says that the version is not wanted any more; `run` then returns as soon as it has drained."""
        self._release = release
        self._released.set()

    def reclaim(self) -> None:
        """Says that the version is wanted after all. What still drains goes on as if nothing had been."""
        self._release = None
        self._released.clear()

    async def run(self) -> None:
        """Has the version served until it is released."""
        while not self._released.is_set():
            self.ready_at = math.inf
            try:
                await self._serve()
                return
            except EngineFailed as error:
                await self._failed(error)

    @abstractmethod
    async def _serve(self) -> None:
        """Serves the version once, until it is released.

        Raises:
            EngineFailed: It failed.
        """

    async def _say_failed(self, error: EngineFailed) -> None:
        """Says at once that it failed, and why: to end its processes may take long."""
        self.failure, self.no_room = str(error), isinstance(error, NoRoom)
        self.explained = isinstance(error, EngineBrokeDown) and error.explained
        await self._report("failed", str(error))

    async def _failed(self, error: EngineFailed) -> None:
        """Writes the failure down, and waits before the next try."""
        await self._say_failed(error)
        if isinstance(error, ProbeFailed):
            await asyncio.to_thread(write_into_audit, self.ground.database, self.version, str(error))
        ran_s = max(0, time.monotonic() - self.ready_at)
        if self.no_room:
            wait_s, blame = _ROOM_AGAIN_S, ""
        elif await self._is_excused(error):
            wait_s, blame = self.excused.failed(ran_s), " The version is not to blame."
        else:
            wait_s, blame = self.backoff.failed(ran_s), ""
        await self._report("failed", f"{error}{blame} Starting again in {wait_s:.0f} s.", wait_s + _OVERDUE_AFTER_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), wait_s)

    async def _is_excused(self, error: EngineFailed) -> bool:
        """Whether a breakdown is no fault of the version: docs/decisions/0017-silent-engines.md."""
        if not isinstance(error, EngineBrokeDown):
            return False
        if error.explained:
            return True
        await asyncio.sleep(_RECORDED_WITHIN_S)
        return await asyncio.to_thread(
            ended_one, self.ground.database, self._answering_versions, self.ground.settings.busy_timeout_s
        )

    @property
    def _answering_versions(self) -> tuple[int, ...] | None:
        """The versions whose requests were with the engine; None for any."""
        return (self.version.number,)

    async def _opened(self, message: str) -> None:
        """Says that the version may be asked."""
        self.ready_at = time.monotonic()
        self.failure, self.no_room = None, False
        await self._report("ready", message)

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

    async def _drained(self, idle: Callable[[], Awaitable[bool]], broken: Callable[[], bool]) -> bool:
        """Lets running answers finish.

        Args:
            idle: Whether no answer is running.
            broken: Whether nothing is left that could finish.

        Returns:
            Whether it may stop; False if the version is wanted again.
        """
        assert self.observed is not None
        began = time.monotonic()
        known_at: float | None = None
        while (release := self._release) is not None:
            bound_s = release.drain_s + self.ground.settings.stop_timeout_s + KILL_TAKES_S
            await self._report("draining", "not wanted any more; running answers may finish", bound_s)
            now = time.monotonic()
            if known_at is None and self.observed.written:
                known_at = now
            if broken() or now - began >= release.drain_s:
                return True
            if known_at is not None and now - known_at >= release.notice_s and await idle():
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False

    async def _report(self, state: EngineState, message: str, bound_s: float | None = None) -> None:
        assert self.observed is not None
        if state == "starting":
            bound_s = self.ground.settings.start_timeout_s
        await self.observed.report(state, message, bound_s)
