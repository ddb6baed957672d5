"""The time of a PPO step beside TRL 1.12's PPOTrainer: the same model, answers, tokens, passes and batches.

TRL dropped its PPOTrainer in 1.13. It runs here from a virtual environment of its own, `--trl VENV`, which holds
trl 1.12, torch, and a transformers that this TRL works with. Rounds are interleaved; a ratio is taken within each.

A step is a rollout (answers, log-probabilities of policy and reference, scores, values) and the updates on it. Both
train LoRA of rank 16 for the policy and a critic of its own with all weights; `adapter critic` is our default, a second
LoRA. The model has random weights in the starter's shape and cannot say its end token, so every answer has the same
length. What ours does beside: once for each prompt it scores the reference's greedy answer, before the first step that
is counted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import median_interval, ratio_interval
from tests.random_model import Shape, write_random_model

OURS, ADAPTER_CRITIC, PEER = "Attune", "Attune, adapter critic", "TRL PPOTrainer"
STARTER_SHAPE = Shape(hidden_size=256, layers=5, heads=4, kv_heads=4, ffn_size=704, vocab_size=4096)
PEER_SCRIPT = Path(__file__).with_name("ppo_step_peer.py")
_LOGIT_DEVIATION = 3.0
_INITIAL_DEVIATION = 0.02  # of transformers' weights


def main() -> None:
    """Measures the rounds and writes the result."""
    options = _options()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker.read_text()))))
        return
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        jobs = prepare(Path(name), options)
        names = [OURS, ADAPTER_CRITIC, *([PEER] if options.trl else [])]
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for number in tqdm(range(options.rounds), unit="round"):
            for target in names if number % 2 else reversed(names):
                found[target].append(measure(target, jobs, options.trl))
    figures = {target: [median(run["seconds"]) for run in runs] for target, runs in found.items()}
    lines = report(figures, found, options)
    raw = {"rounds": found, "median_s": {name: asdict(median_interval(seconds)) for name, seconds in figures.items()}}
    path = results.write("ppo_step", raw, lines)
    print("\n".join([*lines, "", f"written to {path}"]))


def prepare(folder: Path, options: argparse.Namespace) -> dict[str, Path]:
    """Writes the models and what each side is told; returns the jobs' files by target."""
    from alignment.chat_tokens import ChatTokens

    model = endless_model(folder / "model", STARTER_SHAPE)
    tokens = ChatTokens.load(model)
    reward_model = _reward_model(folder / "reward", model, tokens)
    messages = [[{"role": "user", "content": f"{'word ' * 12}{number:03}"}] for number in range(options.prompts)]
    rendered = [
        tokens.tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
        for prompt in messages
    ]
    job = {
        "model": str(model),
        "reward_model": str(reward_model),
        "messages": messages,
        # As often as each prompt is answered.
        "prompt_ids": [list(ids) for ids in rendered for _ in range(2)],
        "answers": 2 * options.prompts,
        "new_tokens": options.new_tokens,
        "ppo_epochs": 2,
        "minibatches": 2,
        "forward_size": 16,
        "learning_rate": 1e-6,
        "steps": options.steps,
        "threads": options.threads,
    }
    jobs = {}
    for place, (name, critic) in enumerate({OURS: "own", ADAPTER_CRITIC: "adapter", PEER: ""}.items()):
        jobs[name] = folder / f"{place}.json"
        jobs[name].write_text(json.dumps({**job, "critic": critic, "out": str(folder / f"out-{place}")}))
    return jobs


def endless_model(folder: Path, shape: Shape) -> Path:
    """A random model that hardly ever says its end token, nor padding.

    Its logits are spread to a deviation of 3 and those two are 0, which leaves each a chance of about exp(-4.5) / 4096.
    """
    import torch
    from transformers import AutoModelForCausalLM

    write_random_model(folder, shape)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        model.model.norm.weight.mul_(_LOGIT_DEVIATION / (_INITIAL_DEVIATION * sqrt(shape.hidden_size)))
        model.get_input_embeddings().weight[[model.config.eos_token_id, model.config.pad_token_id]] = 0
    model.save_pretrained(folder)
    return folder


