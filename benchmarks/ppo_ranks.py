"""PPO on one process and on two (gloo), whole and sharded: the same answers must give the same weights.

Sampling differs between ranks by design, so the answers come through the rollout seam, fixed by prompt and turn. All
else is the real path: reference, critic, whitening over the ranks, averaged gradients, clipping, controller, looks at
held-out prompts, of which the ranks have unequally many, checkpoints. Sharded is as the files of deploy/accelerate have
it, but for two processes of a CPU in float32: FSDP, and where DeepSpeed is installed too (0.19.8 was tried) ZeRO.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

from alignment.checkpoints import newest
from benchmarks import results
from tests.random_model import write_random_model
from tests.sharding import accelerate_launch, shard_on_a_cpu


def main() -> None:
    """Runs both and writes the largest differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", type=Path, help="used by the benchmark itself")
    parser.add_argument("--model", type=Path, help="used by the benchmark itself")
    arguments = parser.parse_args()
    if arguments.worker:
        _work(arguments.model, arguments.worker)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = write_random_model(folder / "model")
        for run, launch in _RUNS.items():
            if run.endswith(_RESUMED):
                _back_to_a_checkpoint(folder / run.removesuffix(_RESUMED), folder / run)
            work = ["-m", "benchmarks.ppo_ranks", "--worker", str(folder / run), "--model", str(model)]
            environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"}
            subprocess.run([sys.executable, "-m", *launch, *work], check=True, timeout=600, env=environment)
        figures = {run: _compare(folder / "1", folder / run) for run in _RUNS if run != "1"}
    names = list(figures["2"])
    report = ["Largest difference from one process:", "", f"| processes | {' | '.join(names)} |"]
    report.append("| --- |" + " --- |" * len(names))
    report += [f"| {run} | " + " | ".join(f"{found[n]:.1e}" for n in names) + " |" for run, found in figures.items()]
    print("\n".join(report))
    print(results.write("ppo-ranks", figures, report))


_PLAIN = ["torch.distributed.run", "--standalone", "--nproc_per_node"]
_RESUMED = ", resumed"
_RUNS = {
    "1": [*_PLAIN, "1"],
    "2": [*_PLAIN, "2"],
    "2, FSDP": accelerate_launch("fsdp"),
    "2, FSDP" + _RESUMED: accelerate_launch("fsdp"),
}
if find_spec("deepspeed"):
    _RUNS |= {
        "2, ZeRO-2": accelerate_launch("zero2"),
        "2, ZeRO-3": accelerate_launch("zero3"),
        "2, ZeRO-3" + _RESUMED: accelerate_launch("zero3"),
    }


def _back_to_a_checkpoint(whole: Path, out: Path) -> None:
    """What a run that was killed after its second rollout leaves behind."""
    shutil.copytree(whole, out)
    (out / "weights.pt").unlink()
    shutil.rmtree(out / "checkpoints/checkpoint-6")
    assert newest(out / "checkpoints") == out / "checkpoints/checkpoint-4"


def _work(model: Path, out: Path) -> None:
    import torch

    from alignment.chat_tokens import ChatTokens
    from alignment.ppo.config import PPOConfig
    from alignment.ppo.prompts import PromptSets
    from alignment.ppo.stage import build_trainer, run
    from alignment.ppo.trainer import SHARDED

    torch.set_num_threads(1)
    sharded = shard_on_a_cpu()
    tokens = ChatTokens.load(model)
    messages = [[{"role": "user", "content": f"{'hello ' * (number % 4)}{number}"}] for number in range(8)]
    config = PPOConfig.model_validate(
        {
            "rollouts": 3,
            "prompts_per_rollout": 8,
            "ppo_epochs": 2,
            "minibatches": 1,
            "forward_size": 4,
            "max_new_tokens": 8,
            "eval_every": 2,
            "save_every": 1,
            "keep_checkpoints": 3,
            "lora": {"rank": 4},
        }
    )

    def rollout(prompts: list[Any], trainer: Any) -> Any:
        ids = [tokens.tokenizer.apply_chat_template(p, add_generation_prompt=True, return_dict=True) for p in prompts]
        completions = []
        for place, prompt in enumerate(prompts):
            random = Random(f"{trainer.state.global_step} {prompt} {place % 2}")
            answer = [random.randrange(3, 250) for _ in range(random.randint(2, 7))]
            completions.append([*answer, tokens.end_id] if random.random() < 0.7 else answer)
        return {"prompt_ids": [list(row["input_ids"]) for row in ids], "completion_ids": completions, "logprobs": None}

    def scorer(sequences: Any) -> list[float]:
        return [sum(token % 7 for token in ids) / len(ids) for ids in sequences]

    out.mkdir(parents=True, exist_ok=True)
    heldout = [[1, 2, 3], [4, 5], [6, 7, 8, 9, 10]]
    prompts = PromptSets(messages, heldout, {})
    trainer = build_trainer(config, model, None, prompts, scorer, tokens, out, 0, rollout)
    run(trainer, out)
    assert sharded == (trainer.accelerator.distributed_type in SHARDED), "the policy was to be shared out"
    learned = {name: p for name, p in trainer.model.named_parameters() if p.requires_grad}
    with trainer._dist.gather_params(list(learned.values())):
        policy = {name: _whole(parameter.detach()).clone() for name, parameter in learned.items()}
    if trainer.accelerator.is_main_process:
        state = {"policy": policy, "critic": trainer.critic_updates.critic.trained()}
        torch.save({**state, "processes": trainer.accelerator.num_processes}, out / "weights.pt")
    trainer.accelerator.end_training()


def _whole(part: Any) -> Any:
    """FSDP's parameters are parts of what they stand for."""
    return part.full_tensor() if hasattr(part, "full_tensor") else part


def _compare(one: Path, two: Path) -> dict[str, float]:
    import torch

    first, second = (torch.load(path / "weights.pt", weights_only=False) for path in (one, two))
    if (first["processes"], second["processes"]) != (1, 2):
        raise SystemExit(f"ran on {first['processes']} and {second['processes']} processes instead of 1 and 2")
    found = {}
    for part in ("policy", "critic"):
        gaps = [(first[part][name] - second[part][name]).abs().max().item() for name in first[part]]
        found[f"weights of the {part}"] = max(gaps)
    lines = [[json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()] for path in (one, two)]
    for name in ("objective/kl", "objective/scores", "loss/policy", "loss/value", "val/explained_variance"):
        values = [[line[name] for line in part if line.get(name) is not None] for part in lines]
        found[name] = max(abs(a - b) for a, b in zip(*values, strict=True))
    return found


if __name__ == "__main__":
    main()
