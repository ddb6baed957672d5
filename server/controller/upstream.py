"""An engine that somebody else runs: any OpenAI-compatible server. It is looked at, and adapters are loaded on it."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ledger.database import Database
from ledger.errors import Unavailable
from ledger.ids import new_id
from ledger.records import Engine, EngineState, ModelVersion
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.errors import EngineFailed
from server.controller.hang_watch import until_it_hangs
from server.controller.observed import ObservedEngine
from server.controller.settings import EngineSettings

log = logging.getLogger(__name__)

_POLL_S = 2.0


@dataclass(slots=True)
class Upstream:
    """One of them. It carries adapters as an own engine does (`adapter_keeper.Carrier`).

    Attributes:
        url: Its address, without `/v1`.
        settings: Which of its models to use, and how to reach it.
        home: ATTUNE_HOME.
        database: The ledger.
        register: Makes a version of the model of this name, or finds it.
        tokens: The tokenizer's control tokens.
        observed: Its row; None until it has answered for the first time.
        version: What its own model is.
        failure: Why it cannot be used now; None if it can.
        explained: Whether something else than what it serves explains that.
        mistaken: How often it served something else under an adapter's name, by the adapter's version.
    """

    url: str
    settings: EngineSettings
    home: Path
    database: Database
    register: Callable[[str], ModelVersion]
    tokens: tuple[str, ...] = ()
    observed: ObservedEngine | None = None
    version: ModelVersion | None = None
    failure: str | None = None
    explained: bool = False
    mistaken: dict[int, int] = field(default_factory=dict)
    _answered_at: float = field(default_factory=time.monotonic)
    _hangs: str | None = None

    @property
    def state(self) -> EngineState:
        """Whether it can be used."""
        if self.observed is not None:
            return self.observed.row.state
        return "starting" if self.failure is None else "failed"

    @property
    def dtype(self) -> str:
        """What it computes in, as far as it was said: `auto` is compared as the coarsest."""
        return self.settings.dtype

    def client(self) -> EngineClient:
        """A client with the upstreams' key."""
        return client_of(self.url, self.settings)

    def folder_of(self, adapter: ModelVersion) -> Path:
        """An adapter's folder as the upstream sees it."""
        folder, seen = Path(adapter.path), self.settings.upstream_home
        if seen is None or not folder.is_relative_to(self.home):
            return folder
        return Path(seen) / folder.relative_to(self.home)

    async def watch(self, stop: asyncio.Event) -> None:
        """Keeps its row true until `stop` is set."""
        async with self.client() as client:
            watching = asyncio.create_task(self._watch_tokens(client))
            try:
                while not stop.is_set():
                    await self.look(client)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), _POLL_S)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _watch_tokens(self, client: EngineClient) -> None:
        """Keeps `_hangs` true. A server that counts no tokens is not watched: it would be asked for one for ever.

        It is asked once instead, before it is used (`look`).
        """
        while True:
            await asyncio.sleep(_POLL_S)
            if self.observed is None or self.failure is not None or not await client.counts_tokens():
                continue
            model = self.observed.row.model_name or ""
            hang = await until_it_hangs(client, self.settings, model)
            self._hangs, self.explained = hang.reason, hang.explained
            while self._hangs is not None:
                with suppress(*UNREACHABLE, EngineFailed):
                    await client.generate_one_token(model, self.settings.stall_timeout_s)
                    self._hangs = None
                await asyncio.sleep(_POLL_S)

    async def look(self, client: EngineClient) -> None:
        """Asks it once what it serves."""
        try:
            model = choose(await client.models(), self.settings.upstream_model, self.url)
            self._answered_at = time.monotonic()
            if self.state != "ready" and not await client.counts_tokens():
                # What is no vLLM may be a router, which lists its models before anything serves them.
                await client.answers_people(model, self.settings.stall_timeout_s)
            if self.observed is None or self.observed.row.model_name != model:
                await self._found(model)
            assert self.observed is not None
            if self._hangs is not None:
                raise EngineFailed(self._hangs)
            self.failure, self.explained = None, False
            await self.observed.report("ready", f"serves {model}")
            await self.observed.heartbeat()
        except Unavailable as error:
            log.warning("the upstream's model cannot be registered now; trying again: %s", error)
        except TimeoutError as error:  # a busy one is slow to answer, and is not to be dropped for that
            if time.monotonic() - self._answered_at >= self.settings.stall_timeout_s:
                await self._failed(error)
        except (*UNREACHABLE, EngineFailed) as error:
            await self._failed(error)

    async def _found(self, model: str) -> None:
        """Its model becomes a version when it is first seen, and another one if it changes to another model."""
        self.version = await asyncio.to_thread(self.register, model)
        row = Engine(
            new_id("eng"), self.url, self.version.number, "ready", f"serves {model}", self.tokens, model_name=model
        )
        self.observed = ObservedEngine(self.database, row)
        log.info("upstream %s serves %s as %s", self.url, model, self.version.name)

    async def _failed(self, error: BaseException) -> None:
        reason = unusable(self.url, error)
        if self.failure is None:
            log.warning(reason)
        self.failure = reason
        if self.observed is not None:
            await self.observed.report("failed", reason)
            await self.observed.heartbeat()


async def check_upstreams(settings: EngineSettings) -> list[str]:
    """Asks each upstream once, and returns what is wrong with those that cannot be used.

    Raises:
        EngineFailed: None of them can be.
    """
    problems = [problem for url in settings.upstreams if (problem := await _problem(url, settings))]
    if len(problems) == len(settings.upstreams):
        raise EngineFailed(" ".join(problems) + " Start it first, or correct ATTUNE_UPSTREAM.")
    return problems


async def _problem(url: str, settings: EngineSettings) -> str | None:
    try:
        async with client_of(url, settings) as client:
            choose(await client.models(), settings.upstream_model, url)
    except (*UNREACHABLE, EngineFailed) as error:
        return unusable(url, error)
    return None


def client_of(url: str, settings: EngineSettings) -> EngineClient:
    """A client of an upstream, with its key."""
    return EngineClient(url, settings.upstream_api_key.get_secret_value() if settings.upstream_api_key else None)


def choose(offered: list[str], wanted: str | None, url: str) -> str:
    """Which of the upstream's models to use.

    Raises:
        EngineFailed: It has none, or not the one that is wanted.
    """
    if wanted is None and offered:
        return offered[0]
    if wanted in offered:
        return wanted
    raise EngineFailed(
        f"{url} offers {', '.join(offered) or 'no model'}, not {wanted or 'any'}: set ATTUNE_UPSTREAM_MODEL."
    )


def unusable(url: str, error: BaseException) -> str:
    """A sentence for people."""
    return f"The upstream {url} cannot be used: {str(error).rstrip('.') or type(error).__name__}."