def _reward_model(folder: Path, model: Path, tokens: Any) -> Path:
    import torch

    from alignment.reward_model.score import ABOUT_FILE, About, classifier

    judge: Any = classifier(model, new_head=True)
    torch.manual_seed(0)
    torch.nn.init.normal_(judge.score.weight, std=0.02)
    judge.save_pretrained(folder)
    tokens.tokenizer.save_pretrained(folder)
    about = About(max_length=1024, pair_temperature=1.0, intercept=0.0)
    (folder / ABOUT_FILE).write_text(about.model_dump_json())
    return folder


def measure(target: str, jobs: Mapping[str, Path], venv: Path | None) -> dict[str, Any]:
    """One side's steps, in a process of its own; what it printed last."""
    ours = [sys.executable, "-m", "benchmarks.ppo_step", "--worker", str(jobs[target])]
    command = [str(venv / "bin" / "python"), str(PEER_SCRIPT), str(jobs[target])] if target == PEER and venv else ours
    environment = {**os.environ, "TRL_EXPERIMENTAL_SILENCE": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def work(job: Mapping[str, Any]) -> dict[str, Any]:
    """Our side: a few steps, and what each took."""
    import torch
    from transformers import TrainerCallback

    from alignment.chat_tokens import ChatTokens
    from alignment.ppo.prompts import PromptSets
    from alignment.ppo.stage import build_trainer, run
    from alignment.reports import peak_memory_mib
    from alignment.reward_model.score import RewardModel

    torch.set_num_threads(job["threads"])
    ends: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step % (job["ppo_epochs"] * job["minibatches"]) == 0:
                ends.append(time.monotonic())

    model, out = Path(job["model"]), Path(tempfile.mkdtemp(dir=Path(job["out"]).parent))
    tokens = ChatTokens.load(model)
    prompts = PromptSets(job["messages"], [job["prompt_ids"][0]], {})
    scorer = RewardModel.load(Path(job["reward_model"])).score_ids
    trainer = build_trainer(_config(job), model, None, prompts, scorer, tokens, out, 0)
    trainer.add_callback(Clock())
    run(trainer, out)
    # The last step ends with a look at the held-out prompts and a checkpoint: it is not counted.
    seconds = [after - before for before, after in pairwise(ends)][:-1]
    return {
        "seconds": seconds,
        "peak_memory_mib": peak_memory_mib(False),
        "tokens_per_answer": trainer.tokens["rollout"] / (job["answers"] * len(ends)),
    }


def _config(job: Mapping[str, Any]) -> Any:
    from alignment.ppo.config import PPOConfig

    return PPOConfig.model_validate(
        {
            "rollouts": job["steps"] + 2,
            "prompts_per_rollout": job["answers"] // 2,
            "answers_per_prompt": 2,
            **{name: job[name] for name in ("ppo_epochs", "minibatches", "forward_size", "learning_rate")},
            "max_new_tokens": job["new_tokens"],
            "critic": job["critic"],
            "critic_model": job["model"] if job["critic"] == "own" else None,
            "rollout": "transformers",
            "eval_every": 10_000,
            "save_every": 10_000,
            "kl_budget": 10_000,
            "entropy_floor": 0.0,
            "lora": {"rank": 16, "alpha": 32},
        }
    )


def report(
    figures: Mapping[str, Sequence[float]], found: Mapping[str, Sequence[Mapping[str, Any]]], options: Any
) -> list[str]:
    """The figures as Markdown."""
    lines = [
        f"{2 * options.prompts} answers of {options.new_tokens} tokens a step, {options.steps} steps in each of",
        f"{options.rounds} interleaved rounds, {options.threads} threads; medians with 95 % intervals over the rounds.",
        "",
        f"| | seconds a step | peak memory MiB | time, {PEER} = 1 |",
        "| --- | --- | --- | --- |",
    ]
    for name, seconds in figures.items():
        ratio = str(ratio_interval(seconds, figures[PEER])) if PEER in figures and name != PEER else ""
        memory = max(run["peak_memory_mib"] for run in found[name])
        lines.append(f"| {name} | {median_interval(seconds)} | {memory:.0f} | {ratio} |")
    if PEER in found:
        lines += ["", f"The peer's versions: {', '.join(map(' '.join, found[PEER][0]['versions'].items()))}."]
    else:
        lines += ["", "Without `--trl VENV` there is nothing to compare with."]
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trl", type=Path, metavar="VENV", help="virtual environment with trl 1.12")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--steps", type=int, default=5, help="that are counted in a round")
    parser.add_argument("--prompts", type=int, default=32, help="of a step; each is answered twice")
    parser.add_argument("--new-tokens", type=int, default=48)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
