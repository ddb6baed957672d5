"""The controller's loop: one keeper for each version that should run, and none for any other.

Desired state is in the ledger. The loop compares it with the keepers twice a second and moves towards it, so it does
not matter where it was interrupted. Nothing that it needs is kept in memory only: a controller that starts anew finds
no engine (they end with their controller), and begins from what the ledger says.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ledger import versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.model_files import fingerprint
from ledger.records import ModelVersion
from server.controller.adapter_keeper import AdapterKeeper
from server.controller.command import command
from server.controller.crew import GATEWAYS_KNOW_S, GIVE_UP_AFTER, Crew, roll_back_failed
from server.controller.desired import Desired, read_desired
from server.controller.download import locate
from server.controller.engine_keeper import EngineKeeper
from server.controller.engine_process import KILL_TAKES_S, sweep, sweep_temporary
from server.controller.keeper import CommandOf, EngineGround, Keeper, Release
from server.controller.model import Model, inspect
from server.controller.observed import forget_others
from server.controller.own_thread import within
from server.controller.platform import detect
from server.controller.settings import EngineSettings
from server.controller.weights import discard_merged
from server.log_limits import USUAL, LogLimits

log = logging.getLogger(__name__)

_SWEEP_TAKES_S = 60.0


@dataclass(slots=True)
class Controller:
    """Keeps engines running on this machine until `stop` is set.

    Attributes:
        settings: Which model, and how engines are watched.
        home: ATTUNE_HOME.
        database: The ledger.
        stop: Set it to drain the engines and return.
        command_of: Makes an engine's command line; tests start something smaller than vLLM.
        first_wait_s: How long after a first failure an engine is started again.
        log_limits: Of the engines' logs.
    """

    settings: EngineSettings
    home: Path
    database: Database
    stop: asyncio.Event
    command_of: CommandOf = command
    first_wait_s: float = 1
    log_limits: LogLimits = USUAL
    _crew: Crew[Keeper] = field(default_factory=Crew)

    async def run(self) -> None:
        """Checks the model, registers it, and keeps running what the ledger says.

        Raises:
            ModelUnusable: No engine can ever start with this model.
            EngineFailed: vLLM is not installed.
        """
        await self._sweep()
        await forget_others(self.database)
        ground = EngineGround(
            self.settings,
            self.database,
            self.first_wait_s,
            home=self.home,
            platform=detect(),
            command_of=self.command_of,
            log_limits=self.log_limits,
        )
        model = inspect(await asyncio.to_thread(locate, self.settings.model, log.info))
        await asyncio.to_thread(self._register, model)
        beating = asyncio.create_task(self._crew.heartbeats())
        try:
            while not self.stop.is_set():
                await self._reconcile(ground)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), self.settings.watch_interval_s)
        finally:
            self._crew.release_all_but((), Release(0, self.settings.stop_timeout_s / 2))
            try:
                await self._crew.ended(self.settings.stop_timeout_s + KILL_TAKES_S)
            finally:
                beating.cancel()
                await asyncio.gather(beating, return_exceptions=True)
        await forget_others(self.database)

    async def _sweep(self) -> None:
        try:
            if orphans := await within(_SWEEP_TAKES_S, sweep, self.home):
                log.warning("killed %d processes that an earlier controller left behind", orphans)
        except (TimeoutError, OSError) as error:
            log.error("what an earlier controller left behind cannot be swept away (%r); going on", error)
        await asyncio.to_thread(sweep_temporary)

    def _register(self, model: Model) -> None:
        digest = fingerprint(model.path, self.home / "cache" / "sha256")
        with self.database.write() as connection:
            versions.register_base(connection, path=str(model.path), sha256=digest)

    async def _reconcile(self, ground: EngineGround) -> None:
        """Moves one step towards desired state. While the ledger is away, what runs goes on running."""
        try:
            desired = await asyncio.to_thread(self._read_desired)
            await self._bury()
            self._want(ground, desired)
            await self._give_up(desired)
            await forget_others(self.database, self._crew.rows)
        except Unavailable as error:
            log.warning("desired state cannot be read; trying again: %s", error)

    def _read_desired(self) -> Desired:
        with self.database.read() as connection:
            return read_desired(connection, utc_now(), self.settings.keep_former_s)

    async def _bury(self) -> None:
        """Forgets the keepers that have ended, and their merged weights."""
        if await self._crew.bury():
            await asyncio.to_thread(discard_merged, self.home, set(self._crew.keepers))

    def _want(self, ground: EngineGround, desired: Desired) -> None:
        """Gives every wanted version a keeper, and releases the others.

        Engines start one after another, because a start takes all of a small machine; only the live version never
        waits. Where memory is short, the version before the last promotion gives its own up.
        """
        wanted = self._plan(ground, desired)
        for version in wanted:
            keeper = self._crew.keepers.get(version.number)
            if keeper is not None and self._is_stranded(keeper):
                keeper.release(Release(0, 0))  # a later step gives it the engine that took the place of the old one
            elif keeper is not None:
                keeper.reclaim()
            elif self._may_begin(ground, version, desired):
                keeper = self._new_keeper(ground, version, desired.bases.get(version.number, version))
                self._crew.employ(version.number, keeper)
        self._crew.release_all_but(
            [version.number for version in wanted], Release(GATEWAYS_KNOW_S, self.settings.retire_timeout_s)
        )

    def _plan(self, ground: EngineGround, desired: Desired) -> list[ModelVersion]:
        """Every version that needs a keeper, the most urgent first; a base before the adapters that it carries."""
        plan: dict[int, ModelVersion] = {}
        for version in desired.versions:
            if version is desired.former and not self._has_room(desired):
                continue
            if _is_loaded(ground, version):
                plan.setdefault(desired.bases[version.number].number, desired.bases[version.number])
            plan.setdefault(version.number, version)
        return list(plan.values())

    def _new_keeper(self, ground: EngineGround, version: ModelVersion, base: ModelVersion) -> Keeper:
        if not _is_loaded(ground, version):
            beside_another = any(isinstance(keeper, EngineKeeper) for keeper in self._crew.keepers.values())
            return EngineKeeper(ground, version, base, beside_another=beside_another)
        carrier = self._crew.keepers[base.number]
        assert isinstance(carrier, EngineKeeper)
        return AdapterKeeper(ground, version, base, carrier=carrier)

    def _may_begin(self, ground: EngineGround, version: ModelVersion, desired: Desired) -> bool:
        if _is_loaded(ground, version):
            return desired.bases[version.number].number in self._crew.keepers
        live = desired.live
        if live is not None and version.number in (live.number, desired.bases[live.number].number):
            return True
        engines = [keeper for keeper in self._crew.keepers.values() if isinstance(keeper, EngineKeeper)]
        return all(keeper.state != "starting" for keeper in engines)

    def _is_stranded(self, keeper: Keeper) -> bool:
        """Whether an adapter's engine is gone for good: its keeper was released, and another is there or to come."""
        carrier: object = self._crew.keepers.get(keeper.base.number)
        return isinstance(keeper, AdapterKeeper) and keeper.carrier is not carrier

    def _has_room(self, desired: Desired) -> bool:
        """Whether no version that is live or tried waits for memory."""
        urgent = [version.number for version in (desired.live, desired.canary) if version is not None]
        return not any(self._crew.keepers[number].no_room for number in urgent if number in self._crew.keepers)

    async def _give_up(self, desired: Desired) -> None:
        """Rolls back a version whose engine fails again and again, if there is another that answers in its place."""
        for version in desired.versions:
            keeper, parent = self._crew.keepers.get(version.number), desired.parent_of(version.number)
            if keeper is None or parent is None or keeper.failures < GIVE_UP_AFTER:
                continue
            instead = self._crew.keepers.get(parent.number)
            if instead is not None and instead.state == "ready":
                await asyncio.to_thread(roll_back_failed, self.database, version, keeper)


def _is_loaded(ground: EngineGround, version: ModelVersion) -> bool:
    """Whether a version is loaded by its base model's engine, rather than served by an engine of its own."""
    return version.form == "adapter" and ground.on_running_engines
