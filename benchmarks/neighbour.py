"""One key asks for far more than the engine can do: how long does another wait for its first token?

`attune up` serves the starter, or with `--shape 135m` random weights in the shape of SmolLM2-135M. Twenty clients with
one key ask without pause for what an attack of `benchmarks/neighbour_attacks.py` asks for, by default 8 prompts times
`n` 8 with 900 tokens each; refused ones again after a second. Meanwhile somebody with another key asks for a short
stream every so often. Then the first key is alone, to see what it gets done. `--attack` may be given several times: one
start of Attune serves them all, one after the other. `--label` names the result; of a revision before this benchmark,
run the file from a checkout of that one.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import results
from benchmarks.intervals import percentile
from benchmarks.neighbour_attacks import ATTACKS, Attack
from tests.random_model import Shape, write_random_model
from tests.stack import Stack

SHAPE = Shape(hidden_size=576, layers=30, heads=9, kv_heads=3, ffn_size=1536, vocab_size=49_152)
WITHIN_S = 2.0
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True)
class Plan:
    """The load: `clients` ask for what the attack of this name asks for."""

    seconds: float
    clients: int = 20
    attack: str = "answers"
    pause_s: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """What the neighbour saw, in seconds; a refusal or 60 s without a token count as 60 s.

    `statuses` are those of the key that asks for much; `alone_tokens_per_s` is what the clients of one key
    get generated with nobody else there; None for attacks that are not about generating.
    """

    first_token_s: list[float]
    failures: list[str]
    statuses: dict[str, int]
    alone_tokens_per_s: float | None

    @property
    def p95_s(self) -> float:
        """Of the neighbour's first token."""
        return percentile(self.first_token_s, 0.95)

    @property
    def good(self) -> bool:
        """Whether the neighbour was answered in time."""
        return self.p95_s <= WITHIN_S and not self.failures


async def measure(stack: Stack, plan: Plan) -> Outcome:
    """Loads the engine, and asks beside the load."""
    statuses: Counter[str] = Counter()
    timeout = aiohttp.ClientTimeout(total=None, sock_read=600)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        await _first_token(session, stack)
        attack = ATTACKS[plan.attack]
        many = [asyncio.create_task(_ask_much(session, stack, attack, n, statuses)) for n in range(plan.clients)]
        await asyncio.sleep(5)
        found = []
        until = time.monotonic() + plan.seconds
        while time.monotonic() < until:
            found.append(await _first_token(session, stack))
            await asyncio.sleep(plan.pause_s)
        rate = await _rate(stack, min(20.0, plan.seconds)) if plan.attack == Plan.attack else None
        for task in many:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)
    failures = [answer for answer in found if isinstance(answer, str)]
    times = [LONGEST_WAIT_S if isinstance(answer, str) else round(answer, 3) for answer in found]
    return Outcome(times, failures, dict(statuses), rate)


async def _ask_much(
    session: aiohttp.ClientSession, stack: Stack, attack: Attack, client: int, statuses: Counter[str]
) -> None:
    headers = {"Authorization": f"Bearer {stack.secrets.app}"}
    while True:
        async with session.post(f"{stack.root_url}{attack.path}", json=attack.body(client), headers=headers) as answer:
            await answer.read()
            statuses[str(answer.status)] += 1
        if answer.status != 200:
            await asyncio.sleep(1)


async def _first_token(session: aiohttp.ClientSession, stack: Stack) -> float | str:
    """Seconds until a token, or why there was none."""
    messages = [{"role": "user", "content": "Hello!"}]
    body: dict[str, Any] = {"model": "attune", "messages": messages, "stream": True, "max_tokens": 8}
    headers = {"Authorization": f"Bearer {stack.secrets.stranger}"}
    began = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST_WAIT_S):
            async with session.post(f"{stack.base_url}/chat/completions", json=body, headers=headers) as answer:
                if answer.status != 200:
                    return f"{answer.status} {(await answer.text())[:200]}"
                async for line in answer.content:
                    if b'"content":"' in line.replace(b'"content":""', b""):
                        return time.monotonic() - began
    except TimeoutError:
        return f"no token within {LONGEST_WAIT_S:g} s"
    return "a stream without a token"


async def _rate(stack: Stack, seconds: float) -> float:
    before, began = _generated(stack), time.monotonic()
    await asyncio.sleep(seconds)
    return round((_generated(stack) - before) / (time.monotonic() - began), 1)


def _generated(stack: Stack) -> float:
    """Tokens that the engine has generated."""
    with stack.engine_client() as engine:
        lines = engine.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("vllm:generation_tokens_total{"))


def run(plans: list[Plan], shape: str | None) -> list[Outcome]:
    """One start of Attune, and one attack after the other."""
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        model = write_random_model(Path(name) / "model", SHAPE) if shape else None
        stack = Stack(Path(name), model)
        stack.run()
        try:
            return [asyncio.run(measure(stack, plan)) for plan in plans]
        finally:
            stack.stop()


def report(outcomes: list[Outcome], plans: list[Plan]) -> list[str]:
    """The outcomes as Markdown."""
    lines = [
        f"{plans[0].clients} clients of one key; the load of the machine was {os.getloadavg()[1]:.0f} on "
        f"{os.cpu_count()} cores.",
        "",
        "| what each asks for | its answers by status | neighbour's requests | failed | first token p50, s | p95, s "
        "| max, s | one key alone, tokens/s | in time |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for plan, outcome in zip(plans, outcomes, strict=True):
        times, alone = outcome.first_token_s, outcome.alone_tokens_per_s
        cells = [
            ATTACKS[plan.attack].says.replace("|", r"\|"),
            json.dumps(outcome.statuses),
            str(len(times)),
            str(len(outcome.failures)),
            *(f"{value:.2f}" for value in (percentile(times, 0.5), outcome.p95_s, max(times))),
            "-" if alone is None else f"{alone:.0f}",
            "yes" if outcome.good else "**no**",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    failures = sorted({f"- {failure}" for outcome in outcomes for failure in outcome.failures})
    return [*lines, "", f"In time: the first token within {WITHIN_S:g} s at the 95th percentile.", *failures]


def main() -> int:
    """Exit status 0 if the neighbour was answered in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=["135m"], help="random weights in the shape of SmolLM2-135M")
    parser.add_argument("--seconds", type=float, default=60, help="of each attack")
    parser.add_argument("--clients", type=int, default=Plan.clients)
    parser.add_argument("--attack", choices=[*ATTACKS, "all"], action="append", help="what the clients ask for")
    parser.add_argument("--label", default="", help="added to the result's name")
    options = parser.parse_args()
    wanted = options.attack or ["answers"]
    plans = [Plan(options.seconds, options.clients, name) for name in (ATTACKS if "all" in wanted else wanted)]
    outcomes = run(plans, options.shape)
    lines = report(outcomes, plans)
    name = "-".join(part for part in ("neighbour", options.shape or "starter", options.label) if part)
    runs = [{"plan": asdict(plan), "outcome": asdict(found)} for plan, found in zip(plans, outcomes, strict=True)]
    path = results.write(name, {"runs": runs}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
