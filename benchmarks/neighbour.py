"""One key asks for far more than the engine can do: how long does another wait for its first token?

`attune up` serves the starter, or with `--shape 135m` random weights in the shape of SmolLM2-135M. Twenty clients with
one key ask without pause for 8 prompts times `n` 8 with 900 tokens each, refused ones again after a second. Meanwhile
somebody with another key asks for a short stream every so often. Then the first key is alone, to see what it gets
done. `--label` names the result; of a revision before this benchmark, run the file from a checkout of that one.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import results
from benchmarks.intervals import percentile
from tests.random_model import Shape, write_random_model
from tests.stack import Stack

SHAPE = Shape(hidden_size=576, layers=30, heads=9, kv_heads=3, ffn_size=1536, vocab_size=49_152)
WITHIN_S = 2.0
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True)
class Plan:
    """The load. `clients` ask for `prompts` times `choices` answers of `tokens` each."""

    seconds: float
    clients: int = 20
    prompts: int = 8
    choices: int = 8
    tokens: int = 900
    pause_s: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """What the neighbour saw, in seconds; a refusal or 60 s without a token count as 60 s.

    `statuses` are those of the key that asks for much; `alone_tokens_per_s` is what 20 clients of one key get
    generated with nobody else there.
    """

    first_token_s: list[float]
    failures: list[str]
    statuses: dict[str, int]
    alone_tokens_per_s: float

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
        many = [asyncio.create_task(_ask_much(session, stack, plan, statuses)) for _ in range(plan.clients)]
        await asyncio.sleep(5)
        found = []
        until = time.monotonic() + plan.seconds
        while time.monotonic() < until:
            found.append(await _first_token(session, stack))
            await asyncio.sleep(plan.pause_s)
        before, began = _generated(stack), time.monotonic()
        await asyncio.sleep(min(20.0, plan.seconds))
        rate = (_generated(stack) - before) / (time.monotonic() - began)
        for task in many:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)
    failures = [answer for answer in found if isinstance(answer, str)]
    times = [LONGEST_WAIT_S if isinstance(answer, str) else round(answer, 3) for answer in found]
    return Outcome(times, failures, dict(statuses), round(rate, 1))


async def _ask_much(session: aiohttp.ClientSession, stack: Stack, plan: Plan, statuses: Counter[str]) -> None:
    body = {
        "model": "attune",
        "prompt": [f"Tell me a long story about the number {number}." for number in range(plan.prompts)],
        "n": plan.choices,
        "max_tokens": plan.tokens,
        "ignore_eos": True,
    }
    while True:
        headers = {"Authorization": f"Bearer {stack.secrets.app}"}
        async with session.post(f"{stack.base_url}/completions", json=body, headers=headers) as answer:
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


def _generated(stack: Stack) -> float:
    """Tokens that the engine has generated."""
    with stack.engine_client() as engine:
        lines = engine.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("vllm:generation_tokens_total{"))


def run(plan: Plan, shape: str | None) -> Outcome:
    """One start of Attune."""
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        model = write_random_model(Path(name) / "model", SHAPE) if shape else None
        stack = Stack(Path(name), model)
        stack.run()
        try:
            return asyncio.run(measure(stack, plan))
        finally:
            stack.stop()


def report(outcome: Outcome, plan: Plan) -> list[str]:
    """The outcome as Markdown."""
    times = outcome.first_token_s
    return [
        f"{plan.clients} clients of one key, each {plan.prompts} prompts x n {plan.choices} x {plan.tokens} tokens; "
        f"answers by status: {json.dumps(outcome.statuses)}.",
        "",
        "| neighbour's requests | failed | first token p50, s | p95, s | max, s | one key alone, tokens/s |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| {len(times)} | {len(outcome.failures)} | {percentile(times, 0.5):.2f} | {outcome.p95_s:.2f} | "
        f"{max(times):.2f} | {outcome.alone_tokens_per_s:.0f} |",
        "",
        f"{'Good' if outcome.good else '**Not good**'}: the first token within {WITHIN_S:g} s at the 95th percentile.",
        *sorted({f"- {failure}" for failure in outcome.failures}),
    ]


def main() -> int:
    """Exit status 0 if the neighbour was answered in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=["135m"], help="random weights in the shape of SmolLM2-135M")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=Plan.clients)
    parser.add_argument("--label", default="", help="added to the result's name")
    options = parser.parse_args()
    plan = Plan(options.seconds, options.clients)
    outcome = run(plan, options.shape)
    lines = report(outcome, plan)
    name = "-".join(part for part in ("neighbour", options.shape or "starter", options.label) if part)
    path = results.write(name, {"plan": asdict(plan), "outcome": asdict(outcome)}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
