"""What memory the stages of a run take, beside what was reckoned, under several limits, and before there were any.

A model of random weights in the shape of SmolLM2-135M, and 48 comparisons and 48 thumbs of realistic length (prompts
and answers of 40 to 300 tokens). Each stage runs in a process of its own, for a step or two: memory is what one step
takes. No process may pass `--cap` GiB: the kernel refuses it more.
`python -m benchmarks.alignment_memory [--old CHECKOUT]`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

from alignment.preferences import Comparison, Message, Thumb, write_rows
from benchmarks import results
from tests.random_model import Shape, write_random_model
from tests.stack import STARTER

SMOLLM2 = Shape(hidden_size=576, layers=30, heads=9, kv_heads=3, ffn_size=1536, vocab_size=49_152)
_CHILD = Path(__file__).with_name("alignment_memory_stage.py")
_ROOT = Path(__file__).parents[1]
_CONFIG: dict[str, Any] = {
    "reward_model": {"most_steps": 1, "shuffled_control": True, "bootstrap": 100},
    "preference": {"epochs": 0.33},  # one step of 16 rows
    "ppo": {
        "rollouts": 1,
        "prompts_per_rollout": 8,
        "minibatches": 1,
        "ppo_epochs": 1,
        "max_new_tokens": 48,
        "eval_prompts": 4,
    },
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One stage in one process.

    Attributes:
        code: `this` revision, or the one `before`.
        figures: As the child said them.
    """

    model: str
    code: str
    stage: str
    limit_gib: float | None
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the benchmark works, and how much a process may have."""

    work: Path
    old: Path | None
    cap_gib: float

    def measure(self, name: str, model: Path, stage: str, limit_gib: float | None, code: str = "this") -> Measured:
        """Runs one stage in a process of its own."""
        out = self.work / f"{name}-{code}-{limit_gib or 'none'}" / stage
        given = {
            "stage": stage,
            "model": str(model),
            "snapshot": str(self.work / "snapshot"),
            "out": str(out),
            "judge": str(self.work / f"{name}-judge"),
            "limit_gib": limit_gib,
            "cap_bytes": int(self.cap_gib * 2**30),
            "config": _CONFIG,
        }
        root = _ROOT if code == "this" or self.old is None else self.old
        done = subprocess.run(
            [sys.executable, str(_CHILD), json.dumps(given)],
            cwd=self.work,
            env=os.environ | {"PYTHONPATH": str(root), "GOMP_SPINCOUNT": "10000", "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        said = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        figures = json.loads(said[-1].removeprefix("RESULT ")) if said else {"error": done.stderr[-300:], "peak_mib": 0}
        judge = self.work / f"{name}-judge"
        if stage == "reward-model" and (out / "model").is_dir() and not judge.exists():
            judge.symlink_to(out)
        return Measured(name, code, stage, limit_gib, figures)


def write_snapshot(folder: Path, rows: int = 48, seed: int = 11) -> Path:
    """Comparisons and thumbs of random words; lengths are uniform, as tokens of a byte-level tokenizer."""
    random = Random(seed)
    folder.mkdir(parents=True)

    def text() -> str:
        return "".join(random.choices("abcdefghijklmnop ", k=random.randint(40, 300)))

    for part, count in (("train", rows), ("heldout", 8)):
        prompts = [(Message(role="user", content=text()),) for _ in range(count)]
        shared = [{"id": str(row), "prompt": prompt, "rater": f"r{row % 40}"} for row, prompt in enumerate(prompts)]
        write_rows(
            folder / f"comparisons.{part}.jsonl",
            [Comparison(**row, chosen=text(), rejected=text(), source="preferred_over") for row in shared],
        )
        write_rows(
            folder / f"thumbs.{part}.jsonl",
            [
                Thumb(**row, completion=text(), liked=number % 2 == 0, source="thumb")
                for number, row in enumerate(shared)
            ],
        )
        lines = [json.dumps({"prompt": [message.model_dump() for message in prompt]}) for prompt in prompts]
        (folder / f"prompts.{part}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def plan(limits: Sequence[float], old: bool) -> Iterator[tuple[str, str, float | None, str]]:
    """What is measured, in order: model, stage, limit, code. A reward model comes before the PPO that needs it."""
    middle = sorted(limits)[len(limits) // 2]
    first = [("reward-model", middle), ("ppo", middle), ("dpo", middle), ("kto", middle)]
    rest = [(stage, limit) for limit in limits for stage in ("reward-model", "dpo", "ppo", "sft", "kto")]
    for stage, limit in [*first, *(pair for pair in rest if pair not in first)]:
        yield "135m", stage, limit, "this"
        if old and (stage, limit) in (first[0], first[2]):
            yield "135m", stage, None, "before"
    for stage in ("reward-model", "ppo", "dpo"):
        yield "starter", stage, 2.0, "this"


def report(found: Sequence[Measured], cap_gib: float) -> list[str]:
    """Lines of Markdown."""
    lines = [
        f"Peak resident memory of one process a stage, in MiB. No process could have more than {cap_gib:g} GiB.",
        "",
        "| model | code | stage | limit | predicted | measured | tokens at once | checkpointing | s | error |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in found:
        figures = row.figures
        limit = "none" if row.limit_gib is None else f"{row.limit_gib * 1024:.0f}"
        cells = [row.model, row.code, row.stage, limit, figures.get("predicted_mib", "-"), figures["peak_mib"]]
        cells += [figures.get("tokens_at_once", "-"), figures.get("checkpointing", "-")]
        cells += [figures.get("seconds", "-"), figures["error"] or "-"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    bounded = [row for row in found if row.limit_gib and not row.figures["error"]]
    kept = sum(row.figures["peak_mib"] <= row.limit_gib * 1024 for row in bounded if row.limit_gib)
    return [*lines, "", f"{kept} of {len(bounded)} processes with a limit kept to it."]


def main() -> None:
    """Measures, and writes the result after each process, so that a run that is cut short leaves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=Path, help="a checkout from before the memory limit")
    parser.add_argument("--limits", type=float, nargs="+", default=[3.0, 4.0, 6.0], metavar="GIB")
    parser.add_argument("--cap", type=float, default=6.5, metavar="GIB")
    parser.add_argument("--minutes", type=float, default=90.0, help="no stage begins later")
    given = parser.parse_args()
    found: list[Measured] = []
    until = time.monotonic() + 60 * given.minutes
    with tempfile.TemporaryDirectory(prefix="attune-memory-") as work:
        bench = Bench(Path(work), given.old and given.old.resolve(), given.cap)
        write_snapshot(bench.work / "snapshot")
        models = {"135m": write_random_model(bench.work / "model", SMOLLM2), "starter": STARTER}
        for name, stage, limit, code in tqdm(list(plan(given.limits, given.old is not None))):
            if time.monotonic() > until:
                break
            found.append(bench.measure(name, models[name], stage, limit, code))
            tqdm.write(str(asdict(found[-1])))
            results.write("alignment-memory", {"stages": [asdict(row) for row in found]}, report(found, given.cap))


if __name__ == "__main__":
    main()
