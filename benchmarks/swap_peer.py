"""What a change of the model costs without Attune: vLLM alone, ended and started again with other weights.

The same engine, with the settings that Attune gives it, listens on a port, and 16 clients ask it as in
`benchmarks.swap`; one whose request failed tries again after a pause. Each change is SIGTERM, the end of the process,
and a start with the other of two models. `python -m benchmarks.swap_peer --changes 10`.
"""

import argparse
import asyncio
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import percentile
from server.controller.command import command, environment
from server.controller.platform import detect
from server.controller.settings import EngineSettings
from tests.constant_load import Answered, ConstantLoad
from tests.processes import Process, free_port
from tests.random_adapter import write_random_adapters, write_whole_weights
from tests.stack import STARTER

SETTLE_S = 5.0
PAUSE_S = 0.25
_START_WITHIN_S = 300.0
_STOP_WITHIN_S = 60.0


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        silent_s: From the end of the former model's last answer to the first byte of the next one's first.
        cut: Requests that had reached the engine and failed.
        refused: Requests while nobody listened, a pause of `PAUSE_S` after each.
    """

    silent_s: float
    cut: int
    refused: int


def engine(model: Path, port: int, folder: Path) -> Process:
    """The engine on a port, as `attune up` would start it on a socket."""
    settings, platform = EngineSettings(), detect()
    on_socket = command(settings, platform, model=model, name="attune", socket=folder / "unused")
    place = on_socket.index("--uds")
    arguments = [*on_socket[:place], "--host", "127.0.0.1", "--port", str(port), *on_socket[place + 2 :]]
    return Process(arguments, folder / "engine.log", environment(settings, platform))


async def run(changes: int, concurrency: int, folder: Path) -> dict[str, Any]:
    """Makes the changes under load and returns the figures."""
    (adapter,) = write_random_adapters(STARTER, folder, 1)
    models = [STARTER, write_whole_weights(STARTER, adapter, folder / "whole")]
    port = free_port()
    load = ConstantLoad(f"http://127.0.0.1:{port}/v1", "none", concurrency, pause_s=PAUSE_S)
    times: list[tuple[float, float]] = []
    running = engine(models[0], port, folder)
    try:
        await asyncio.to_thread(_start, running, port)
        async with load:
            await asyncio.sleep(2 * SETTLE_S)  # what is usual
            for number in tqdm(range(changes), unit="change"):
                began = time.monotonic()
                await asyncio.to_thread(running.stop, _STOP_WITHIN_S)
                times.append((began, time.monotonic()))
                running = engine(models[(number + 1) % 2], port, folder)
                await asyncio.to_thread(_start, running, port)
                await asyncio.sleep(SETTLE_S)
    finally:
        running.kill()
    ends = [*(began for began, _ in times[1:]), math.inf]
    made = [change(load.answers, *when, until) for when, until in zip(times, ends, strict=True)]
    return {
        "concurrency": concurrency,
        "answers": len(load.answers),
        "failed": len(load.failures),
        "first_failures": load.failures[:5],
        "changes": [asdict(one) for one in made],
    }


def change(answers: Sequence[Answered], began: float, gone: float, until: float) -> Change:
    """What the clients saw of a change.

    Args:
        answers: All.
        began: When it was asked for, on the monotonic clock; the other two likewise.
        gone: When the former engine had ended: what was asked before, it has answered.
        until: When the next change was asked for.
    """
    good = [answer for answer in answers if answer.failure is None]
    last = max(answer.ended for answer in good if answer.began < gone)
    first = min(answer.first for answer in good if answer.began >= gone)
    failures = [answer.failure for answer in answers if answer.failure and began <= answer.ended < until]
    refused = sum(failure.startswith("ClientConnectorError") for failure in failures)
    return Change(first - last, len(failures) - refused, refused)


def report(figures: dict[str, Any]) -> list[str]:
    """The figures for people, as Markdown."""
    silent = [one["silent_s"] for one in figures["changes"]]
    cut, refused = (sum(one[name] for one in figures["changes"]) for name in ("cut", "refused"))
    return [
        f"{len(silent)} changes under {figures['concurrency']} clients: vLLM ended with SIGTERM, and started with the "
        "other of two models.",
        "",
        f"- seconds without any answer: p50 {percentile(silent, 0.5):.1f}, most {max(silent):.1f}",
        f"- answers: {figures['answers']:,}; failed: {figures['failed']}; of them cut when the engine ended: {cut}, "
        f"refused while nobody listened: {refused} ({PAUSE_S:g} s between the tries of a client)",
    ]


def _start(process: Process, port: int) -> None:
    process.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        process.wait_for(client, "/health", _START_WITHIN_S)


def main() -> None:
    """Runs it and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--concurrency", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        figures = asyncio.run(run(options.changes, options.concurrency, Path(name)))
    lines = report(figures)
    path = results.write("swap-peer", figures, lines)
    print("\n".join([*lines, "", f"written to {path}"]))


if __name__ == "__main__":
    main()
