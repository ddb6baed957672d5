"""The stage: judgements become an adapter by TRL's KTO, DPO or SFT trainer, as they are.

What they compute is spared the padding and cut into parts from outside, and what the reference says of the rows is
computed once. Rows are drawn so that no rater counts more than in the reward model.
"""

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import set_seed

from alignment.adapters import describe_parent, finish_adapter, load_policy, lora_config
from alignment.algorithms.config import PreferenceConfig
from alignment.algorithms.implicit_reward import heldout_quality
from alignment.algorithms.non_finite import StopOnNonFinite
from alignment.algorithms.rows import Algorithm, Split, check_rows, dataset_rows, learned_from, read_split
from alignment.chat_tokens import ChatTokens
from alignment.memory.bounds import UNBOUNDED, BatchBounds
from alignment.padding import compute_in_parts, parts_batches
from alignment.plots import draw_curves
from alignment.progress import MetricsFile, quiet, watching
from alignment.rater_weights import CapsRaters, effective_rows
from alignment.reports import PolicyReport, Speed, peak_memory_mib
from alignment.stage_folder import reported, resume_point, save_trained
from alignment.training_arguments import arguments_over_rows, common_arguments, this_process
from alignment.trl_trainers import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

_PANELS = (
    ("loss", "eval_loss"),
    ("rewards/chosen", "rewards/rejected"),
    ("rewards/margins", "eval_rewards/margins"),
    ("rewards/accuracies", "eval_rewards/accuracies"),
    ("kl",),
    ("mean_token_accuracy", "eval_mean_token_accuracy"),
)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What is learned, how, and where from.

    Attributes:
        rows: Of the training split, as the trainer reads them.
        raters: Of each of them.
        cap: Largest total weight of one rater.
    """

    algorithm: Algorithm
    config: PreferenceConfig
    tokens: ChatTokens
    train: Split
    heldout: Split
    rows: list[dict[str, Any]]
    raters: list[str]
    cap: float
    bounds: BatchBounds
    out: Path
    seed: int

    @property
    def metrics(self) -> MetricsFile:
        """Of the stage."""
        return MetricsFile(self.out / "metrics.jsonl")


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
    rater_weight_cap: float = float("inf"),
    bounds: BatchBounds = UNBOUNDED,
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
        rater_weight_cap: Largest total weight of one rater, in rows of a pass.
        bounds: Of what goes through the model at once.

    Returns:
        What `report.json` says.

    Raises:
        UnusableFeedback: There is nothing that the algorithm could learn from.
        UnusableModel: A model or adapter cannot be read.
        NonFiniteLoss: Training diverged.
        DiskFull: A checkpoint could not be written.
    """

    def train() -> partial[PolicyReport]:
        tokens = ChatTokens.load(base_model)
        split, heldout = (read_split(tokens, snapshot, part, config.max_length) for part in ("train", "heldout"))
        check_rows(algorithm, split)
        rows = dataset_rows(algorithm, split, tokens)
        raters = [row.rater for row in learned_from(algorithm, split)]
        lesson = _Lesson(algorithm, config, tokens, split, heldout, rows, raters, rater_weight_cap, bounds, out, seed)
        checkpoint = resume_point(out, lesson.metrics)
        set_seed(seed)
        policy = load_policy(base_model, parent_adapter)
        if (apart := parts_batches(this_process())) or bounds.trained_tokens is not None:
            compute_in_parts(policy, apart, bounds)
        trainer = _trainer(lesson, policy)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        save_trained(trainer, out / "trained")
        return partial(_finish, trainer, lesson, parent_adapter, base_model)

    return reported(out, PolicyReport, train, resume=resume)


def _trainer(lesson: _Lesson, policy: Any) -> Any:
    judged = dataset_rows(lesson.algorithm, lesson.heldout, lesson.tokens)
    shown = ("loss", "rewards/margins", "rewards/accuracies", "mean_token_accuracy")
    trainer = _TRAINERS[lesson.algorithm](
        model=policy,
        args=_arguments(lesson, bool(judged)),
        train_dataset=Dataset.from_list(lesson.rows),
        eval_dataset=Dataset.from_list(judged) if judged else None,
        processing_class=lesson.tokens.tokenizer,
        peft_config=lora_config(lesson.config.lora),
        raters=lesson.raters,
        rater_weight_cap=lesson.cap,
        callbacks=[StopOnNonFinite(lesson.algorithm), *watching(lesson.metrics, lesson.algorithm, shown)],
    )
    quiet(trainer)
    return trainer


class _CappedKTO(CapsRaters, KTOTrainer):
    pass


class _CappedDPO(CapsRaters, DPOTrainer):
    pass


class _CappedSFT(CapsRaters, SFTTrainer):
    pass


_TRAINERS: dict[Algorithm, Any] = {"kto": _CappedKTO, "dpo": _CappedDPO, "sft": _CappedSFT}


def _arguments(lesson: _Lesson, evaluates: bool) -> KTOConfig | DPOConfig | SFTConfig:
    config = lesson.config
    shared = {
        **common_arguments(lesson.out, lesson.seed, config.save_every, checkpointing=lesson.bounds.checkpointing),
        **arguments_over_rows(config, effective_rows(lesson.raters, lesson.cap), evaluates),
        # KTO pairs rows within a batch, when it looks at the held-out ones too.
        "per_device_eval_batch_size": config.batch_size,
    }
    # TRL hands the reference's figures on in a file whose name each process draws by itself: several would not find it.
    reference = {"beta": config.beta, "precompute_ref_log_probs": this_process().num_processes == 1}
    if lesson.algorithm == "kto":
        weights = {"desirable_weight": config.desirable_weight, "undesirable_weight": config.undesirable_weight}
        return KTOConfig(**shared, **reference, **weights)
    if lesson.algorithm == "dpo":
        return DPOConfig(**shared, **reference)
    return SFTConfig(**shared)


def _finish(trainer: Any, lesson: _Lesson, parent_adapter: Path | None, base_model: Path) -> PolicyReport:
    config, out, metrics = lesson.config, lesson.out, lesson.metrics
    policy = trainer.accelerator.unwrap_model(trainer.model)
    rank = finish_adapter(out / "trained", parent_adapter, base_model, out / "adapter")
    shutil.rmtree(out / "trained")
    draw_curves(out / "curves.png", metrics.rows(), _PANELS)
    found = heldout_quality(policy, lesson.tokens, lesson.heldout, lesson.bounds.scored_tokens, lesson.seed)
    lows = [estimate.low for estimate in (found.accuracy, found.auroc) if estimate.low is not None]
    return PolicyReport(
        algorithm=lesson.algorithm,
        rows={
            "train": len(lesson.rows),
            "rows_of_a_pass": effective_rows(lesson.raters, lesson.cap),
            "heldout_comparisons": len(lesson.heldout.comparisons),
            "heldout_thumbs": len(lesson.heldout.thumbs),
            "too_long": lesson.train.too_long + lesson.heldout.too_long,
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
