"""The controller's loop where somebody else runs the engines: every adapter that should run is loaded on each of them.

A version is open on the engines where its probe passed, and on no other. The engines outlive the controller, so what
they serve is not taken from the gateways when it ends: a new one opens the same again, and only then forgets the rows
of the one before.
"""

import asyncio
import hashlib
import logging
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, func, select

from ledger import engines, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.model_files import fingerprint
from ledger.records import Engine, ModelVersion
from ledger.schema import audit
from server.controller.adapter_keeper import AdapterKeeper
from server.controller.client import UNREACHABLE
from server.controller.control_tokens import control_tokens
from server.controller.crew import GATEWAYS_KNOW_S, GIVE_UP_AFTER, Crew, roll_back_failed
from server.controller.desired import Desired, read_desired
from server.controller.errors import ModelUnusable
from server.controller.keeper import Ground, Release
from server.controller.observed import forget_others
from server.controller.settings import EngineSettings
from server.controller.upstream import Upstream

log = logging.getLogger(__name__)

_OURS = re.compile(r"^attune@v[1-9][0-9]*(~[0-9]+)?$")


@dataclass(slots=True)
class Lane:
    """One upstream, and the keepers of the adapters on it.

    Attributes:
        staffed: Whether the wanted versions have been given keepers once.
        settled_at: Since when what was there before this controller is taken over, on the monotonic clock.
        swept: Whether it was rid of adapters that an earlier controller left.
    """

    upstream: Upstream
    crew: Crew[AdapterKeeper] = field(default_factory=Crew)
    staffed: bool = False
    settled_at: float | None = None
    swept: bool = False

    @property
    def settled(self) -> bool:
        """Whether the ledger says for each wanted version what has become of it here."""
        if not self.staffed:
            return self.upstream.state == "failed"
        rows = [self.upstream.observed, *(keeper.observed for keeper in self.crew.keepers.values())]
        return all(one is not None and one.written and one.row.state != "starting" for one in rows)


