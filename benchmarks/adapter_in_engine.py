"""Whether vLLM serves an adapter that a run registered: loaded unchanged as LoRA, it computes what PEFT computes.

A short run (DPO, on comparisons with a taste) makes a version of the starter model; its folder is loaded by vLLM and by
transformers with PEFT, and both are asked for the log-probability of every token of held-out conversations, in float32
and in bfloat16. In float32 vLLM must also give the log-probabilities that the version's `probe.json` holds.
`python -m benchmarks.adapter_in_engine`; `--adapter FOLDER` takes a version of the starter that there is.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from alignment import learners, run
from alignment.config import parse
from alignment.probe import Probe
from alignment.recorded_run import Job
from benchmarks import results
from benchmarks.alignment_crash import write_rows
from benchmarks.starter_logprobs import (
    DTYPES,
    Difference,
    by_transformers,
    by_vllm,
    conversations,
    difference,
    table,
)
from ledger.database import Database
from tests.stack import STARTER

# As far apart as the two are for the base model: see starter_logprobs.
LARGEST_IN_FLOAT32, MEAN_IN_BFLOAT16 = 0.005, 0.05
# An engine that ignored the adapter must not pass.
LEAST_CHANGE = 10 * LARGEST_IN_FLOAT32


@dataclass(frozen=True)
class Found:
    """What was measured.

    Attributes:
        engine: vLLM against transformers with PEFT, in each dtype.
        probe: vLLM in float32 against the version's `probe.json`.
        change: transformers with the adapter against without, in float32: what the adapter does at all.
    """

    engine: Sequence[Difference]
    probe: Difference
    change: Difference

    @property
    def good(self) -> bool:
        """Whether the engine serves the adapter."""
        by_dtype = {found.dtype: found for found in self.engine}
        return (
            by_dtype["float32"].largest <= LARGEST_IN_FLOAT32
            and by_dtype["bfloat16"].mean <= MEAN_IN_BFLOAT16
            and self.probe.largest <= LARGEST_IN_FLOAT32
            and self.change.mean >= LEAST_CHANGE
        )


def registered_adapter(home: Path) -> Path:
    """Makes a version of the starter model in a new home; returns its folder."""
    rows = home / "rows.jsonl"
    write_rows(rows, 300)
    config = parse({"algorithm": "dpo", "base_model": str(STARTER), "from_file": str(rows)}, "the benchmark")
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    try:
        return Path(run.start(Job(database, home, learners.real(), print), config).path)
    finally:
        database.close()


def measure(adapter: Path, size: int) -> Found:
    """Asks both for the same log-probabilities."""
    probe = Probe.model_validate_json((adapter / "probe.json").read_bytes())
    texts = conversations(size)
    everything = texts + [list(text.token_ids) for text in probe.texts]
    ours = {dtype: by_transformers(texts, dtype, adapter) for dtype in DTYPES}
    theirs = {dtype: by_vllm(everything, dtype, adapter) for dtype in DTYPES}
    probed = difference("float32", [list(text.logprobs) for text in probe.texts], theirs["float32"][len(texts) :])
    return Found(
        engine=[difference(dtype, ours[dtype], theirs[dtype][: len(texts)]) for dtype in DTYPES],
        probe=replace(probed, dtype="float32, against probe.json"),
        change=difference("float32", ours["float32"], by_transformers(texts, "float32")),
    )


def main() -> int:
    """Measures and writes the figures; exit status 0 if the engine serves the adapter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", type=Path, metavar="FOLDER", help="of a version; without it one is made")
    parser.add_argument("--conversations", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        adapter = arguments.adapter or registered_adapter(Path(name))
        found = measure(adapter.resolve(), arguments.conversations)
    lines = [
        f"Absolute difference of log-probabilities (nats) on {arguments.conversations} held-out conversations, with a",
        "registered adapter: vLLM with the folder as LoRA against transformers with PEFT.",
        "",
        *table([*found.engine, found.probe]),
        "",
        f"The adapter itself moves them by {found.change.mean:.3f} in the mean, {found.change.largest:.3f} at most.",
        f"Asked: at most {LARGEST_IN_FLOAT32} in float32, a mean of at most {MEAN_IN_BFLOAT16} in bfloat16, and an",
        f"adapter that moves them by at least {LEAST_CHANGE} in the mean.",
        "",
        "All good." if found.good else "**Not good.**",
    ]
    path = results.write("adapter_in_engine", asdict(found) | {"good": found.good}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0 if found.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
