"""A gateway on a real port, with a fake engine and a ledger of its own, all in the test's event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from http_bounds.serving import bounded_config
from ledger import completions, engines, keys, versions
from ledger.database import Database
from ledger.records import ApiKey, Completion, Engine
from server.app import create_app
from server.settings import GatewaySettings
from tests.fake_engine import FakeEngine

CONTROL_TOKENS = ("<|im_start|>", "<|im_end|>")
ALL_SCOPES = ("inference", "feedback", "admin")


class QuietServer(uvicorn.Server):
    """Uvicorn without signal handlers: pytest has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Gateway:
    """A running gateway, and a client with a key that may do everything."""

    url: str
    app: FastAPI
    database: Database
    engine: FakeEngine
    key: ApiKey
    secret: str
    http: httpx.AsyncClient
    server: QuietServer
    headers: dict[str, str] = field(default_factory=dict)

    def client(self, secret: str | None = None, user: str | None = None) -> httpx.AsyncClient:
        """Another client; the caller closes it."""
        headers = {"authorization": f"Bearer {secret or self.secret}"}
        if user is not None:
            headers["x-attune-user"] = user
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, trust_env=False)

    def make_key(self, owner: str = "acme", scopes: tuple[str, ...] = ALL_SCOPES, **more: Any) -> str:
        """The secret of a new key."""
        with self.database.write() as connection:
            return keys.create(connection, name="another", owner=owner, scopes=scopes, **more)[1]

    def stored(self, completion_id: str, user: str = "", owner: str = "acme") -> Completion:
        """A completion's row."""
        with self.database.read() as connection:
            return completions.get(connection, completion_id, owner, user)

    async def ask(self, text: str = "hello there", **more: Any) -> httpx.Response:
        """A chat completion that is not streamed."""
        body = {"model": "attune", "messages": [{"role": "user", "content": text}], **more}
        return await self.http.post("/v1/chat/completions", json=body)


async def eventually(condition: Callable[[], Any], within_s: float = 3.0) -> Any:
    """Waits until `condition` returns something true, and returns it."""
    async with asyncio.timeout(within_s):
        while True:
            with contextlib.suppress(LookupError, Exception):
                if found := condition():
                    return found
            await asyncio.sleep(0.01)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[FakeEngine]:
    """A fake engine on a unix socket."""
    async with FakeEngine(tmp_path / "engine.sock") as fake:
        yield fake


@pytest.fixture
async def start(ledger_path: Path, engine: FakeEngine) -> AsyncIterator[Callable[..., Awaitable[Gateway]]]:
    """Starts gateways; arguments are settings."""
    async with contextlib.AsyncExitStack() as stack:

        async def start_one(**settings: Any) -> Gateway:
            return await stack.enter_async_context(_running(ledger_path, engine, settings))

        yield start_one


@pytest.fixture
async def gateway(start: Callable[..., Awaitable[Gateway]]) -> Gateway:
    """A gateway with short intervals."""
    return await start()


@contextlib.asynccontextmanager
async def _running(ledger_path: Path, engine: FakeEngine, settings: dict[str, Any]) -> AsyncIterator[Gateway]:
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    with database.write() as connection:
        versions.register_base(connection, path="/models/base", sha256="a" * 64)
        key, secret = keys.create(connection, name="test", owner="acme", scopes=ALL_SCOPES)
        engines.upsert(connection, Engine("engine-1", engine.url, 1, "ready", control_tokens=CONTROL_TOKENS))
    chosen = GatewaySettings(**{"poll_interval_s": 0.2, "port": 0} | settings)
    app = create_app(chosen, database)
    config = bounded_config(
        app,
        chosen,
        port=0,
        log_config=None,
        timeout_graceful_shutdown=settings.get("drain_timeout_s", 5),
    )
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started or serving.done(), within_s=10)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20, trust_env=False) as http:
        yield Gateway(url, app, database, engine, key, secret, http, server)
    server.should_exit = True
    await serving
    database.close()
