"""The stage: a snapshot's judgements become a reward model and a report. Every step can be interrupted and resumed."""

import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from alignment.chat_tokens import ChatTokens
from alignment.checkpoints import write_json
from alignment.errors import UnusableFeedback
from alignment.memory.allocator import trim
from alignment.memory.bounds import UNBOUNDED, BatchBounds
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
from alignment.reward_model.fit import Run, fit, method
from alignment.reward_model.prompt_control import by_prompt
from alignment.reward_model.report import Quality, Resampling, RewardModelReport, Scored
from alignment.reward_model.score import ABOUT_FILE, About, RewardModel
from alignment.stage_folder import reported, save_trained
from alignment.training_arguments import this_process

_PANELS = (
    ("loss", "eval_loss"),
    ("accuracy/pairs", "eval_accuracy/pairs"),
    ("accuracy/thumbs", "eval_accuracy/thumbs"),
)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What is learned, how, and what it is judged by.

    Attributes:
        train: Judgements to learn from, and `rows`: the same encoded.
        heldout: Judgements to be judged by, and `judged`: the same encoded.
        warnings: About the judgements.
    """

    config: RewardModelConfig
    base_model: Path
    train: Feedback
    heldout: Feedback
    rows: list[RewardRow]
    judged: list[RewardRow]
    warnings: tuple[str, ...]
    run: Run


@dataclass(frozen=True, slots=True)
class _Trained:
    """What the report says of a training, so that its trainer need not stay in memory."""

    method: str
    parameters: int
    steps: int


def train_reward_model(
    config: RewardModelConfig,
    *,
    snapshot: Path,
    base_model: Path,
    out: Path,
    seed: int,
    resume: bool,
    bounds: BatchBounds = UNBOUNDED,
) -> RewardModelReport:
    """Trains a reward model and leaves `model/`, `report.json`, `metrics.jsonl` and the plots in `out`.

    Args:
        config: How.
        snapshot: Folder with the comparisons and thumbs of both splits.
        base_model: Folder of the chat model that it starts from.
        out: Folder to work in.
        seed: Of everything random.
        resume: Go on where an interrupted run stopped; else begin anew.
        bounds: Of what goes through the model at once.

    Returns:
        What `report.json` says.

    Raises:
        UnusableFeedback: There is nothing to learn from.
        UnusableModel: The base model cannot be read.
        NonFiniteLoss: Training diverged.
        DiskFull: A checkpoint could not be written.
    """

    def train() -> partial[RewardModelReport]:
        lesson = _lesson(config, snapshot, base_model, out, seed, bounds)
        trainer = fit(config, base_model, lesson.rows, lesson.judged, lesson.run)
        about = _about(config, trainer.biases.intercept.item())
        save_trained(trainer, out / "model", partial(_describe, lesson.run.tokens, about))
        learned = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
        trained = _Trained(method(config, trainer.model), learned, trainer.state.global_step)
        del trainer
        trim()
        shuffled = _shuffled_control(lesson) if config.shuffled_control else None
        return partial(_report, trained, lesson, about, shuffled)

    return reported(out, RewardModelReport, train, resume=resume)


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


def _lesson(
    config: RewardModelConfig, snapshot: Path, base_model: Path, out: Path, seed: int, bounds: BatchBounds
) -> _Lesson:
    train, heldout = read_feedback(snapshot, "train"), read_feedback(snapshot, "heldout")
    warnings = check_feedback(train, heldout)
    tokens = ChatTokens.load(base_model)
    return _Lesson(
        config=config,
        base_model=base_model,
        train=train,
        heldout=heldout,
        rows=training_rows(tokens, train, config.max_length, config.rater_weight_cap),
        judged=heldout_rows(tokens, heldout, config.max_length),
        warnings=warnings,
        run=Run(out, tokens, seed, len(raters_of(train)), "reward model", bounds),
    )


def _about(config: RewardModelConfig, intercept: float) -> About:
    return About(max_length=config.max_length, pair_temperature=config.pair_temperature, intercept=intercept)


def _describe(tokens: ChatTokens, about: About, folder: Path) -> None:
    """Puts beside the weights what is needed to score with them."""
    (folder / "training_args.bin").unlink(missing_ok=True)
    tokens.tokenizer.save_pretrained(folder)
    (folder / ABOUT_FILE).write_text(about.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _report(trained: _Trained, lesson: _Lesson, about: About, shuffled: Quality | None) -> RewardModelReport:
    config, out = lesson.config, lesson.run.out
    metrics = MetricsFile(out / "metrics.jsonl")
    resampling = Resampling(config.bootstrap, lesson.run.seed, config.min_slice)
    scored = _scored(_saved(out, lesson), lesson)
    predicted = reporting.predictions(scored, about.intercept, config.pair_temperature)
    draw_calibration(out / "calibration.png", {name: (p, y) for name, (p, y, _) in predicted.items()})
    draw_curves(out / "learning.png", metrics.rows(), _PANELS)
    return RewardModelReport(
        method=trained.method,
        parameters=trained.parameters,
        steps=trained.steps,
        seconds=round(metrics.seconds(), 1),
        rows=_counts(lesson),
        intercept=about.intercept,
        heldout=reporting.quality(scored, resampling),
        calibration=reporting.calibration(scored, about.intercept, config.pair_temperature, resampling),
        longer_wins=reporting.quality(reporting.by_length(lesson.heldout), resampling),
        prompts_only=reporting.thumbs_auroc(
            lesson.heldout.thumbs, by_prompt(lesson.train.thumbs, lesson.heldout.thumbs), resampling
        ),
        shuffled=shuffled,
        slices=reporting.slices(scored, resampling),
        length_correlation=reporting.length_correlation(scored, resampling),
        warnings=lesson.warnings,
    )


def _saved(folder: Path, lesson: _Lesson) -> RewardModel:
    return RewardModel.load(folder / "model", lesson.base_model, lesson.run.bounds.scored_tokens)


def _scored(model: RewardModel, lesson: _Lesson) -> Scored:
    """Scores the held-out rows: comparisons, then thumbs, as `heldout_rows` encoded them.

    Args:
        model: As it was saved, for a process may hold only a part of what was trained.
        lesson: With the rows.
    """
    first = np.array(model.score_ids([row.first for row in lesson.judged]), dtype=float)
    second = np.array(model.score_ids([row.second for row in lesson.judged if row.second]), dtype=float)
    pairs = len(lesson.heldout.comparisons)
    return Scored(lesson.heldout, first[:pairs], second, first[pairs:])


def _shuffled_control(lesson: _Lesson) -> Quality | None:
    """How well it does after training on labels that say nothing; None on all but the main process."""
    main, folder = this_process().is_main_process, lesson.run.out / "control"
    done = folder / "quality.json"
    if done.exists():
        return Quality.model_validate_json(done.read_text(encoding="utf-8"))
    if main:
        folder.mkdir(exist_ok=True)
    config, run = lesson.config, replace(lesson.run, out=folder, name="shuffled control")
    trainer = fit(config, lesson.base_model, shuffled_labels(lesson.rows, run.seed), [], run)
    save_trained(trainer, folder / "model", partial(_describe, run.tokens, _about(config, intercept=0.0)))
    if not main:
        return None
    del trainer
    trim()
    scored = _scored(_saved(folder, lesson), lesson)
    found = reporting.quality(scored, Resampling(config.bootstrap, run.seed))
    write_json(done, found.model_dump())
    for used in ("checkpoints", "model"):
        shutil.rmtree(folder / used, ignore_errors=True)
    return found


def _counts(lesson: _Lesson) -> dict[str, int]:
    train, heldout = lesson.train, lesson.heldout
    longest = (max(len(row.first), len(row.second)) for row in (*lesson.rows, *lesson.judged))
    return {
        "train_comparisons": len(train.comparisons),
        "train_thumbs": len(train.thumbs),
        "train_raters": len(raters_of(train)),
        "heldout_comparisons": len(heldout.comparisons),
        "heldout_thumbs": len(heldout.thumbs),
        "cut_to_max_length": sum(length >= lesson.config.max_length for length in longest),
    }
