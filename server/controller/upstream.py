"""An engine that somebody else runs: any OpenAI-compatible server. It is only looked at, never started."""

import asyncio
import hashlib
import logging
from contextlib import suppress
from pathlib import Path

from ledger import versions
from ledger.database import Database
from ledger.ids import new_id
from ledger.model_files import fingerprint
from ledger.records import Engine, ModelVersion
from server.controller.client import UNREACHABLE, EngineClient
from server.controller.control_tokens import control_tokens
from server.controller.errors import EngineFailed, ModelUnusable
from server.controller.observed import ObservedEngine, forget_others
from server.controller.settings import EngineSettings

log = logging.getLogger(__name__)

_POLL_S = 2.0


async def watch_upstream(settings: EngineSettings, home: Path, database: Database, stop: asyncio.Event) -> None:
    """Keeps the row of the upstream true until `stop` is set.

    Its model becomes a version when it is first seen, and another one if the upstream changes to another model.

    Raises:
        ModelUnusable: There is no model in `upstream_folder`.
    """
    folder = _model_folder(settings)
    tokens = control_tokens(folder) if folder else ()
    url, key = base_address(settings.upstream or ""), _key(settings)
    await forget_others(database)
    observed: ObservedEngine | None = None
    async with EngineClient(url, key) as client:
        while not stop.is_set():
            try:
                model = choose(await client.models(), settings.upstream_model, url)
                if observed is None or observed.row.model_name != model:
                    path, sha256 = await asyncio.to_thread(_identity, f"{url}/v1/models/{model}", folder, home)
                    version = await asyncio.to_thread(_register, database, path, sha256)
                    row = Engine(
                        new_id("eng"), url, version.number, "ready", f"serves {model}", tokens, model_name=model
                    )
                    observed = ObservedEngine(database, row)
                    await forget_others(database)
                    log.info("upstream %s serves %s as %s", url, model, version.name)
                await observed.report("ready", f"serves {model}")
                await observed.heartbeat()
            except (*UNREACHABLE, EngineFailed) as error:
                reason = _unusable(url, error)
                if observed is None:
                    log.warning(reason)
                else:
                    await observed.report("failed", reason)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _POLL_S)
    await forget_others(database)


async def check_upstream(settings: EngineSettings) -> str:
    """Asks the upstream once, and returns the name of the model that it will be used for.

    Raises:
        EngineFailed: It does not answer, or does not offer the model.
    """
    url = base_address(settings.upstream or "")
    try:
        async with EngineClient(url, _key(settings)) as client:
            return choose(await client.models(), settings.upstream_model, url)
    except UNREACHABLE as error:
        raise EngineFailed(_unusable(url, error) + " Start it first, or correct ATTUNE_UPSTREAM.") from error


def base_address(upstream: str) -> str:
    """The address without a trailing `/v1`, which people give because the `openai` client wants it."""
    return upstream.rstrip("/").removesuffix("/v1")


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


def _key(settings: EngineSettings) -> str | None:
    return settings.upstream_api_key.get_secret_value() if settings.upstream_api_key else None


def _unusable(url: str, error: BaseException) -> str:
    return f"The upstream {url} cannot be used: {str(error).rstrip('.') or type(error).__name__}."


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

    Without its files, the upstream's address and its model's name stand for them.
    """
    if folder is None:
        return address, hashlib.sha256(address.encode()).hexdigest()
    return str(folder), fingerprint(folder, home / "cache" / "sha256")


def _register(database: Database, path: str, sha256: str) -> ModelVersion:
    with database.write() as connection:
        return versions.register_base(connection, path=path, sha256=sha256)
