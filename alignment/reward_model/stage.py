"""The stage: a snapshot's judgements become a reward model and a report. Every step can be interrupted and resumed."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from alignment.chat_tokens import ChatTokens
from alignment.checkpoints import replace_folder, write_json
from alignment.durable import room_on_disk, write_durably
from alignment.errors import UnusableFeedback
from alignment.plots import draw_calibration, draw_curves
from alignment.preferences import Comparison, Thumb, read_rows
from alignment.progress import MetricsFile
from alignment.reward_model import report as reporting
from alignment.reward_model.config import RewardModelConfig
from alignment.reward_model.data import (
    Feedback,
    RewardRow,
    heldout_rows,
    raters_of,
    shuffled_labels,
    training_rows,
)
from alignment.reward_model.fit import Run, fit, method, plain
from alignment.reward_model.report import Quality, Resampling, RewardModelReport, Scored
from alignment.reward_model.score import ABOUT_FILE, About, RewardModel
from alignment.reward_model.trainer import JointRewardTrainer

_PANELS = (
    ("loss", "eval_loss"),
    ("accuracy/pairs", "eval_accuracy/pairs"),
    ("accuracy/thumbs", "eval_accuracy/thumbs"),
)


def train_reward_model(
    config: RewardModelConfig, *, snapshot: Path, base_model: Path, out: Path, seed: int, resume: bool
) -> RewardModelReport:
    """Trains a reward model and leaves `model/`, `report.json`, `metrics.jsonl` and the plots in `out`.

    Args:
        config: How.
        snapshot: Folder with the comparisons and thumbs of both splits.
        base_model: Folder of the chat model that it starts from.
        out: Folder to work in.
        seed: Of everything random.
        resume: Go on where an interrupted run stopped; else begin anew.

    Returns:
        What `report.json` says.

    Raises:
        UnusableFeedback: There is nothing to learn from.
        UnusableModel: The base model cannot be read.
        NonFiniteLoss: Training diverged.
        DiskFull: A checkpoint could not be written.
    """
    finished = out / "report.json"
    if resume and finished.exists():
        return RewardModelReport.model_validate_json(finished.read_text(encoding="utf-8"))
    if not resume and out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    train, heldout = read_feedback(snapshot, "train"), read_feedback(snapshot, "heldout")
    warnings = check_feedback(train, heldout)
    tokens = ChatTokens.load(base_model)
    run = Run(out, tokens, seed, len(raters_of(train)), "reward model")
    rows = training_rows(tokens, train, config.max_length, config.rater_weight_cap)
    judged = heldout_rows(tokens, heldout, config.max_length)
    with room_on_disk(out):
        trainer = fit(config, base_model, rows, judged, run)
        about = About(
            max_length=config.max_length,
            pair_temperature=config.pair_temperature,
            intercept=trainer.biases.intercept.item(),
        )
        _save_model(trainer, tokens, about, out)
        resampling = Resampling(config.bootstrap, seed, config.min_slice)
        scored = _scored(RewardModel(plain(trainer), tokens, about), heldout, judged)
        shuffled = None
        if config.shuffled_control:
            shuffled = _shuffled_control(config, base_model, rows, run, heldout)
        report = RewardModelReport(
            method=method(config, trainer.model),
            parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
            steps=trainer.state.global_step,
            seconds=round(MetricsFile(out / "metrics.jsonl").seconds(), 1),
            rows=_counts(train, heldout, rows + judged, config.max_length),
            intercept=about.intercept,
            heldout=reporting.quality(scored, resampling),
            calibration=reporting.calibration(scored, about.intercept, config.pair_temperature, resampling),
            longer_wins=reporting.quality(reporting.by_length(heldout), resampling),
            shuffled=shuffled,
            slices=reporting.slices(scored, resampling),
            length_correlation=reporting.length_correlation(scored, resampling),
            warnings=warnings,
        )
        predicted = reporting.predictions(scored, about.intercept, config.pair_temperature)
        draw_calibration(out / "calibration.png", {name: (p, y) for name, (p, y, _) in predicted.items()})
        draw_curves(out / "learning.png", MetricsFile(out / "metrics.jsonl").rows(), _PANELS)
        write_durably(finished, report.model_dump_json(indent=2).encode())
    return report


def read_feedback(snapshot: Path, split: str) -> Feedback:
    """The judgements of one split, `train` or `heldout`."""
    return Feedback(
        list(read_rows(snapshot / f"comparisons.{split}.jsonl", Comparison)),
        list(read_rows(snapshot / f"thumbs.{split}.jsonl", Thumb)),
    )


def check_feedback(train: Feedback, heldout: Feedback) -> tuple[str, ...]:
    """What to know about the feedback.

    Returns:
        Warnings for the report.

    Raises:
        UnusableFeedback: Nothing can be learned from it.
    """
    liked = sum(row.liked for row in train.thumbs)
    if len(train) == 0:
        raise UnusableFeedback("the snapshot has no comparison and no thumb to train on: collect feedback first")
    one_sided = bool(train.thumbs) and liked in (0, len(train.thumbs))
    if one_sided and not train.comparisons:
        way, other = ("up", "down") if liked else ("down", "up")
        raise UnusableFeedback(
            f"all {len(train.thumbs)} thumbs are {way}, so nothing tells a good answer from a bad one: "
            f'collect thumbs {other} or comparisons, or use algorithm = "sft" on the liked answers'
        )
    warnings = []
    if one_sided:
        warnings.append(f"all {len(train.thumbs)} thumbs are alike: only the comparisons teach")
    raters = raters_of(train)
    if len(raters) == 1:
        warnings.append(
            "all feedback is one rater's: the model learns that person's taste, and u cannot be told from b"
        )
    if len(heldout) < 100:
        warnings.append(f"only {len(heldout)} held-out rows: the intervals are wide")
    return tuple(warnings)


def _save_model(trainer: JointRewardTrainer, tokens: ChatTokens, about: About, out: Path) -> None:
    new = out / "model.new"
    shutil.rmtree(new, ignore_errors=True)
    trainer.save_model(str(new))
    if trainer.args.should_save:
        (new / "training_args.bin").unlink(missing_ok=True)
        tokens.tokenizer.save_pretrained(new)
        (new / ABOUT_FILE).write_text(about.model_dump_json(indent=2) + "\n", encoding="utf-8")
        replace_folder(new, out / "model")


def _scored(model: RewardModel, heldout: Feedback, judged: list[RewardRow]) -> Scored:
    """Scores the rows that `heldout_rows` encoded, in its order: comparisons, then thumbs."""
    first = np.array(model.score_ids([row.first for row in judged]), dtype=float)
    second = np.array(model.score_ids([row.second for row in judged if row.second]), dtype=float)
    pairs = len(heldout.comparisons)
    return Scored(heldout, first[:pairs], second, first[pairs:])


def _shuffled_control(
    config: RewardModelConfig, base_model: Path, rows: list[RewardRow], run: Run, heldout: Feedback
) -> Quality:
    folder = run.out / "control"
    done = folder / "quality.json"
    if done.exists():
        return Quality.model_validate_json(done.read_text(encoding="utf-8"))
    folder.mkdir(exist_ok=True)
    run = replace(run, out=folder, name="shuffled control")
    trainer = fit(config, base_model, shuffled_labels(rows, run.seed), [], run)
    about = About(max_length=config.max_length, pair_temperature=config.pair_temperature, intercept=0.0)
    judged = heldout_rows(run.tokens, heldout, config.max_length)
    model = RewardModel(plain(trainer), run.tokens, about)
    found = reporting.quality(_scored(model, heldout, judged), Resampling(config.bootstrap, run.seed))
    write_json(done, found.model_dump())
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return found


def _counts(train: Feedback, heldout: Feedback, rows: list[RewardRow], max_length: int) -> dict[str, int]:
    return {
        "train_comparisons": len(train.comparisons),
        "train_thumbs": len(train.thumbs),
        "train_raters": len(raters_of(train)),
        "heldout_comparisons": len(heldout.comparisons),
        "heldout_thumbs": len(heldout.thumbs),
        "cut_to_max_length": sum(max(len(row.first), len(row.second)) >= max_length for row in rows),
    }
