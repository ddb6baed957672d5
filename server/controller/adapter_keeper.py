"""Keeps an adapter loaded on the running engine of its base model: an own one, or somebody else's.

vLLM keys its prefix cache by the adapter's name, so weights are never loaded under a name that other weights have had:
after a mistake the next name is `attune@v7~2`. The same weights may come back under the same name.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ledger.ids import new_id
from ledger.records import Engine, EngineState, ModelVersion
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.errors import EngineBrokeDown, EngineFailed, ProbeFailed
from server.controller.keeper import Keeper
from server.controller.observed import ObservedEngine
from server.controller.probe import attest, tolerance, versions_besides

_ASK_EVERY_S = 5.0


class Carrier(Protocol):
    """An engine that adapters are loaded on, as long as it lives.

    Attributes:
        observed: Its row; another one after each start of an own engine.
        failure: Why it failed last; None if it runs.
        explained: Whether something else than what it serves explains that failure.
        mistaken: How often it served something else under an adapter's name, by the adapter's version.
    """

    observed: ObservedEngine | None
    failure: str | None
    explained: bool
    mistaken: dict[int, int]

    @property
    def state(self) -> EngineState:
        """Of the engine."""

    @property
    def dtype(self) -> str:
        """What it computes in; `auto` where that is not known."""

    def client(self) -> EngineClient:
        """A client of it."""

    def folder_of(self, adapter: ModelVersion) -> Path:
        """Where it finds an adapter's files."""


@dataclass(slots=True, kw_only=True)
class AdapterKeeper(Keeper):
    """One adapter on an engine that another keeper looks after.

    Attributes:
        carrier: The base model's engine.
    """

    carrier: Carrier

    async def _serve(self) -> None:
        """Loads the adapter whenever its engine is ready, until it is released."""
        waiting = f"waiting for the engine of {self.base.name}"
        while not self._released.is_set():
            row = Engine(new_id("eng"), "", self.version.number, "starting", waiting)
            self.observed = ObservedEngine(self.ground.database, row, self.ground.settings.start_timeout_s)
            await self.observed.heartbeat()
            if not await self._unless_released(self._until_carried()):
                return
            assert self.carrier.observed is not None
            async with self.carrier.client() as client:
                await self._serve_on(self.carrier.observed, client)

    async def _serve_on(self, engine: ObservedEngine, client: EngineClient) -> None:
        """Serves it on one engine, until it is released or the engine is stopped for another reason than a failure.

        Raises:
            EngineFailed: The adapter cannot be loaded, or the engine broke down with it.
            ProbeFailed: The engine serves something else.
        """
        assert self.observed is not None
        mistakes = self.carrier.mistaken.get(self.version.number, 0)
        name = self.version.name + (f"~{mistakes + 1}" if mistakes else "")
        self.observed.row = replace(
            self.observed.row,
            url=engine.row.url,
            control_tokens=engine.row.control_tokens,
            model_name=name if mistakes else None,
        )
        await self._report("starting", "loading the adapter")
        began = time.monotonic()
        await client.load_adapter(name, self.carrier.folder_of(self.version))
        opened = f"serves {name} on the engine of {self.base.name}, loaded in {time.monotonic() - began:.2f} s"
        try:
            await self._attest(client, name)
            await self._keep_open(engine, client, name, opened)
        except EngineFailed:
            await self._unload(engine, client, name)
            raise
        # Not in a `finally`: where the controller ends, somebody else's engine serves the adapter on.
        await self._unload(engine, client, name)
        if self.carrier.failure is not None:
            raise EngineBrokeDown(
                f"The engine that it was loaded on failed: {self.carrier.failure}", explained=self.carrier.explained
            )

    async def _keep_open(self, engine: ObservedEngine, client: EngineClient, name: str, message: str) -> None:
        """Returns when it was released and has drained, or is not carried any more."""
        while True:
            await self._opened(message)
            if await self._unless_released(self._until_not_carried(engine, client, name)):
                return
            if await self._drained(_at_once, lambda: not self._carried_by(engine)):
                return

    async def _unload(self, engine: ObservedEngine, client: EngineClient, name: str) -> None:
        if self._carried_by(engine):
            await client.unload_adapter(name)

    async def _attest(self, client: EngineClient, name: str) -> None:
        others = await asyncio.to_thread(versions_besides, self.ground.database, self.version)
        try:
            await attest(client, self.version, others, tolerance(self.carrier.dtype), name)
        except ProbeFailed:
            mistaken = self.carrier.mistaken
            mistaken[self.version.number] = mistaken.get(self.version.number, 0) + 1
            raise

    async def _until_carried(self) -> None:
        while self.carrier.state != "ready":
            await asyncio.sleep(self.ground.settings.watch_interval_s)

    async def _until_not_carried(self, engine: ObservedEngine, client: EngineClient, name: str) -> None:
        """Returns when its engine is gone.

        Raises:
            EngineFailed: The engine is there, but has forgotten the adapter: somebody has started it anew.
        """
        asked = time.monotonic()
        while self._carried_by(engine):
            await asyncio.sleep(self.ground.settings.watch_interval_s)
            if time.monotonic() - asked >= _ASK_EVERY_S:
                asked = time.monotonic()
                with suppress(*UNREACHABLE):  # whether it answers at all is for others to watch
                    if name not in await client.models():
                        raise EngineFailed(f"The engine {engine.row.url} does not offer {name} any more.")

    @property
    def _answering_versions(self) -> tuple[int, ...] | None:
        return None  # whoever asked the engine may have ended it

    def _carried_by(self, engine: ObservedEngine) -> bool:
        return self.carrier.observed is engine and self.carrier.state == "ready"


async def _at_once() -> bool:
    """Running answers keep an unloaded adapter's weights, so nothing has to be waited for but the gateways."""
    return True
