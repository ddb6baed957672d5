"""PPO on one process and on two (gloo): the same answers must give the same weights.

Sampling differs between ranks by design, so the answers come through the rollout seam, fixed by prompt and turn. All
else is the real path: reference, critic, whitening over the ranks, averaged gradients, clipping, controller.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from benchmarks import results
from tests.random_model import write_random_model


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
        for processes in (1, 2):
            launch = ["torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
            launch += ["-m", "benchmarks.ppo_ranks", "--worker", str(folder / str(processes)), "--model", str(model)]
            environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
            subprocess.run([sys.executable, "-m", *launch], check=True, timeout=600, env=environment)
        figures = _compare(folder / "1", folder / "2")
    report = ["| what | largest difference, 1 process against 2 |", "| --- | --- |"]
    report += [f"| {name} | {value:.2e} |" for name, value in figures.items()]
    print("\n".join(report))
    print(results.write("ppo-ranks", figures, report))


def _work(model: Path, out: Path) -> None:
    import torch

    from alignment.chat_tokens import ChatTokens
    from alignment.ppo.config import PPOConfig
    from alignment.ppo.prompts import PromptSets
    from alignment.ppo.stage import build_trainer, run

    torch.set_num_threads(1)
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
            "eval_every": 100,
            "save_every": 100,
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
    prompts = PromptSets(messages, [[1, 2, 3]], {})
    trainer = build_trainer(config, model, None, prompts, scorer, tokens, out, 0, rollout)
    run(trainer, out)
    if trainer.accelerator.is_main_process:
        policy = {name: p.detach() for name, p in trainer.model.named_parameters() if p.requires_grad}
        state = {"policy": policy, "critic": trainer.critic_updates.critic.trained()}
        torch.save({**state, "processes": trainer.accelerator.num_processes}, out / "weights.pt")
    trainer.accelerator.end_training()


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
