"""A LiteLLM proxy beside the gateway, from a virtual environment of its own (its pins do not agree with ours)."""

import asyncio
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.processes import Process, free_port

KEY = "sk-benchmark"


class LiteLLM:
    """A running LiteLLM proxy before the engine. It cannot connect to a unix socket: a relay listens for it.

    Attributes:
        url: Of its API, ending in `/v1`.
        key: To call it with.
    """

    key = KEY

    def __init__(self, venv: Path, folder: Path, engine_socket: Path) -> None:
        relay_port, port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}/v1"
        config = folder / "litellm.yaml"
        config.write_text(
            "model_list:\n"
            "  - model_name: attune\n"
            "    litellm_params:\n"
            "      model: hosted_vllm/attune@v1\n"
            f"      api_base: http://127.0.0.1:{relay_port}/v1\n"
            "litellm_settings:\n  telemetry: false\n"
            f"general_settings:\n  master_key: {KEY}\n"
        )
        relay = [sys.executable, "-m", "benchmarks.proxies", str(relay_port), str(engine_socket)]
        self._relay = Process(relay, folder / "relay.log")
        command = [str(venv / "bin" / "litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        self._proxy = Process([*command, "--num_workers", "1"], folder / "litellm.log")

    @property
    def pid(self) -> int:
        """Of the proxy."""
        return self._proxy.pid

    def __enter__(self) -> Self:
        self._relay.start()
        self._proxy.start()
        with httpx.Client(base_url=self.url.removesuffix("/v1")) as client:
            self._proxy.wait_for(client, "/health/liveliness", 120)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._proxy.kill()
        self._relay.kill()


async def relay(port: int, socket: str) -> None:
    """Passes bytes between a port of 127.0.0.1 and a unix socket."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine_reader, engine_writer = await asyncio.open_unix_connection(socket)
        await asyncio.gather(_copy(reader, engine_writer), _copy(engine_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(relay(int(sys.argv[1]), sys.argv[2]))
