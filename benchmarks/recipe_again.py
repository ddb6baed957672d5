"""The starter's recipe from its seed once more: whether tokenizer and text come out the same, and the answers as good.

`python -m benchmarks.recipe_again --work FOLDER` makes the whole model again, hours of two cores, and sets it beside
the committed one. With `--steps N` two shorter models are made at once, a core each, whose arithmetic rounds
differently (PyTorch's kernels with and without the processor's vector instructions), and set beside each other. A run
that was stopped goes on, a finished one is not made again.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks import results
from models.recipe.config import RecipeConfig
from models.recipe.share import Share
from tests.stack import STARTER

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
# PyTorch's own kernels without vector instructions add up in another order; the matrix products stay as they are.
OTHER_ARITHMETIC = {"ATEN_CPU_CAPABILITY": "default"}
_TEXT = """
import sys
from hashlib import sha256
from models.recipe.corpus import shard
text = sha256()
for number in range(int(sys.argv[3])):
    text.update(repr([c.messages for c in shard(int(sys.argv[1]), number, int(sys.argv[2]))]).encode())
print(text.hexdigest())
"""


def main() -> None:
    """Makes what is missing, compares, and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is made; kept")
    parser.add_argument("--steps", type=int, help="make two models of so many steps instead of the whole one")
    parser.add_argument("--shards", type=int, default=9, help="of 4,096 conversations, whose text is compared")
    arguments = parser.parse_args()
    if arguments.steps:
        running = [
            _make(arguments.work / f"{arguments.steps}-steps" / name, arguments.steps, {**_ONE_CORE, **arithmetic})
            for name, arithmetic in (("one", {}), ("other", OTHER_ARITHMETIC))
        ]
        first, second = (finish() for finish in running)
    else:
        first, second = STARTER, _make(arguments.work / "again", None, {})()
    figures = {
        "of": [first.parent.name if arguments.steps else "committed", second.parent.name],
        "steps": json.loads((second / "recipe.json").read_text())["train"]["steps"],
        "other bytes": [name for name in TOKENIZER if _sum(first / name) != _sum(second / name)],
        "other bytes than the committed": [name for name in TOKENIZER if _sum(STARTER / name) != _sum(second / name)],
        "the same weights": _sum(first / "model.safetensors") == _sum(second / "model.safetensors"),
        "text": [_text(arguments.shards, hash_seed) for hash_seed in ("1", "2")],
        "conversations": arguments.shards * RecipeConfig().train.shard_size,
        "gates": [_beside(*pair) for pair in zip(_gates(first), _gates(second), strict=True)],
    }
    report = _report(figures)
    print("\n".join(report))
    print(results.write("recipe-again" + (f"-{arguments.steps}-steps" if arguments.steps else ""), figures, report))


_ONE_CORE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _make(folder: Path, steps: int | None, environment: dict[str, str]) -> Callable[[], Path]:
    """Starts or resumes the recipe in `folder`; what it returns waits for the model's folder."""
    config = RecipeConfig(work_dir=folder / "work", output_dir=folder / "model")
    if config.output_dir.exists():
        return lambda: config.output_dir
    config.work_dir.mkdir(parents=True, exist_ok=True)
    settings = f'work_dir = "{config.work_dir}"\noutput_dir = "{config.output_dir}"\n'
    if steps:
        settings += f"[train]\nsteps = {steps}\ndecay_steps = {steps // 3}\nthreads = 1\n"
    (folder / "config.toml").write_text(settings, encoding="utf-8")
    resume = ["--resume"] if (config.work_dir / "checkpoint.pt").exists() else []
    command = [sys.executable, "-m", "models.recipe", "--config", str(folder / "config.toml"), *resume]
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        running = subprocess.Popen(command, env={**os.environ, **environment}, stderr=log, stdout=log)

    def finish() -> Path:
        if running.wait() != 0:
            raise SystemExit(f"the recipe ended with {running.returncode}: see {folder / 'log.txt'}")
        return config.output_dir

    return finish


def _text(shards: int, hash_seed: str) -> str:
    """SHA-256 of the training text, drawn by a process of its own with other hashes of strings."""
    config = RecipeConfig()
    arguments = [str(config.seed), str(config.train.shard_size), str(shards)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.check_output([sys.executable, "-c", _TEXT, *arguments], env=environment, text=True).strip()


def _sum(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _gates(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    return found


def _beside(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A gate's two shares and their difference with its 95 % interval.

    Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10. Both were asked
    the same questions, which makes the interval wider than it need be.
    """
    assert first["name"] == second["name"], "both were evaluated by the same recipe"
    a, b = (Share(**gate["share"]) for gate in (first, second))
    difference = b.value - a.value
    low = difference - math.hypot(b.value - b.interval[0], a.interval[1] - a.value)
    high = difference + math.hypot(b.interval[1] - b.value, a.value - a.interval[0])
    return {"name": first["name"], "n": a.n, "shares": [a.value, b.value], "difference": [difference, low, high]}


def _report(figures: dict[str, Any]) -> list[str]:
    apart = [gate["name"] for gate in figures["gates"] if not gate["difference"][1] <= 0 <= gate["difference"][2]]
    lines = [
        f"- {figures['steps']} steps; weights {'the same' if figures['the same weights'] else 'not the same'} bytes",
        f"- tokenizer ({', '.join(TOKENIZER)}): other bytes in {', '.join(figures['other bytes']) or 'none'}; "
        f"other than in the committed model in {', '.join(figures['other bytes than the committed']) or 'none'}",
        f"- text of {figures['conversations']:,} conversations, drawn twice: "
        + (f"SHA-256 {figures['text'][0]} both times" if len(set(figures["text"])) == 1 else "NOT the same"),
        f"- shares whose difference has an interval without 0: {len(apart)} of {len(figures['gates'])}"
        + (f" ({', '.join(apart)})" if apart else ""),
        "",
        f"| share | n | {figures['of'][0]} | {figures['of'][1]} | difference (95 %) |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for gate in figures["gates"]:
        first, second = (f"{share:.1%}" for share in gate["shares"])
        difference, low, high = (f"{100 * value:+.1f}" for value in gate["difference"])
        lines.append(f"| {gate['name']} | {gate['n']:,} | {first} | {second} | {difference} ({low} to {high}) |")
    return lines


if __name__ == "__main__":
    main()
