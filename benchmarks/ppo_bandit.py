"""PPO on a problem whose best policy is known: every answer has two tokens, and some tokens are worth more.

A random tiny model answers; a token in ten is worth 0.5, two in ten 0.2, the others nothing. The best policy earns 1.
The model's last norm is scaled up: with it as it is, no direction of the last state makes one token likely, and no
adapter could express the best policy.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from alignment.chat_tokens import ChatTokens
from alignment.ppo.config import PPOConfig
from alignment.ppo.prompts import PromptSets
from alignment.ppo.stage import build_trainer, run
from benchmarks import results
from tests.random_model import write_random_model

BEST = 1.0
CONFIG = PPOConfig.model_validate(
    {
        "rollouts": 24,
        "prompts_per_rollout": 16,
        "answers_per_prompt": 2,
        "forward_size": 16,
        "learning_rate": 1e-2,
        "critic_learning_rate": 1e-2,
        "max_new_tokens": 2,
        "kl_coef": 0.0,
        "kl_target": 1000.0,
        "kl_budget": 1000.0,
        "entropy_floor": 0.0,
        "patience": 1000,
        "eval_every": 1000,
        "save_every": 1000,
        "truncation_penalty": 0.0,
        "score_bound": 100.0,
        "lora": {"rank": 8, "alpha": 16},
    }
)


def earned(completion: list[int]) -> float:
    """What an answer is worth: the sum over its first two tokens."""
    return sum(0.5 if token % 10 == 3 else 0.2 if token % 10 in (5, 7) else 0.0 for token in completion[:2])


def sharp_model(folder: Path) -> Path:
    """A tiny random model whose logits are eight times as far apart."""
    write_random_model(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        model.model.norm.weight.mul_(8)
    model.save_pretrained(folder)
    return folder


def share_of_best(model: Path, out: Path, seed: int) -> float:
    """Trains, and returns the mean worth of 256 sampled answers as a share of the best policy's."""
    tokens = ChatTokens.load(model)
    message = [{"role": "user", "content": "hello"}]
    prompt = tokens.tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=True)["input_ids"]

    def scorer(sequences: object) -> list[float]:
        return [earned(list(ids)[len(prompt) :]) for ids in sequences]  # type: ignore[attr-defined]

    out.mkdir(parents=True, exist_ok=True)
    prompts = PromptSets([message] * CONFIG.prompts_per_rollout, [list(prompt)] * 8, {})
    trainer = build_trainer(CONFIG, model, None, prompts, scorer, tokens, out, seed)
    run(trainer, out)
    answers = trainer.answers([list(prompt)] * 256)
    return sum(map(earned, answers)) / len(answers) / BEST


def main() -> None:
    """Runs the seeds and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        model = sharp_model(Path(folder) / "model")
        for seed in range(arguments.seeds):
            shares.append(share_of_best(model, Path(folder) / str(seed), seed))
            print(f"seed {seed}: {shares[-1]:.3f} of the best reward", flush=True)
    reached = sum(share >= 0.95 for share in shares)
    report = [f"PPO reaches 95 % of the best reward in {reached} of {len(shares)} seeds.", ""]
    report += ["| seed | share of the best reward |", "| --- | --- |"]
    report += [f"| {seed} | {share:.3f} |" for seed, share in enumerate(shares)]
    print(results.write("ppo-bandit", {"shares": shares}, report))


if __name__ == "__main__":
    main()
