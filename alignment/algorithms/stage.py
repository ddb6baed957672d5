"""The stage: judgements become an adapter by TRL's KTO, DPO or SFT trainer, as they are."""

import shutil
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import set_seed

from alignment.adapters import describe_parent, finish_adapter, load_policy, lora_config
from alignment.algorithms.config import PreferenceConfig
from alignment.algorithms.implicit_reward import heldout_quality
from alignment.algorithms.rows import Algorithm, Split, check_rows, dataset_rows, read_split
from alignment.chat_tokens import ChatTokens
from alignment.checkpoints import MarkComplete, newest, replace_folder
from alignment.durable import room_on_disk, write_durably
from alignment.errors import NonFiniteLoss
from alignment.plots import draw_curves
from alignment.progress import MetricsFile, ProgressBar, WriteMetrics
from alignment.reports import PolicyReport, Speed, peak_memory_mib
from alignment.training_arguments import StopOnNonFinite, common_arguments, quiet, this_process
from alignment.trl_trainers import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

_PANELS = (
    ("loss", "eval_loss"),
    ("rewards/chosen", "rewards/rejected"),
    ("rewards/margins", "eval_rewards/margins"),
    ("rewards/accuracies", "eval_rewards/accuracies"),
    ("kl",),
    ("mean_token_accuracy", "eval_mean_token_accuracy"),
)


def train_preference(
    algorithm: Algorithm,
    config: PreferenceConfig,
    *,
    snapshot: Path,
    base_model: Path,
    parent_adapter: Path | None,
    out: Path,
    seed: int,
    resume: bool,
) -> PolicyReport:
    """Trains a policy and leaves `adapter/`, `report.json`, `metrics.jsonl` and `curves.png` in `out`.

    KTO learns from thumbs, DPO from comparisons, SFT from corrections and liked answers.

    Args:
        algorithm: Which.
        config: How.
        snapshot: Folder with the comparisons and thumbs of both splits.
        base_model: Folder of the chat model that the adapter is for.
        parent_adapter: Of the version that is improved on, or None where that is the base model itself.
        out: Folder to work in.
        seed: Of everything random.
        resume: Go on where an interrupted run stopped; else begin anew.

    Returns:
        What `report.json` says.

    Raises:
        UnusableFeedback: There is nothing that the algorithm could learn from.
        UnusableModel: A model or adapter cannot be read.
        NonFiniteLoss: Training diverged.
        DiskFull: A checkpoint could not be written.
    """
    finished = out / "report.json"
    if resume and finished.exists():
        return PolicyReport.model_validate_json(finished.read_text(encoding="utf-8"))
    state = this_process()
    if not resume and out.exists() and state.is_main_process:
        shutil.rmtree(out)
    state.wait_for_everyone()
    out.mkdir(parents=True, exist_ok=True)
    tokens = ChatTokens.load(base_model)
    train = read_split(tokens, snapshot, "train", config.max_length)
    heldout = read_split(tokens, snapshot, "heldout", config.max_length)
    check_rows(algorithm, train)
    with room_on_disk(out):
        set_seed(seed)
        policy = load_policy(base_model, parent_adapter)
        trainer = _trainer(algorithm, config, policy, tokens, train, heldout, out, seed)
        checkpoint = newest(out / "checkpoints")
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        if state.is_main_process:
            report = _finish(trainer, algorithm, config, tokens, train, heldout, parent_adapter, base_model, out)
            write_durably(finished, report.model_dump_json(indent=2).encode())
        state.wait_for_everyone()
    return PolicyReport.model_validate_json(finished.read_text(encoding="utf-8"))


