"""A controller with a small engine in place of vLLM, and the rows that it writes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ledger import engines
from ledger.database import Database
from ledger.records import Engine
from server.controller.controller import Controller
from server.controller.settings import EngineSettings

CRASHES = "crash"
"""A file in a model's folder: an engine that is started with it ends at once."""


@asynccontextmanager
async def controlled(
    home: Path, database: Database, model: Path, command: list[str], **more: Any
) -> AsyncIterator[None]:
    """Runs a controller, and stops it at the end."""
    stop = asyncio.Event()
    fast: dict[str, Any] = {"watch_interval_s": 0.05, "stop_timeout_s": 3} | more
    settings = EngineSettings(model=str(model), **fast)

    def command_of(*_: object, model: Path, name: str, socket: Path, **__: object) -> list[str]:
        if (model / CRASHES).exists():
            return ["bash", "-c", "echo 'RuntimeError: the weights are spoilt'; exit 3"]
        return [*command, "--uds", str(socket), "--served-model-name", name, "--model", str(model)]

    running = asyncio.create_task(Controller(settings, home, database, stop, command_of, first_wait_s=0.1).run())
    try:
        yield
    finally:
        stop.set()
        await running


async def until(database: Database, condition: Callable[[Engine], bool], timeout_s: float = 20) -> Engine:
    """Waits until the newest engine's row is as wanted."""
    return (await until_all(database, lambda rows: bool(rows) and condition(rows[0]), timeout_s))[0]


async def until_all(
    database: Database, condition: Callable[[list[Engine]], bool], timeout_s: float = 20
) -> list[Engine]:
    """Waits until the rows of all engines, the newest first, are as wanted."""
    async with asyncio.timeout(timeout_s):
        while True:
            with database.read() as connection:
                rows = engines.list_all(connection)
            if condition(rows):
                return rows
            await asyncio.sleep(0.02)


def ready(row: Engine) -> bool:
    """Whether an engine answers."""
    return row.state == "ready"
