"""How far the probe's log-probabilities lie apart: for the same weights in bfloat16, and for other weights.

The tolerance of `server/controller/probe.py` must lie between the two. The starter and random adapters on it are each
computed by transformers in float32, as registered, and in bfloat16, as an engine may serve them.
`python -m benchmarks.probe_margins`.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import permutations
from pathlib import Path

from tqdm import tqdm

from alignment import probe
from alignment.probe import Probe
from benchmarks import results
from server.controller.probe import ROUNDED, Distance, distance
from tests.random_adapter import write_random_adapters
from tests.stack import STARTER


@dataclass(frozen=True, slots=True)
class Pair:
    """What is served, what is registered, and how far the two lie apart in nats.

    Attributes:
        largest: Of all tokens; no bound is set for it.
    """

    served: int
    registered: int
    apart: Distance
    largest: float

    @property
    def passes(self) -> bool:
        """Whether the probe takes the one for the other."""
        return self.apart.within(ROUNDED)


def flat(found: Probe) -> list[float]:
    """The log-probabilities of all texts, one after another."""
    return [value for text in found.texts for value in text.logprobs]


def compare(registered: Sequence[Probe], served: Sequence[Probe]) -> list[Pair]:
    """Each model beside its own registered figures, then each in place of every other."""
    numbers = range(len(registered))
    both = [(number, number) for number in numbers] + list(permutations(numbers, 2))
    return [
        Pair(s, r, distance(flat(served[s]), flat(registered[r])), probe.largest_difference(served[s], registered[r]))
        for s, r in both
    ]


def report(pairs: Sequence[Pair], tokens: int) -> list[str]:
    """Lines of Markdown: the range of each figure, for right and for wrong weights."""
    lines = [
        f"{tokens} tokens a model; allowed: {ROUNDED.median} nats in the median, {ROUNDED.mean} on average.",
        "",
        "| served in place of the registered | n | median | mean | largest | pass |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, right in (("the same weights", True), ("other weights", False)):
        chosen = [pair for pair in pairs if (pair.served == pair.registered) is right]
        columns = (
            [pair.apart.median for pair in chosen],
            [pair.apart.mean for pair in chosen],
            [pair.largest for pair in chosen],
        )
        ranges = " | ".join(f"{min(values):.3f} to {max(values):.3f}" for values in columns)
        lines.append(f"| {name} | {len(chosen)} | {ranges} | {sum(pair.passes for pair in chosen)} |")
    return lines


def main() -> None:
    """Measures, writes the result, and fails if right weights do not pass or wrong ones do."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probe_margins", description=__doc__)
    parser.add_argument("--adapters", type=int, default=20)
    count = parser.parse_args().adapters
    with tempfile.TemporaryDirectory() as folder:
        adapters = [None, *write_random_adapters(STARTER, Path(folder), count)]
        registered, served = (
            [probe.compute(STARTER, adapter, dtype) for adapter in tqdm(adapters, desc=dtype)]
            for dtype in ("float32", "bfloat16")
        )
    pairs = compare(registered, served)
    figures = {"allowed": asdict(ROUNDED), "pairs": [asdict(pair) for pair in pairs]}
    print(results.write("probe-margins", figures, report(pairs, len(flat(registered[0])))).read_text())
    if any(pair.passes != (pair.served == pair.registered) for pair in pairs):
        raise SystemExit("The tolerance does not tell right weights from wrong ones.")


if __name__ == "__main__":
    main()
