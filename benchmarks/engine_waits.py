"""What it brings that the engine's processes sleep while they wait for each other, in place of spinning (decision 12).

`attune up` serves the starter, in turns with our plugin of vLLM and without. Each time a number of clients ask without
pause, and it is counted how many tokens they get; and beside 16 clients a process in a session of its own, as
far back as an engine, imports torch, as a second engine does at its start. `python -m benchmarks.engine_waits --help`.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from tqdm import tqdm

from benchmarks import results
from tests.constant_load import TOKENS, ConstantLoad
from tests.stack import Stack

Waits = Literal["sleep", "spin"]
CLIENTS = (1, 16, 64)
_BESIDE = 16
_LONGEST_IMPORT_S = 120.0
_IMPORT = "from server.controller.processes import stand_back; stand_back(5); import torch"


@dataclass(frozen=True)
class Round:
    """One start of Attune.

    Attributes:
        waits: What the engine's processes do while they wait.
        tokens_per_s: By the number of clients.
        import_s: Of torch in another process, beside 16 clients; at most 120, when it was given up.
    """

    waits: Waits
    tokens_per_s: dict[int, float]
    import_s: float


async def run_round(waits: Waits, seconds: float, folder: Path) -> Round:
    """Starts Attune, and measures."""
    stack = Stack(folder)
    if waits == "spin":
        stack.environment["VLLM_PLUGINS"] = ""
    stack.run()
    try:
        tokens = {clients: await _tokens_per_s(stack, clients, seconds) for clients in CLIENTS}
        async with ConstantLoad(stack.base_url, stack.secrets.app, _BESIDE):
            await asyncio.sleep(2)
            return Round(waits, tokens, await asyncio.to_thread(_import_s, stack.environment))
    finally:
        stack.stop()


async def _tokens_per_s(stack: Stack, clients: int, seconds: float) -> float:
    load = ConstantLoad(stack.base_url, stack.secrets.app, clients)
    async with load:
        await asyncio.sleep(2)
        began, before = time.monotonic(), len(load.answers)
        await asyncio.sleep(seconds)
        answered, took = len(load.answers) - before, time.monotonic() - began
    if load.failures:
        raise RuntimeError(f"{len(load.failures)} answers failed: {load.failures[0]}")
    return TOKENS * answered / took


def _import_s(environment: dict[str, str]) -> float:
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", _IMPORT], env=environment, start_new_session=True)
    try:
        process.wait(_LONGEST_IMPORT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return _LONGEST_IMPORT_S
    return time.monotonic() - began


def report(rounds: Sequence[Round]) -> list[str]:
    """The figures for people, as Markdown: medians, and all rounds in brackets."""
    heads = " | ".join(f"tokens/s, {clients} clients" for clients in CLIENTS)
    lines = [
        "Medians of the rounds, which alternate; all rounds in brackets. The last column is how long another process "
        f"takes to import torch beside {_BESIDE} clients, {_LONGEST_IMPORT_S:.0f} s at most.",
        "",
        f"| the engine's processes | {heads} | import torch, s |",
        "| --- |" + " --- |" * (len(CLIENTS) + 1),
    ]
    for waits in ("spin", "sleep"):
        of_kind = [one for one in rounds if one.waits == waits]
        cells = [_cell([one.tokens_per_s[clients] for one in of_kind], 0) for clients in CLIENTS]
        cells.append(_cell([one.import_s for one in of_kind], 1))
        lines.append(f"| {waits} | {' | '.join(cells)} |")
    return lines


def _cell(values: Sequence[float], digits: int) -> str:
    return f"{median(values):.{digits}f} ({', '.join(f'{value:.{digits}f}' for value in values)})"


def main() -> int:
    """Measures in turns, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="of each kind")
    parser.add_argument("--seconds", type=float, default=12, help="of each number of clients")
    options = parser.parse_args()
    rounds = []
    kinds: list[Waits] = ["spin", "sleep"] * options.rounds
    for waits in tqdm(kinds, desc="rounds"):
        with tempfile.TemporaryDirectory(prefix="attune-") as name:
            rounds.append(asyncio.run(run_round(waits, options.seconds, Path(name))))
    lines = report(rounds)
    path = results.write("engine-waits", {"rounds": [asdict(one) for one in rounds]}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
