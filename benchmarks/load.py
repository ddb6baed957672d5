"""A load generator as a process of its own, lean, so that it takes little of the machine that it measures.

`python -m benchmarks.load --url … --concurrency 32 --requests 128 --stream` keeps that many requests open and prints
one JSON object with the times. The engine's unix socket is given with `--uds`.
"""

import argparse
import asyncio
import json
import os
import time
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

DONE = b"data: [DONE]"


@dataclass(frozen=True)
class Load:
    """What is sent where.

    Attributes:
        url: Of the API, ending in `/v1`.
        uds: Unix socket to connect to, whatever the host of `url`.
        key: API key, if one is needed.
        concurrency: Requests open at once.
        requests: In all.
        tokens: Of every answer, which is not allowed to end earlier.
        first: Number of the first request; prompts and seeds follow from it.
    """

    url: str
    model: str
    concurrency: int
    requests: int
    stream: bool
    tokens: int = 64
    uds: str | None = None
    key: str | None = None
    first: int = 0


@dataclass(frozen=True)
class Measured:
    """Times of one run. `ttft_ms` is until the first bytes of the body, `duration_ms` until the last.

    `first_failure` is the status and the last bytes of the first answer that was refused or broke off.
    """

    seconds: float
    tokens_per_s: float
    ttft_ms: list[float]
    duration_ms: list[float]
    generator_cpu_s: float
    failed: int
    first_failure: str | None


async def measure(load: Load) -> Measured:
    """Send the requests and take the times."""
    connector = aiohttp.UnixConnector(load.uds, limit=0) if load.uds else aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": f"Bearer {load.key}"} if load.key else {}
    timeout = aiohttp.ClientTimeout(total=600)
    numbers = iter(range(load.first, load.first + load.requests))
    answers: list[tuple[float, float] | str] = []
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:

        async def work() -> None:
            for number in numbers:
                answers.append(await _ask(session, load, number))

        cpu_before, started = time.process_time(), time.perf_counter()
        await asyncio.gather(*[work() for _ in range(load.concurrency)])
        seconds = time.perf_counter() - started
    good = [answer for answer in answers if not isinstance(answer, str)]
    bad = [answer for answer in answers if isinstance(answer, str)]
    return Measured(
        seconds=seconds,
        tokens_per_s=len(good) * load.tokens / seconds,
        ttft_ms=[1000 * first for first, _ in good],
        duration_ms=[1000 * last for _, last in good],
        generator_cpu_s=time.process_time() - cpu_before,
        failed=len(bad),
        first_failure=bad[0] if bad else None,
    )


async def _ask(session: aiohttp.ClientSession, load: Load, number: int) -> tuple[float, float] | str:
    """Seconds to the first and to the last bytes; status and last bytes if the answer was refused or broke off."""
    body: dict[str, Any] = {
        "model": load.model,
        "messages": [{"role": "user", "content": f"Tell me something about the number {number}."}],
        "max_tokens": load.tokens,
        "ignore_eos": True,
        "seed": number,
        "stream": load.stream,
    }
    started = time.perf_counter()
    first, last = 0.0, b""
    async with session.post(f"{load.url}/chat/completions", json=body) as answer:
        async for chunk in answer.content.iter_any():
            first = first or time.perf_counter() - started
            last = chunk
        whole = answer.status == 200 and (DONE in last if load.stream else last.endswith(b"}"))
    return (
        (first, time.perf_counter() - started) if whole else f"{answer.status} {last[-400:].decode(errors='replace')}"
    )


def main() -> None:
    """Measure what the command line says and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--uds")
    parser.add_argument("--first", type=int, default=0)
    load = Load(**vars(parser.parse_args()), key=os.environ.get("LOAD_KEY"))
    print(json.dumps(asdict(asyncio.run(measure(load)))))


if __name__ == "__main__":
    main()
