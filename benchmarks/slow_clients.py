"""Clients that send slowly, on gateway and chat: their memory stays flat, and neighbours are answered as before.

A third each of the connections sends a head that does not end, a body of 99 MiB without a key or cookie, and a body
with one; of each body a mebibyte at once, and then a byte a second. Neighbours ask both servers all the time.
`python -m benchmarks.slow_clients --help`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from benchmarks import results
from benchmarks.intervals import percentile
from tests.processes import FakeEngineProcess, GatewayProcess, Process, free_port

ANNOUNCED = 99 * 2**20
AT_FIRST = 2**20  # of each body, before it trickles
HEAD = "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}"


@dataclass(frozen=True)
class Side:
    """One of the two servers under test."""

    name: str
    url: str
    pid: int
    post: str
    credential: str

    def openings(self) -> tuple[bytes, bytes, bytes]:
        """What the three kinds of slow clients send at first."""
        body = f"Content-Type: application/json\r\nContent-Length: {ANNOUNCED}\r\n"
        half = HEAD.format(method="GET", path="/health/live", more="A: x").encode()
        unknown = HEAD.format(method="POST", path=self.post, more=f"{body}\r\n").encode() + b'{"a": "'
        known = (
            HEAD.format(method="POST", path=self.post, more=f"{body}{self.credential}\r\n\r\n").encode() + b'{"a": "'
        )
        return half, unknown + b"x" * AT_FIRST, known.replace(str(ANNOUNCED).encode(), b"1000000") + b"x" * 900_000

    def rss_mib(self) -> float:
        """Memory of its process."""
        return float(psutil.Process(self.pid).memory_info().rss / 2**20)


async def slow_client(side: Side, opening: bytes, until: float) -> bool:
    """Sends slowly until a time on the monotonic clock; whether the server ended it before."""
    address = urlsplit(side.url)
    try:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(opening)
        ended = asyncio.create_task(_ended(reader))
        while time.monotonic() < until and not ended.done():
            writer.write(b"x")
            await asyncio.sleep(1)
        gone = ended.done()
        ended.cancel()
        writer.transport.abort()
        return gone
    except OSError:
        return True


async def _ended(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(65536):
            pass


async def neighbour(side: Side, secret: str, until: float, taken_ms: list[float]) -> None:
    """Asks once after the other, as somebody who has done nothing wrong; appends how long each answer took."""
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=side.url, headers=headers, timeout=60, trust_env=False) as client:
        while time.monotonic() < until:
            began = time.monotonic()
            if side.name == "gateway":
                body = {"model": "attune", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
                answer = await client.post("/v1/chat/completions", json=body)
            else:
                answer = await client.get("/")
            answer.raise_for_status()
            taken_ms.append(1000 * (time.monotonic() - began))
            await asyncio.sleep(0.1)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[list[Side], str]]:
    """Engine, gateway and chat; yields the servers, and a key."""
    with FakeEngineProcess(folder) as engine:
        engine.behave(tokens=4, token_delay_s=0)
        gateway = GatewayProcess(folder, database_url=f"sqlite:///{folder / 'ledger.db'}")
        gateway.serve(engine.url)
        (folder / "ui.key").write_text(gateway.secrets.app)
        port = free_port()
        environment = {"ATTUNE_GATEWAY_URL": gateway.root_url, "ATTUNE_UI_PORT": str(port)}
        environment |= {f"ATTUNE_UI_{name.upper()}_FILE": str(folder / f"ui.{name}") for name in ("key", "secret")}
        chat = Process([sys.executable, "-m", "chat_ui"], folder / "chat.log", environment)
        try:
            gateway.run()
            chat.start()
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url) as client:
                chat.wait_for(client, "/health/live")
                cookie = client.get("/").headers["set-cookie"].partition(";")[0]
            bearer = f"Authorization: Bearer {gateway.secrets.app}"
            yield (
                [
                    Side("gateway", gateway.root_url, gateway.pid, "/v1/chat/completions", bearer),
                    Side("chat", url, chat.pid, "/gradio_api/queue/join", f"Cookie: {cookie}"),
                ],
                gateway.secrets.app,
            )
        finally:
            chat.stop()
            gateway.stop()


async def measure(sides: list[Side], secret: str, connections: int, seconds: float) -> list[dict[str, Any]]:
    """The figures of both servers: for a time without slow clients, and as long with them."""
    figures: list[dict[str, Any]] = [
        {"server": side.name, "rss_before_mib": round(side.rss_mib(), 1)} for side in sides
    ]
    for phase, count in (("alone", 0), ("with", connections)):
        until = time.monotonic() + seconds
        taken: list[list[float]] = [[] for _ in sides]
        tasks = [asyncio.create_task(neighbour(side, secret, until, ms)) for side, ms in zip(sides, taken, strict=True)]
        slow = [
            [asyncio.create_task(slow_client(side, side.openings()[turn % 3], until)) for turn in range(count)]
            for side in sides
        ]
        peaks = [0.0 for _ in sides]
        while time.monotonic() < until:
            peaks = [max(peak, side.rss_mib()) for peak, side in zip(peaks, sides, strict=True)]
            await asyncio.sleep(0.25)
        await asyncio.gather(*tasks)
        ended = [sum(await asyncio.gather(*tasks_of_one)) for tasks_of_one in slow]
        for one, ms, peak, gone in zip(figures, taken, peaks, ended, strict=True):
            one[f"{phase}_ms_p50"], one[f"{phase}_ms_p95"] = (round(percentile(ms, share), 1) for share in (0.5, 0.95))
            one[f"{phase}_n"], one[f"{phase}_rss_peak_mib"] = len(ms), round(peak, 1)
            if count:
                one["slow"], one["ended_by_server"] = count, gone
    await asyncio.sleep(2)
    for one, side in zip(figures, sides, strict=True):
        one["after_rss_mib"] = round(side.rss_mib(), 1)
    return figures


async def main() -> None:
    """Measures, and writes the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=500, help="slow ones, to each server")
    parser.add_argument("--seconds", type=float, default=40, help="without and with them, each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-slow-") as folder:
        async with running(Path(folder)) as (sides, secret):
            figures = await measure(sides, secret, given.connections, given.seconds)
    first, second = figures
    report = [f"| | {first['server']} | {second['server']} |", "| --- | --- | --- |"]
    report += [f"| {name.replace('_', ' ')} | {first[name]} | {second[name]} |" for name in first if name != "server"]
    results.write("slow-clients", {"servers": figures}, report)


if __name__ == "__main__":
    asyncio.run(main())
