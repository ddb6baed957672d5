"""A PPO step of TRL 1.12's PPOTrainer, timed: `benchmarks.ppo_step` runs it with the Python of another environment.

It must not import anything of Attune: TRL 1.12 and the transformers that it works with cannot live in our environment.
`python ppo_step_peer.py JOB.json`; the last line that it prints is JSON.
"""

import json
import resource
import sys
import time
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    TrainerCallback,
    set_seed,
)
from trl.experimental.ppo import PPOConfig, PPOTrainer


class Clock(TrainerCallback):
    """Notes when each step, a rollout with its updates, is over."""

    def __init__(self):
        self.ends = []

    def on_step_end(self, *_, **__):
        """Runs at the end of a step."""
        self.ends.append(time.monotonic())


def main():
    """Trains a few steps and prints what each took."""
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(job["threads"])
    set_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(job["model"], padding_side="left")
    arguments = PPOConfig(
        output_dir=job["out"],
        per_device_train_batch_size=job["forward_size"],
        gradient_accumulation_steps=job["answers"] // job["forward_size"],
        num_mini_batches=job["minibatches"],
        num_ppo_epochs=job["ppo_epochs"],
        local_rollout_forward_batch_size=job["forward_size"],
        total_episodes=job["answers"] * (job["steps"] + 1),
        response_length=job["new_tokens"],
        temperature=1.0,
        stop_token="eos",
        learning_rate=job["learning_rate"],
        num_sample_generations=0,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
    )
    rows = Dataset.from_list([{"input_ids": ids} for ids in job["prompt_ids"]])
    clock = Clock()
    trainer = PPOTrainer(
        args=arguments,
        processing_class=tokenizer,
        model=AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32),
        ref_model=None,
        reward_model=AutoModelForSequenceClassification.from_pretrained(job["reward_model"], dtype=torch.float32),
        value_model=AutoModelForSequenceClassification.from_pretrained(job["reward_model"], dtype=torch.float32),
        train_dataset=rows,
        eval_dataset=rows,
        peft_config=LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"),
        callbacks=[clock],
    )
    trainer.train()
    seconds = [after - before for before, after in pairwise(clock.ends)]
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    versions = {name: version(name) for name in ("trl", "transformers", "torch", "peft")}
    print(json.dumps({"seconds": seconds, "peak_memory_mib": memory_mib, "versions": versions}))


if __name__ == "__main__":
    main()