def _trainer(
    algorithm: Algorithm,
    config: PreferenceConfig,
    policy: Any,
    tokens: ChatTokens,
    train: Split,
    heldout: Split,
    out: Path,
    seed: int,
) -> Any:
    rows = dataset_rows(algorithm, train, tokens)
    judged = dataset_rows(algorithm, heldout, tokens)
    metrics = MetricsFile(out / "metrics.jsonl")
    checkpoint = newest(out / "checkpoints")
    metrics.cut(int(checkpoint.name.rsplit("-", 1)[1]) if checkpoint else 0)
    trainer = _TRAINERS[algorithm](
        model=policy,
        args=_arguments(algorithm, config, len(rows), bool(judged), out, seed),
        train_dataset=Dataset.from_list(rows),
        eval_dataset=Dataset.from_list(judged) if judged else None,
        processing_class=tokens.tokenizer,
        peft_config=lora_config(config.lora),
        callbacks=[
            MarkComplete(),
            StopOnNonFinite(NonFiniteLoss, f"{algorithm}'s"),
            WriteMetrics(metrics),
            ProgressBar(algorithm, ("loss", "rewards/margins", "rewards/accuracies", "mean_token_accuracy")),
        ],
    )
    quiet(trainer)
    return trainer


_TRAINERS: dict[Algorithm, Any] = {"kto": KTOTrainer, "dpo": DPOTrainer, "sft": SFTTrainer}


def _arguments(
    algorithm: Algorithm, config: PreferenceConfig, rows: int, evaluates: bool, out: Path, seed: int
) -> KTOConfig | DPOConfig | SFTConfig:
    steps = -(-rows // (config.batch_size * config.accumulation)) * config.epochs
    shared = {
        **common_arguments(out, seed, config.save_every),
        "per_device_train_batch_size": config.batch_size,
        "per_device_eval_batch_size": config.batch_size,
        "gradient_accumulation_steps": config.accumulation,
        "num_train_epochs": config.epochs,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": int(steps * config.warmup_share),
        "max_grad_norm": config.max_grad_norm,
        "eval_strategy": "steps" if evaluates else "no",
        "eval_steps": config.eval_every,
        # Long rows were left out, whole.
        "max_length": None,
    }
    if algorithm == "kto":
        weights = {"desirable_weight": config.desirable_weight, "undesirable_weight": config.undesirable_weight}
        return KTOConfig(**shared, beta=config.beta, **weights)
    if algorithm == "dpo":
        return DPOConfig(**shared, beta=config.beta)
    return SFTConfig(**shared)


def _finish(
    trainer: Any,
    algorithm: Algorithm,
    config: PreferenceConfig,
    tokens: ChatTokens,
    train: Split,
    heldout: Split,
    parent_adapter: Path | None,
    base_model: Path,
    out: Path,
) -> PolicyReport:
    policy = trainer.accelerator.unwrap_model(trainer.model)
    trained, new = out / "trained", out / "adapter.new"
    for folder in (trained, new):
        shutil.rmtree(folder, ignore_errors=True)
    trainer.save_model(str(trained), _internal_call=True)
    rank = finish_adapter(trained, parent_adapter, base_model, new)
    replace_folder(new, out / "adapter")
    shutil.rmtree(trained)
    metrics = MetricsFile(out / "metrics.jsonl")
    draw_curves(out / "curves.png", metrics.rows(), _PANELS)
    seed = int(trainer.args.seed)
    found = heldout_quality(policy, tokens, heldout, config.batch_size, seed)
    lows = [estimate.low for estimate in (found.accuracy, found.auroc) if estimate.low is not None]
    return PolicyReport(
        algorithm=algorithm,
        rows={
            "train": len(dataset_rows(algorithm, train, tokens)),
            "heldout_comparisons": len(heldout.comparisons),
            "heldout_thumbs": len(heldout.thumbs),
            "too_long": train.too_long + heldout.too_long,
        },
        parameters=sum(p.numel() for p in policy.parameters() if p.requires_grad),
        rank=rank,
        parent=describe_parent(parent_adapter),
        steps=trainer.state.global_step,
        stopped=f"all {config.epochs:g} passes over the rows are done",
        best_step=trainer.state.global_step,
        improved=any(low > 0.5 for low in lows) if lows else None,
        heldout={"accuracy": found.accuracy, "auroc": found.auroc},
        speed=Speed(seconds=round(metrics.seconds(), 1), peak_memory_mib=peak_memory_mib(torch.cuda.is_available())),
    )
