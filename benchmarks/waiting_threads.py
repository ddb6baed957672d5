"""How long a training step takes by how torch's threads wait for each other: alone, and beside another process.

`python -m benchmarks.waiting_threads`. A step is a forward and a backward pass of the starter on 16 rows of 96 tokens,
in float32 on as many threads as there are cores; every measurement is a process of its own, in turns.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from attune.threads import SPINS
from benchmarks import results

SETTINGS: dict[str, dict[str, str]] = {
    "libgomp's default": {},
    "as in alignment runs": {"GOMP_SPINCOUNT": SPINS},
    "1,000 spins": {"GOMP_SPINCOUNT": "1000"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
NEIGHBOURS = ("none", "a loop on one core", "the same training")
_NAMES = ("GOMP_SPINCOUNT", "OMP_NUM_THREADS", "OMP_WAIT_POLICY")


def steps(model: Path, seconds: float) -> None:
    """Trains for so long, and prints how long a step took in the median, in seconds."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    trained = AutoModelForSequenceClassification.from_pretrained(model, num_labels=1, dtype=torch.float32)
    optimiser = torch.optim.AdamW(trained.parameters(), lr=1e-5)
    tokens = torch.randint(5, trained.config.vocab_size, (16, 96))
    taken: list[float] = []
    end = time.monotonic() + seconds
    while len(taken) < 2 or time.monotonic() < end:
        began = time.monotonic()
        optimiser.zero_grad()
        trained(input_ids=tokens).logits.mean().backward()
        optimiser.step()
        taken.append(time.monotonic() - began)
    print(statistics.median(taken[1:]))


def training(model: Path, seconds: float, setting: str) -> subprocess.Popen[str]:
    """A process that runs `steps`."""
    environment = {name: value for name, value in os.environ.items() if name not in _NAMES} | SETTINGS[setting]
    command = [sys.executable, "-m", "benchmarks.waiting_threads", "--model", str(model), "--steps-for", str(seconds)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@contextlib.contextmanager
def neighbour(kind: str, model: Path, setting: str) -> Iterator[None]:
    """Another process that is busy meanwhile."""
    if kind == "none":
        yield
        return
    endless = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if kind != "the same training" else None
    other = endless or training(model, 3600, setting)
    try:
        # A training needs a while until it is at work.
        time.sleep(0 if endless else 12)
        yield
    finally:
        other.kill()
        other.wait()


def main() -> None:
    """Measures in turns and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/starter"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--steps-for", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.steps_for is not None:
        steps(options.model, options.steps_for)
        return
    cells = [(kind, setting) for _ in range(options.rounds) for kind in NEIGHBOURS for setting in SETTINGS]
    found: dict[tuple[str, str], list[float]] = {}
    for kind, setting in tqdm(cells, unit="process"):
        with neighbour(kind, options.model, setting):
            said, _ = training(options.model, options.seconds, setting).communicate()
        found.setdefault((kind, setting), []).append(float(said))
    lines = [f"Seconds a step, median of {options.rounds} processes (least, most).", ""]
    lines += [f"| beside | {' | '.join(SETTINGS)} |", f"| --- |{' --- |' * len(SETTINGS)}"]
    for kind in NEIGHBOURS:
        row = [found[kind, setting] for setting in SETTINGS]
        shown = (f"{statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f})" for times in row)
        lines.append(f"| {kind} | {' | '.join(shown)} |")
    figures = [{"beside": kind, "setting": setting, "seconds": times} for (kind, setting), times in found.items()]
    print("\n".join([*lines, "", f"written to {results.write('waiting_threads', {'cells': figures}, lines)}"]))


if __name__ == "__main__":
    main()
