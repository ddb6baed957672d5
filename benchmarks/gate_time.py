"""How long the gate takes, and how its time grows with the items and with the model.

The shipped tasks and open prompts, or a share of them, are asked of a base model and of an adapter over it that one
engine serves, as `attune eval compare` does it; the start of the engine is timed by itself.
`python -m benchmarks.gate_time --shares 0.25 0.5 1`; `--shape 0.5b` takes random weights in the shape of Qwen2.5-0.5B,
whose answers never end by themselves, so that they are as long as they may be.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from alignment.adapters import load_policy, lora_config
from alignment.lora import LoraSettings
from attune.gate import progress_bar
from attune.trial_engine import trial_engines
from benchmarks import results
from evals import comparison
from evals.answering import requests_of
from evals.endpoint import Endpoint, Served
from evals.tasks import shipped
from ledger.clock import utc_now
from ledger.records import ModelVersion
from tests.random_model import QWEN_HALF_BILLION, write_random_model
from tests.stack import STARTER


def write_adapter(model: Path, folder: Path) -> None:
    """An adapter as an alignment run makes it, which changes nothing yet: it costs as much as any."""
    from peft import get_peft_model

    get_peft_model(load_policy(model, None), lora_config(LoraSettings())).save_pretrained(folder)


@dataclass(frozen=True)
class Round:
    """One comparison: `answers` of both models together, in `seconds`."""

    share: float
    answers: int
    words: int
    seconds: float


async def measure(base: ModelVersion, adapter: ModelVersion, home: Path, shares: Sequence[float]) -> list[Round]:
    """Times a comparison for each share, after one that warms up; prints how long the engine took to start."""
    began, found = time.monotonic(), list[Round]()
    async with trial_engines(home, base, (adapter, base), print) as urls:
        ours, theirs = (Served(version.name, Endpoint(urls[version.name])) for version in (adapter, base))
        print(f"the engines were ready after {time.monotonic() - began:.0f} s")
        for share in (min(shares) / 4, *shares):
            found.append(await compared(ours, theirs, share))
            print(f"{share:.1%} of the items: {found[-1].answers} answers in {found[-1].seconds:.1f} s")
    return found[1:]


async def compared(candidate: Served, parent: Served, share: float) -> Round:
    """One comparison."""
    whole = [shipped.load(name) for name in shipped.names()]
    tasks = [replace(task, items=task.items[: max(1, round(share * len(task.items)))]) for task in whole]
    prompts = shipped.open_prompts()
    prompts = prompts[: max(1, round(share * len(prompts)))]
    wanted, began = 2 * requests_of(tasks, prompts), time.monotonic()
    with progress_bar(wanted) as answered:
        answers = await comparison.collect(candidate, parent, tasks, prompts, answered)
    seconds = time.monotonic() - began
    texts = [text for result in (*answers.candidate, *answers.parent) for item in result.items for text in item.answers]
    texts += [reply.whole for pair in answers.pairs for reply in (pair.candidate, pair.parent) if reply is not None]
    return Round(share, wanted, sum(len(text.split()) for text in texts if text is not None), seconds)


def table(found: Sequence[Round]) -> list[str]:
    """As Markdown."""
    lines = ["| items | answers | words | seconds | answers/s |", "| --- | --- | --- | --- | --- |"]
    return lines + [
        f"| {row.share:.0%} | {row.answers:,} | {row.words:,} | {row.seconds:.1f} | {row.answers / row.seconds:.1f} |"
        for row in found
    ]


def main() -> None:
    """Measures and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.25, 0.5, 1.0], help="of the shipped items")
    parser.add_argument("--shape", choices=["0.5b"], help="random weights in the shape of Qwen2.5-0.5B")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        home = Path(name)
        model = write_random_model(home / "model", QWEN_HALF_BILLION) if options.shape else STARTER
        write_adapter(model, home / "adapter")
        base = ModelVersion(1, None, "base", str(model), "b", "live", utc_now())
        adapter = ModelVersion(2, 1, "adapter", str(home / "adapter"), "a", "candidate", utc_now())
        found = asyncio.run(measure(base, adapter, home, options.shares))
    lines = [f"The gate's questions to {options.shape or 'the starter'}, both models, without the start.", ""]
    lines += table(found)
    title = f"gate_time-{options.shape}" if options.shape else "gate_time"
    print("\n".join([*lines, "", f"written to {results.write(title, {'rounds': [*map(asdict, found)]}, lines)}"]))


if __name__ == "__main__":
    main()
