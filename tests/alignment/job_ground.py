"""Feedback in a ledger, and learners that take milliseconds: what the tests of the job stand on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alignment.learners import Learners, Task
from alignment.recorded_run import Job
from ledger import completions, feedback, keys, versions
from ledger.database import Database
from ledger.model_files import fingerprint
from ledger.records import Choice, Completion, NewFeedback

MODULES = ("model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.v_proj")
RANK = 2


def give_feedback(database: Database, model: Path, home: Path, *, votes: int = 60, raters: int = 3) -> None:
    """Makes `model` live, and lets raters vote on answers to different prompts, up and down in turn."""
    digest = fingerprint(model, home / "cache" / "sha256")
    with database.write() as connection:
        number = versions.register_base(connection, path=str(model), sha256=digest).number
        key = keys.create(connection, name="test", owner="acme", scopes=("inference",))[0]
        for index in range(votes):
            answer = Completion(
                id=f"chatcmpl-{index:04}",
                endpoint="/v1/chat/completions",
                owner="acme",
                key_id=key.id,
                user=f"rater{index % raters}",
                messages=[{"role": "user", "content": f"{WORDS[index % 10]} {WORDS[index // 10]} question {index}?"}],
                params={},
                choices=(Choice(0, f"{WORDS[index // 10]} answer number {index}", "stop"),),
                status="complete",
                model_version=number,
            )
            completions.insert(connection, answer)
            value = 1 if index % 2 else -1
            feedback.add(connection, NewFeedback(answer.id, "acme", answer.user, value))


WORDS = ("apple", "bridge", "candle", "dragon", "engine", "forest", "garden", "harbour", "island", "jungle")


def write_adapter(out: Path, seed: int, *, hidden: int = 128, value: float | None = None) -> None:
    """A PEFT folder that fits the tiny model, always the same for a seed; `value` fills every weight."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for module in MODULES:
        for name, shape in (("lora_A", (RANK, hidden)), ("lora_B", (hidden, RANK))):
            tensor = torch.randn(shape, generator=generator) * 0.1
            weights[f"base_model.model.{module}.{name}.weight"] = tensor if value is None else tensor * 0 + value
    out.mkdir(parents=True, exist_ok=True)
    save_file(weights, out / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": RANK,
        "lora_alpha": 4,
        "target_modules": list(MODULES),
        "base_model_name_or_path": "base",
        "bias": "none",
    }
    (out / "adapter_config.json").write_text(json.dumps(settings))


def fake_reward_model(task: Task) -> Mapping[str, Any]:
    """Counts its steps in a file, a step at a time, as a real stage goes from checkpoint to checkpoint."""
    _count_to(task, 5)
    (task.out / "model").mkdir(exist_ok=True)
    (task.out / "model" / "weights").write_text("reward")
    return {"steps": 5, "heldout": {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8, "n": 100}}}


def fake_policy(task: Task) -> Mapping[str, Any]:
    """As `fake_reward_model`, but leaves an adapter."""
    _count_to(task, 5)
    write_adapter(task.out / "adapter", task.config.seed)
    return {"steps": 5, "stopped": "all steps done"}


def fake_learners() -> Learners:
    """Learners without learning."""
    return Learners(fake_reward_model, fake_policy, lambda algorithm, task: fake_policy(task))


def job(database: Database, home: Path, learners: Learners | None = None) -> Job:
    """A job that says nothing."""
    return Job(database, home, learners or fake_learners(), lambda line: None)


def _count_to(task: Task, steps: int) -> None:
    """Goes on from the step that the folder holds; a stage that does not resume would begin at 0 again."""
    from time import sleep

    state = task.out / "checkpoint-1" / "step"
    step = int(state.read_text()) if task.resume and state.exists() else 0
    state.parent.mkdir(parents=True, exist_ok=True)
    while step < steps:
        step += 1
        new = state.with_suffix(".new")
        new.write_text(str(step))
        new.rename(state)
        sleep(0.02)
