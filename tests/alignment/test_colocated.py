"""vLLM in the trainer's process: its answers are those of the policy as it is at that moment."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT
from tests.random_adapter import write_random_adapters
from tests.stack import STARTER


def test_each_rollout_is_sampled_from_the_policy_as_it_is_by_then(tmp_path: Path) -> None:
    """Real vLLM, and TRL's own filling of it: the parent's weights in the first rollout, each step's later."""
    (parent,) = write_random_adapters(STARTER, tmp_path, 1)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tests.alignment.colocated_process", str(parent), str(out)]
    # Compiling the model takes a minute and changes neither its weights nor, but for rounding, its answers.
    env = {**os.environ, "OMP_NUM_THREADS": "1", "TORCH_COMPILE_DISABLE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Attempted to load weight" not in done.stdout + done.stderr
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    rollouts = [line for line in lines if "objective/kl" in line]
    assert len(rollouts) == 3
    apart = [line["sampling/sampling_logp_difference/mean"] for line in rollouts]
    # Nats per token between policy and parent: what the difference would be, had vLLM kept the parent's weights.
    learned = rollouts[-1]["objective/kl"] / rollouts[-1]["length"]
    assert max(apart) < 0.03, "no more than bfloat16 makes"
    assert learned > 3 * max(apart), "the policy has moved far enough for the comparison to mean anything"
