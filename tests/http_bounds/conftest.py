"""A small application behind the bounded protocol on a real port, in the test's event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from http_bounds.protocol import BoundedProtocol
from http_bounds.serving import bounded_config
from http_bounds.settings import BoundSettings


class QuietServer(uvicorn.Server):
    """Uvicorn without signal handlers: pytest has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class App:
    """Answers `/read` with the length of the body, `/slow` after a moment, and anything else at once.

    Attributes:
        asked: Paths, in the order of their coming.
        headers: The names of all headers, as they stood when the requests had come in full.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.headers: set[bytes] = set()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        size = 0
        if scope["path"] == "/read":
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                size += len(message["body"])
                more = message["more_body"]
        if scope["path"] == "/slow":
            await self.go_on.wait()
        self.headers |= {name for name, _ in scope["headers"]}
        body = str(size).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Served:
    """A running server."""

    port: int
    app: App
    protocol: type[BoundedProtocol]

    async def connect(self, source: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection from an address of this machine."""
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))

    async def answer_to(self, *pieces: bytes, pause_s: float = 0, within_s: float = 5) -> bytes:
        """Everything that the server sends, until it closes the connection, after bytes that come in pieces."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause_s)
        answer = await asyncio.wait_for(reader.read(), within_s)
        writer.close()
        return answer


Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers; arguments are settings."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**settings: Any) -> Served:
            return await stack.enter_async_context(_running(BoundSettings(**settings)))

        yield start


@contextlib.asynccontextmanager
async def _running(bounds: BoundSettings) -> AsyncIterator[Served]:
    app = App()
    config = bounded_config(app, bounds, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    assert isinstance(config.http_protocol_class, type) and issubclass(config.http_protocol_class, BoundedProtocol)
    yield Served(server.servers[0].sockets[0].getsockname()[1], app, config.http_protocol_class)
    server.should_exit = True
    await serving
