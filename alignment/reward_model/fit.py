"""One training of a reward model, from encoded rows to a trainer that holds the trained weights."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from transformers import set_seed

from alignment.chat_tokens import ChatTokens
from alignment.errors import UnusableModel
from alignment.memory.bounds import BatchBounds
from alignment.progress import MetricsFile, quiet, watching
from alignment.reward_model.config import RewardModelConfig
from alignment.reward_model.data import Collator, RewardRow
from alignment.reward_model.loss import LossSettings
from alignment.reward_model.score import classifier
from alignment.reward_model.trainer import JointRewardTrainer, ThumbBiases
from alignment.stage_folder import resume_point
from alignment.training_arguments import arguments_over_rows, common_arguments
from alignment.trl_trainers import RewardConfig


@dataclass(frozen=True, slots=True)
class Run:
    """One training of a reward model.

    Attributes:
        out: Folder for checkpoints and metrics.
        tokens: Tokenizer of the base model.
        seed: Of everything random.
        raters: How many raters have a bias.
        name: Shown beside the progress.
        bounds: Of what goes through the model at once.
    """

    out: Path
    tokens: ChatTokens
    seed: int
    raters: int
    name: str
    bounds: BatchBounds


def fit(
    config: RewardModelConfig, base_model: Path, rows: list[RewardRow], judged: list[RewardRow], run: Run
) -> JointRewardTrainer:
    """Trains on `rows`, or goes on from the newest complete checkpoint in `run.out`.

    Args:
        config: How.
        base_model: Folder of the chat model.
        rows: To learn from.
        judged: Held-out rows whose loss is logged; may be none.
        run: Where and as what.

    Raises:
        UnusableModel: The base model cannot be read.
        NonFiniteLoss: Training diverged.
    """
    metrics = MetricsFile(run.out / "metrics.jsonl")
    checkpoint = resume_point(run.out, metrics)
    liked = [row.label for row in rows if not row.second]
    biases = ThumbBiases(_log_odds(liked), run.raters)
    trainer = JointRewardTrainer(
        model=_start(config, base_model, run.seed),
        args=_arguments(config, run, bool(judged), len(rows)),
        processing_class=run.tokens.tokenizer,
        data_collator=Collator(run.tokens.pad_id),
        train_dataset=Dataset.from_list([asdict(row) for row in rows]),
        eval_dataset=Dataset.from_list([asdict(row) for row in judged]) if judged else None,
        loss=LossSettings(config.pair_temperature, config.label_smoothing, config.rater_l2),
        biases=biases,
        bias_learning_rate=config.bias_learning_rate,
        total_weight=sum(row.weight for row in rows),
        bounds=run.bounds,
        callbacks=watching(metrics, run.name, ("loss", "accuracy/pairs", "accuracy/thumbs")),
    )
    quiet(trainer)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return trainer


def _start(config: RewardModelConfig, base_model: Path, seed: int) -> Any:
    set_seed(seed)
    try:
        model = classifier(base_model, new_head=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnusableModel(f"{base_model} cannot become a reward model: {error}") from error
    if method(config, model) == "full":
        return model
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        task_type="SEQ_CLS",
        r=config.lora.rank,
        lora_alpha=config.lora.alpha,
        lora_dropout=config.lora.dropout,
        target_modules="all-linear",
        exclude_modules=["score"],
        modules_to_save=["score"],
    )
    return get_peft_model(model, lora)


def _arguments(config: RewardModelConfig, run: Run, evaluates: bool, rows: int) -> RewardConfig:
    return RewardConfig(
        **common_arguments(run.out, run.seed, config.save_every, checkpointing=run.bounds.checkpointing),
        **arguments_over_rows(config, rows, evaluates, config.most_steps),
        per_device_eval_batch_size=run.bounds.scored_rows(4 * config.batch_size, sequences=2),
        weight_decay=config.weight_decay,
        disable_dropout=True,
    )


def method(config: RewardModelConfig, model: Any) -> str:
    """`full` or `lora`: what `auto` means for this model."""
    if config.method != "auto":
        return config.method
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    weights = sum(parameter.numel() for name, parameter in base.named_parameters() if "lora_" not in name)
    return "full" if weights < config.full_below else "lora"


def _log_odds(labels: list[float]) -> float:
    """Of a thumb up, with one thumb of each kind added so that it is finite."""
    up = sum(labels) + 1
    return float(np.log(up / (len(labels) + 2 - up)))
