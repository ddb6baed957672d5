"""An engine that speaks vLLM's wire format and does what a test tells it: slow, hanging, dying, refusing.

In a test, in the same event loop:

    async with FakeEngine(path) as engine:
        engine.behaviour = Behaviour(token_delay_s=0.01, die_after=3)
        ...
        assert engine.running == 0

As a process of its own, `python -m tests.fake_engine --uds PATH` (other options are ignored, so that it can stand in
for vLLM's command); its behaviour is then changed by `PUT /fake/behaviour` with the fields of `Behaviour` as JSON, and
`GET /fake/state` says what it has seen.
"""

import argparse
import asyncio
import dataclasses
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from tests import fake_wire as wire
from tests.fake_exchange import Behaviour, ChatExchange, Received, ResponseExchange, TextExchange

__all__ = ["Behaviour", "FakeEngine", "Received"]


class FakeEngine:
    """A controllable engine on a unix socket, or on a port of 127.0.0.1.

    Attributes:
        behaviour: Read when a request arrives.
        running: Requests that are being answered now.
        most_running: The most that were answered at once.
        generated: Tokens sent so far.
        received: Every generating request, oldest first.
        counts_tokens: Whether it has `/metrics`; servers that are not vLLM may have none.
        weights: What stands for the model's weights; the log-probabilities of prompts follow from it.
        adapters: The same for each adapter that is loaded, by its name.
        loads: Weights that it takes for every adapter's, as an engine does that mixes them up; None for their own.
    """

    def __init__(
        self,
        uds: Path | None = None,
        *,
        port: int = 0,
        model: str = "attune@v1",
        max_model_len: int = 4096,
        weights: str = "",
        counts_tokens: bool = True,
    ) -> None:
        self.behaviour = Behaviour()
        self.running = 0
        self.most_running = 0
        self.generated = 0
        self.received: list[Received] = []
        self.model = model
        self.max_model_len = max_model_len
        self.weights = weights
        self.counts_tokens = counts_tokens
        self.adapters: dict[str, str] = {}
        self.loads: str | None = None
        self.uds = uds
        self.port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address as the ledger's `engines` table writes it."""
        return f"http://127.0.0.1:{self.port}" if self.uds is None else f"unix://{self.uds}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 2**20, middlewares=[_not_found_as_json])
        app.add_routes(
            [
                web.get("/health", self._health),
                *([web.get("/metrics", self._metrics)] if self.counts_tokens else []),
                web.get("/v1/models", self._models),
                web.post("/v1/chat/completions", self._chat),
                web.post("/v1/completions", self._completions),
                web.post("/v1/responses", self._responses),
                web.post("/v1/load_lora_adapter", self._load_adapter),
                web.post("/v1/unload_lora_adapter", self._unload_adapter),
                web.put("/fake/behaviour", self._set_behaviour),
                web.get("/fake/state", self._state),
            ]
        )
        # Without cancellation a handler would not notice that its client has gone.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        if self.uds is not None:
            await web.UnixSite(self._runner, str(self.uds)).start()
            self.uds.chmod(0o600)
        else:
            site = web.TCPSite(self._runner, "127.0.0.1", self.port)
            await site.start()
            self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def weights_of(self, model: str) -> str:
        """What stands for the weights of the model or of an adapter."""
        return self.adapters.get(model, self.weights)

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self.behaviour.healthy else 503)

    async def _models(self, request: web.Request) -> web.Response:
        served = wire.model_list(self.model, int(time.time()), self.max_model_len)
        served["data"] += [{"id": name, "object": "model", "parent": self.model} for name in self.adapters]
        return web.json_response(served)

    async def _metrics(self, request: web.Request) -> web.Response:
        label = f'{{engine="0",model_name="{self.model}"}}'
        lines = (
            "# TYPE vllm:num_requests_running gauge",
            f"vllm:num_requests_running{label} {float(self.running)}",
            "# TYPE vllm:num_requests_waiting gauge",
            f"vllm:num_requests_waiting{label} 0.0",
            "# TYPE vllm:generation_tokens_total counter",
            f"vllm:generation_tokens_total{label} {float(self.generated)}",
        )
        return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")

    async def _load_adapter(self, request: web.Request) -> web.Response:
        body = await request.json()
        name, file = body["lora_name"], Path(body["lora_path"]) / "adapter_model.safetensors"
        if name in self.adapters and not body.get("load_inplace"):
            message = f"The lora adapter '{name}' has already been loaded."
            return web.json_response(wire.error(400, message, "InvalidUserInput", None), status=400)
        self.adapters[name] = self.loads or await asyncio.to_thread(file.read_text)
        return web.Response(text=f"Success: LoRA adapter '{body['lora_name']}' added successfully.")

    async def _unload_adapter(self, request: web.Request) -> web.Response:
        del self.adapters[(await request.json())["lora_name"]]
        return web.Response(text="Success")

    async def _set_behaviour(self, request: web.Request) -> web.Response:
        self.behaviour = Behaviour(**await request.json())
        return web.json_response(dataclasses.asdict(self.behaviour))

    async def _state(self, request: web.Request) -> web.Response:
        state = {"running": self.running, "most_running": self.most_running, "received": len(self.received)}
        last = self.received[-1].body if self.received else None
        return web.json_response({**state, "generated": self.generated, "last": last})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await ChatExchange(self, request, "chatcmpl-").answer()

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        return await TextExchange(self, request, "cmpl-").answer()

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        return await ResponseExchange(self, request, "resp_").answer()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request as running."""
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            yield
        finally:
            self.running -= 1


@web.middleware
async def _not_found_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as missing:
        return web.json_response({"detail": missing.reason}, status=missing.status)


async def _serve(uds: Path | None, port: int, model: str, weights: str, behaviour: Behaviour) -> None:
    async with FakeEngine(uds, port=port, model=model, weights=weights) as engine:
        engine.behaviour = behaviour
        print(f"fake engine on {engine.url}", flush=True)  # noqa: T201 - tells the parent where it is
        await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uds", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--served-model-name", default="attune@v1")
    parser.add_argument("--model", type=Path, help="folder whose model.safetensors stands for the weights")
    parser.add_argument("--behaviour", type=json.loads, default={}, help="fields of Behaviour as JSON")
    options, _ = parser.parse_known_args()
    weights = (options.model / "model.safetensors").read_text() if options.model else ""
    asyncio.run(_serve(options.uds, options.port, options.served_model_name, weights, Behaviour(**options.behaviour)))


if __name__ == "__main__":
    main()
