"""Whether lm-eval finds the same figures: three shipped tasks, by our runner and by lm-eval's own command.

Both ask the same served model through the gateway of a running `attune up`, greedily. lm-eval needs an environment of
its own (docs/decisions/0002-dependencies.md says why): `python3 -m venv /tmp/lm-eval`, then
`/tmp/lm-eval/bin/pip install "lm-eval[api]==0.4.13" "transformers<5"`.
`python -m benchmarks.lm_eval_peer /tmp/lm-eval`.
"""

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import results
from evals.answering import run_tasks
from evals.endpoint import Endpoint
from evals.tasks import shipped
from tests.stack import Stack

TASKS = {"sums": "exact_match,last_number", "summaries": "f1,none", "facts": "contains,none"}
"""Our task, and lm-eval's name of its metric."""
YAML = Path(__file__).parent / "lm_eval_tasks"
MODEL = "attune@v1"
# Answers are computed in batches, and a batch of another size can turn a near-tie of two tokens.
MOST_APART = 0.01


@dataclass(frozen=True)
class Figure:
    """One task's mean by both."""

    task: str
    metric: str
    n: int
    ours: float
    theirs: float

    @property
    def same(self) -> bool:
        """Whether they agree."""
        return abs(self.ours - self.theirs) <= MOST_APART


def ours(url: str, key: str) -> dict[str, tuple[float, int]]:
    """Mean and n by task, by our runner."""
    tasks = [shipped.load(name) for name in TASKS]
    found = asyncio.run(run_tasks(Endpoint(url, key), MODEL, tasks, lambda: None))
    return {row.task: (row.mean, row.n) for row in found if row.mean is not None}


def theirs(lm_eval: Path, url: str, key: str, folder: Path) -> dict[str, float]:
    """Mean by task, by lm-eval's command.

    Raises:
        CalledProcessError: It failed; it has said why.
    """
    for name in TASKS:
        rows = [
            {"question": item.prompts[0][-1].content, "targets": list(item.targets)}
            for item in shipped.load(name).items
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    where = f"model={MODEL},base_url={url}/v1/chat/completions,num_concurrent=16,max_retries=3"
    command = [str(lm_eval / "bin" / "lm_eval"), "--model", "local-chat-completions", "--model_args", where]
    command += ["--include_path", str(YAML), "--tasks", ",".join(f"attune_{name}" for name in TASKS)]
    command += ["--apply_chat_template", "--output_path", str(folder / "out")]
    subprocess.run(command, cwd=folder, env=os.environ | {"OPENAI_API_KEY": key}, check=True)
    [written] = (folder / "out").rglob("results_*.json")
    found = json.loads(written.read_text())["results"]
    return {name: float(found[f"attune_{name}"][metric]) for name, metric in TASKS.items()}


def table(found: Sequence[Figure]) -> list[str]:
    """As Markdown."""
    lines = ["| task | metric of lm-eval | n | ours | lm-eval | |", "| --- | --- | --- | --- | --- | --- |"]
    return lines + [
        f"| {row.task} | {row.metric} | {row.n} | {row.ours:.4f} | {row.theirs:.4f} | {_sign(row)} |" for row in found
    ]


def _sign(row: Figure) -> str:
    return "" if row.same else "**apart**"


def main() -> int:
    """Asks both and writes the figures; 0 if they agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lm_eval", type=Path, help="folder of the virtual environment that has lm-eval")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        stack = Stack(Path(name))
        stack.run()
        try:
            mine = ours(stack.root_url, stack.secrets.app)
            peer = theirs(options.lm_eval.resolve(), stack.root_url, stack.secrets.app, Path(name))
        finally:
            stack.stop()
    found = [Figure(task, metric, mine[task][1], mine[task][0], peer[task]) for task, metric in TASKS.items()]
    same = all(row.same for row in found)
    lines = [*table(found), "", f"Apart by at most {MOST_APART}: {'yes' if same else '**no**'}."]
    path = results.write("lm_eval_peer", {"tasks": [asdict(row) for row in found], "same": same}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
