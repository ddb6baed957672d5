"""Models that are functions, served in OpenAI's format on a unix socket by a thread of their own."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests import fake_wire as wire

Model = Callable[[list[dict[str, str]]], str]
"""From messages to an answer."""


@dataclass
class Served:
    """A running server.

    Attributes:
        url: As `Endpoint` takes it.
        models: By name.
        failures: By model, statuses that its next requests get instead of an answer.
        bodies: Of every request for a completion.
        most_running: The most that were answered at once.
    """

    url: str
    models: Mapping[str, Model]
    failures: dict[str, list[int]] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    most_running: int = 0
    running: int = 0

    async def chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        if failures := self.failures.get(body["model"]):
            status = failures.pop(0)
            return web.json_response(wire.error(status, "told to fail"), status=status, headers={"Retry-After": "0"})
        if body["model"] not in self.models:
            return web.json_response(wire.error(404, "no such model", "NotFoundError"), status=404)
        text = self.models[body["model"]](body["messages"])
        head = wire.Head("chatcmpl-1", 1, body["model"])
        return web.json_response(
            wire.chat_completion(head, [wire.Answer(0, (text,), "stop")], wire.full_usage(1, 1), None)
        )

    async def list(self, request: web.Request) -> web.Response:
        entries = [wire.model_list(name, 1, 4096)["data"][0] for name in self.models]
        return web.json_response({"object": "list", "data": entries})


@contextmanager
def serve(folder: Path, models: Mapping[str, Model]) -> Iterator[Served]:
    """Serves models while the block runs."""
    socket = folder / "s.sock"
    served = Served(f"unix://{socket}", models)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", served.chat), web.get("/v1/models", served.list)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(socket)).start()
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
