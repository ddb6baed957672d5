"""Ten times the gateway's capacity: refusals come at once and say when to try again; the rest is answered.

The fake engine takes `service_s` for every answer and the gateway admits `max_concurrent` at once, so the capacity is
max_concurrent / service_s requests a second. Requests arrive at ten times that rate, whatever became of earlier ones.
`python -m benchmarks.overload --help`.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import percentile
from tests.processes import FakeEngineProcess, GatewayProcess


@dataclass(frozen=True)
class Plan:
    """The load and the gateway's bounds.

    Attributes:
        seconds: How long requests arrive.
        factor: Times the capacity.
        service_s: Of one answer.
        prompt_bytes: Of every request, so that queued requests weigh something.
    """

    seconds: float = 60
    factor: float = 10
    service_s: float = 1.0
    max_concurrent: int = 32
    max_queue: int = 32
    prompt_bytes: int = 4000  # so much takes one place

    @property
    def capacity_per_s(self) -> float:
        """Answers that the engine can give in a second."""
        return self.max_concurrent / self.service_s


@dataclass(frozen=True)
class Answer:
    """One request's fate. `status` is 0 when the connection failed."""

    status: int
    seconds: float
    retry_after: str | None


@dataclass(frozen=True)
class Outcome:
    """What clients saw, and the gateway's memory.

    Rates are over the time in which requests arrive: each place that is free then is taken at once by a request that
    is answered, if only after the last one has arrived.
    """

    sent: int
    offered_per_s: float
    capacity_per_s: float
    answered: int
    answered_per_s: float
    statuses: dict[str, int]
    refusals: int
    refusals_without_retry_after: int
    refusal_ms_p50: float
    refusal_ms_p99: float
    refusal_ms_max: float
    answered_s_p99: float
    rss_before_mib: float
    rss_peak_mib: float
    rss_after_mib: float

    @property
    def good(self) -> bool:
        """Refused within a second (p99) with Retry-After; no other failure; capacity used; memory bounded."""
        orderly = set(self.statuses) <= {"200", "429", "503"} and self.refusals_without_retry_after == 0
        used = self.answered_per_s >= 0.9 * self.capacity_per_s
        return orderly and used and self.refusal_ms_p99 <= 1000 and self.rss_peak_mib <= self.rss_before_mib + 256


async def overload(plan: Plan, folder: Path) -> Outcome:
    """Load the gateway, and say what became of it."""
    tokens = 10
    with FakeEngineProcess(folder) as engine:
        engine.behave(tokens=tokens, first_token_delay_s=plan.service_s / tokens, token_delay_s=plan.service_s / tokens)
        gateway = GatewayProcess(
            folder,
            database_url=f"sqlite:///{folder / 'ledger.db'}",
            max_concurrent=plan.max_concurrent,
            max_queue=plan.max_queue,
        )
        gateway.serve(engine.url)
        gateway.run()
        process = psutil.Process(gateway.pid)
        try:
            await _send(plan, gateway, seconds=2, factor=0.5)  # imports, pools and caches are filled
            before = process.memory_info().rss
            memory: list[int] = [before]
            watcher = asyncio.create_task(_watch(process, memory))
            answers = await _send(plan, gateway, seconds=plan.seconds, factor=plan.factor)
            await asyncio.sleep(1)
            watcher.cancel()
            after = process.memory_info().rss
        finally:
            gateway.stop()
    return _outcome(plan, answers, memory=(before, max(memory), after))


async def _send(plan: Plan, gateway: GatewayProcess, *, seconds: float, factor: float) -> list[Answer]:
    """Requests at a fixed rate, each in its own time: a slow answer does not delay the next request."""
    interval_s = 1 / (plan.capacity_per_s * factor)
    body = {"model": "attune", "messages": [{"role": "user", "content": "word " * (plan.prompt_bytes // 5)}]}
    headers = {"Authorization": f"Bearer {gateway.secrets.app}"}
    timeout = aiohttp.ClientTimeout(total=30)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector) as session:
        url = f"{gateway.base_url}/chat/completions"
        tasks = []
        started = time.monotonic()
        with tqdm(total=int(seconds), desc=f"{factor:g} x capacity", unit="s", leave=False) as progress:
            while (elapsed_s := time.monotonic() - started) < seconds:
                due = int(elapsed_s / interval_s) + 1 - len(tasks)
                tasks += [asyncio.create_task(_ask(session, url, body)) for _ in range(due)]
                progress.update(int(elapsed_s) - progress.n)
                await asyncio.sleep(interval_s)
        return await asyncio.gather(*tasks)


async def _ask(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> Answer:
    started = time.monotonic()
    try:
        async with session.post(url, json=body) as answer:
            await answer.read()
            return Answer(answer.status, time.monotonic() - started, answer.headers.get("Retry-After"))
    except (aiohttp.ClientError, TimeoutError):
        return Answer(0, time.monotonic() - started, None)


async def _watch(process: psutil.Process, memory: list[int]) -> None:
    while True:
        await asyncio.sleep(0.25)
        memory.append(process.memory_info().rss)


def _outcome(plan: Plan, answers: list[Answer], memory: tuple[int, int, int]) -> Outcome:
    answered = [answer.seconds for answer in answers if answer.status == 200]
    refusals = [answer for answer in answers if answer.status in {429, 503}]
    times_ms = [1000 * refusal.seconds for refusal in refusals]
    before, peak, after = (round(size / 2**20, 1) for size in memory)
    return Outcome(
        sent=len(answers),
        offered_per_s=round(len(answers) / plan.seconds, 1),
        capacity_per_s=plan.capacity_per_s,
        answered=len(answered),
        answered_per_s=round(len(answered) / plan.seconds, 1),
        statuses=dict(Counter(str(answer.status) for answer in answers)),
        refusals=len(refusals),
        refusals_without_retry_after=sum(refusal.retry_after is None for refusal in refusals),
        refusal_ms_p50=round(percentile(times_ms, 0.5), 1) if times_ms else 0.0,
        refusal_ms_p99=round(percentile(times_ms, 0.99), 1) if times_ms else 0.0,
        refusal_ms_max=round(max(times_ms, default=0.0), 1),
        answered_s_p99=round(percentile(answered, 0.99), 2) if answered else 0.0,
        rss_before_mib=before,
        rss_peak_mib=peak,
        rss_after_mib=after,
    )


def run(plan: Plan) -> Outcome:
    """One overload in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="attune-") as folder:
        return asyncio.run(overload(plan, Path(folder)))


def report(outcome: Outcome) -> list[str]:
    """The outcome as Markdown."""
    rows = [f"| {name.replace('_', ' ')} | {value} |" for name, value in asdict(outcome).items()]
    return ["| | |", "| --- | --- |", *rows, "", "All good." if outcome.good else "**Not good.**"]


def main() -> int:
    """Exit status 0 if the overload was borne as promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=Plan.seconds)
    parser.add_argument("--factor", type=float, default=Plan.factor)
    options = parser.parse_args()
    plan = Plan(seconds=options.seconds, factor=options.factor)
    outcome = run(plan)
    lines = report(outcome)
    path = results.write("overload", {"plan": asdict(plan), "outcome": asdict(outcome)}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
