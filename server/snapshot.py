"""What a gateway knows of the ledger without asking it: engines, keys and deployment, read twice a second."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from sqlalchemy import Connection

from ledger import deployments, engines, keys, versions
from ledger.clock import utc_now
from ledger.engines import SILENT_AFTER_S
from ledger.records import ApiKey, Engine, Route
from server.control_tokens import ControlTokens
from server.errors import NotFound, Overloaded
from server.ledger_access import LedgerAccess
from server.routing import Asker, on_canary

logger = logging.getLogger(__name__)

ALIAS = "attune"
_PINNED = re.compile(r"^attune@v([1-9][0-9]{0,8})$")
SHORTEST_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, and why there.

    Attributes:
        engines: All that are ready with the version, at least one.
        route: Why this version.
    """

    engines: tuple[Engine, ...]
    route: Route

    @property
    def version_number(self) -> int:
        """The version that answers, whichever engine it is."""
        return self.engines[0].version_number


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the ledger, never changed.

    Attributes:
        keys: By public prefix.
        ready: Engines that are ready, by the version they serve.
        engines: All, the one started last first.
        live_version: The one that `attune` means, for those who do not get the canary.
        canary_version: The one that is tried on some; None if none is.
        canary_share: Of the users, 0 to 1.
        canary_salt: Of the draw that says who gets the canary: the SHA-256 of its artefact.
        bases: For each version that is registered, the path of its base model.
        read_at: When the reading of it began, on the monotonic clock.
    """

    keys: Mapping[str, ApiKey] = field(default_factory=lambda: MappingProxyType({}))
    ready: Mapping[int, tuple[Engine, ...]] = field(default_factory=lambda: MappingProxyType({}))
    engines: tuple[Engine, ...] = ()
    live_version: int | None = None
    canary_version: int | None = None
    canary_share: float = 0.0
    canary_salt: str = ""
    bases: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    read_at: float = 0.0

    @property
    def under_trial(self) -> bool:
        """Whether a canary is tried now."""
        return self.canary_version is not None

    def target(self, model: str, asker: Asker, recorded: bool = True) -> Target:
        """Says which engines can answer for a model's name.

        Args:
            model: Its name.
            asker: Who asks.
            recorded: Whether the answer will be: only such take part in a trial. Others would tell which version
                somebody has, and leave no trace of the question.

        Raises:
            NotFound: There is no such model.
            Overloaded: There is, but no engine is ready with it.
        """
        if model == ALIAS:
            return self._live_or_canary(asker) if recorded else self._live()
        pinned = _PINNED.match(model)
        version = int(pinned[1]) if pinned else None
        if version is not None and (ready := self.ready.get(version)):
            return Target(ready, "pinned")
        if asker.conversation_id is not None and self._is_gone(version):
            return self._live()
        if version is not None and any(engine.version_number == version for engine in self.engines):
            raise Overloaded(self.why_not_ready(version), code="no_engine_ready", retry_after_s=2)
        raise NotFound(
            f"There is no model {model!r} here. GET /v1/models lists what there is.",
            param="model",
            code="model_not_found",
        )

    def _live_or_canary(self, asker: Asker) -> Target:
        """A canary whose engine is away costs nobody an answer: the live version has it."""
        canary = self.canary_version
        if canary is not None and canary in self.ready and on_canary(asker, self.canary_salt, self.canary_share):
            return Target(self.ready[canary], "canary")
        return self._live()

    def _live(self) -> Target:
        if self.live_version is not None and (ready := self.ready.get(self.live_version)):
            return Target(ready, "live")
        raise Overloaded(self.why_not_ready(), code="no_engine_ready", retry_after_s=2)

    def _is_gone(self, version: int | None) -> bool:
        """Whether a version was there once, and no engine has it or is to have it again."""
        running = {engine.version_number for engine in self.engines if engine.state != "draining"}
        return version in self.bases and version not in running

    def why_not_ready(self, version: int | None = None) -> str:
        """A sentence for people: why the live version, or another, cannot be asked."""
        wanted = self.live_version if version is None else version
        if wanted is None:
            return "No model is live yet: the controller has not registered one."
        for engine in self.engines:
            if engine.version_number == wanted and engine.state != "ready":
                said = f": {engine.message}" if engine.message else "."
                silent_s = (utc_now() - engine.updated_at).total_seconds()
                gone = f" (said {silent_s:.0f} s ago: the controller is gone)" if silent_s > SILENT_AFTER_S else ""
                return f"The engine of attune@v{wanted} is {engine.state}{said}{gone}"
        return f"No engine runs attune@v{wanted} now."


def read_snapshot(connection: Connection) -> Snapshot:
    """Reads a snapshot."""
    began = time.monotonic()
    found, deployment = engines.list_all(connection), deployments.current(connection)
    canary = deployment.canary_version
    ready: dict[int, tuple[Engine, ...]] = {}
    for engine in found:
        if engine.state == "ready":
            ready[engine.version_number] = (*ready.get(engine.version_number, ()), engine)
    return Snapshot(
        keys=MappingProxyType({key.prefix: key for key in keys.active(connection)}),
        ready=MappingProxyType(ready),
        engines=tuple(found),
        live_version=deployment.live_version,
        canary_version=canary,
        canary_share=deployment.canary_share,
        canary_salt="" if canary is None else versions.get(connection, canary).sha256,
        bases=MappingProxyType(versions.base_paths(connection)),
        read_at=began,
    )


class SnapshotPoller:
    """Keeps the newest snapshot in `current`. While the ledger is away the last one stays, and `error` says why."""

    def __init__(self, ledger: LedgerAccess, interval_s: float) -> None:
        self.current = Snapshot()
        self.error: str | None = None
        self._ledger = ledger
        self._interval_s = interval_s
        self._wanted = asyncio.Event()
        self._polled = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Reads the first snapshot, and goes on in the background."""
        await self._poll()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the background task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def newer(self) -> Snapshot:
        """Waits for a snapshot that is read after this call, so that what was just written is in it.

        Many callers share one reading, and readings keep a distance, so this cannot be used to burden the ledger.
        """
        asked = time.monotonic()
        async with self._polled:
            self._wanted.set()
            try:
                async with asyncio.timeout(1.0):
                    await self._polled.wait_for(lambda: self.current.read_at > asked or self.error is not None)
            except TimeoutError:
                pass
        return self.current

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SHORTEST_INTERVAL_S)
            try:
                async with asyncio.timeout(self._interval_s - SHORTEST_INTERVAL_S):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            await self._poll()

    async def _poll(self) -> None:
        try:
            self.current = await self._ledger.read(read_snapshot)
            self.error = None
        except Exception as error:  # whatever it is: the last snapshot serves on, and readiness says what is wrong
            if self.error is None:
                logger.exception("The ledger cannot be read.")
            self.error = str(error)
        async with self._polled:
            self._polled.notify_all()


@lru_cache(maxsize=64)
def control_tokens_of(tokens: tuple[str, ...]) -> ControlTokens:
    """Prepares the search for an engine's control tokens, once per tokenizer."""
    return ControlTokens(tokens)