@dataclass(slots=True)
class Fleet:
    """Loads versions on engines that somebody else runs, until `stop` is set.

    Attributes:
        settings: Where they are, and how they are watched.
        home: ATTUNE_HOME.
        database: The ledger.
        stop: Set it to return; the engines go on.
        first_wait_s: How long after a first failure an adapter is loaded again.
    """

    settings: EngineSettings
    home: Path
    database: Database
    stop: asyncio.Event
    first_wait_s: float = 1
    _lanes: list[Lane] = field(default_factory=list)
    _inherited: list[Engine] = field(default_factory=list)

    async def run(self) -> None:
        """Keeps loaded what the ledger says.

        Raises:
            ModelUnusable: There is no model in `upstream_folder`.
        """
        folder = _model_folder(self.settings)
        tokens = control_tokens(folder) if folder else ()

        def register(model: str) -> ModelVersion:
            address = f"{self.settings.upstreams[0]}/v1/models/{model}"
            path, sha256 = _identity(address, folder, self.home)
            with self.database.write() as connection:
                return versions.register_base(connection, path=path, sha256=sha256)

        self._inherited = await asyncio.to_thread(self._rows_there)
        for url in self.settings.upstreams:
            self._lanes.append(Lane(Upstream(url, self.settings, self.home, self.database, register, tokens)))
        watching = [asyncio.create_task(lane.upstream.watch(self.stop)) for lane in self._lanes]
        watching += [asyncio.create_task(lane.crew.heartbeats()) for lane in self._lanes]
        ground = Ground(self.settings, self.database, self.first_wait_s)
        try:
            while not self.stop.is_set():
                await self._reconcile(ground)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), self.settings.watch_interval_s)
                for task in watching:
                    if task.done():
                        await task  # raises what ended it: nobody would look at that engine any more
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            for lane in self._lanes:
                await lane.crew.abandon()

    async def _reconcile(self, ground: Ground) -> None:
        """Moves one step towards desired state. While the ledger is away, what is loaded stays."""
        try:
            desired = await asyncio.to_thread(self._read_desired)
            for lane in self._lanes:
                await lane.crew.bury()
                await self._want(ground, lane, desired)
            await self._give_up(desired)
            self._take_over()
            await forget_others(self.database, self._known)
            for lane in self._lanes:
                await self._sweep(lane)
        except Unavailable as error:
            log.warning("desired state cannot be read; trying again: %s", error)

    async def _want(self, ground: Ground, lane: Lane, desired: Desired) -> None:
        """Gives every adapter over the upstream's model that should run a keeper, and releases the others."""
        base = lane.upstream.version
        if base is None:
            return
        wanted = [
            one for one in desired.versions if one.form == "adapter" and desired.bases[one.number].number == base.number
        ]
        for version in wanted:
            keeper = lane.crew.keepers.get(version.number)
            if keeper is not None:
                keeper.reclaim()
                continue
            mistakes = await asyncio.to_thread(self._mistakes, version)
            lane.upstream.mistaken.setdefault(version.number, mistakes)
            lane.crew.employ(version.number, AdapterKeeper(ground, version, base, carrier=lane.upstream))
        numbers = [version.number for version in wanted]
        lane.crew.release_all_but(numbers, Release(GATEWAYS_KNOW_S, self.settings.retire_timeout_s))
        lane.staffed = True

    async def _give_up(self, desired: Desired) -> None:
        """Rolls back a version that no engine can serve, if there is another that answers in its place."""
        for version in desired.versions:
            parent = desired.parent_of(version.number)
            if parent is None or not self._open(parent):
                continue
            reached = [lane for lane in self._lanes if lane.upstream.state == "ready"]
            keepers = [lane.crew.keepers.get(version.number) for lane in reached]
            tried = [keeper for keeper in keepers if keeper is not None]
            if tried and all(keeper.failures >= GIVE_UP_AFTER for keeper in tried):
                await asyncio.to_thread(roll_back_failed, self.database, version, tried[0])

    def _open(self, version: ModelVersion) -> bool:
        """Whether a version can be asked on one engine at least."""
        for lane in self._lanes:
            keeper = lane.crew.keepers.get(version.number)
            if keeper is not None and keeper.state == "ready":
                return True
            base = lane.upstream.version
            if base is not None and base.number == version.number and lane.upstream.state == "ready":
                return True
        return False

    def _take_over(self) -> None:
        """Drops the rows of an earlier controller once this one knows better."""
        for lane in self._lanes:
            if lane.settled_at is None and lane.settled:
                lane.settled_at = time.monotonic()
        waiting = {lane.upstream.url for lane in self._lanes if lane.settled_at is None}
        self._inherited = [row for row in self._inherited if row.url in waiting]

    def _known(self) -> set[str]:
        rows = {row.id for row in self._inherited}
        for lane in self._lanes:
            rows |= lane.crew.rows()
            if lane.upstream.observed is not None:
                rows.add(lane.upstream.observed.row.id)
        return rows

    async def _sweep(self, lane: Lane) -> None:
        """Unloads, once, what an earlier controller left, when no gateway can send it anything any more."""
        if lane.swept or lane.settled_at is None or lane.upstream.state != "ready":
            return
        if time.monotonic() - lane.settled_at < GATEWAYS_KNOW_S:
            return
        lane.swept = True
        observed = (keeper.observed for keeper in lane.crew.keepers.values())
        kept = {one.row.upstream_model for one in observed if one is not None}
        kept.add(lane.upstream.observed.row.upstream_model if lane.upstream.observed is not None else "")
        async with lane.upstream.client() as client:
            with suppress(*UNREACHABLE):
                for name in await client.models():
                    if _OURS.match(name) and name not in kept:
                        log.warning("unloading %s from %s: an earlier controller left it", name, lane.upstream.url)
                        await client.unload_adapter(name)

    def _rows_there(self) -> list[Engine]:
        with self.database.read() as connection:
            return engines.list_all(connection)

    def _read_desired(self) -> Desired:
        with self.database.read() as connection:
            return read_desired(connection, utc_now(), self.settings.keep_former_s)

    def _mistakes(self, version: ModelVersion) -> int:
        """How often any engine served something else as this version: its names until then are used up.

        Own engines forget their names when they end with the controller. These do not.
        """
        with self.database.read() as connection:
            return _failed_probes(connection, f"v{version.number}")


def _failed_probes(connection: Connection, subject: str) -> int:
    failed = (audit.c.action == "probe_failed") & (audit.c.subject == subject)
    return connection.execute(select(func.count()).select_from(audit).where(failed)).scalar_one()


def _model_folder(settings: EngineSettings) -> Path | None:
    if settings.upstream_folder is None:
        return None
    folder = settings.upstream_folder.expanduser().resolve()
    if not (folder / "config.json").is_file():
        raise ModelUnusable(
            f"{folder} holds no config.json, so it is not a model in Hugging Face's layout. Correct "
            "ATTUNE_UPSTREAM_FOLDER."
        )
    return folder


def _identity(address: str, folder: Path | None, home: Path) -> tuple[str, str]:
    """The path and SHA-256 by which the version is known.

    Without its files, the first upstream's address and its model's name stand for them.
    """
    if folder is None:
        return address, hashlib.sha256(address.encode()).hexdigest()
    return str(folder), fingerprint(folder, home / "cache" / "sha256")
