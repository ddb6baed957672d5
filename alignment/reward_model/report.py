"""What the reward model learned, on rows that it did not see: each figure with n and a 95 % interval."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from alignment.preferences import Comparison, Message, R, Thumb
from alignment.reward_model.data import Feedback
from alignment.statistics import auroc, expected_calibration_error, pairs_within, spearman
from evals.statistics import Estimate, Floats, bootstrap, wilson


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Quality(_Frozen):
    """How well scores agree with people.

    Attributes:
        accuracy: Share of comparisons in which the chosen answer scores higher; a tie counts half.
        auroc: Chance that a liked answer scores above a disliked one, to whatever prompt.
        within_prompts: The same of answers to one prompt, n being such prompts; None in older reports.
    """

    accuracy: Estimate
    auroc: Estimate
    within_prompts: Estimate | None = None


class RewardModelReport(_Frozen):
    """The stage's `report.json`.

    Attributes:
        method: `full` or `lora`.
        parameters: Trained.
        steps: Optimiser steps.
        seconds: Of training, over all starts of the run; without the control.
        rows: Counts of comparisons, thumbs, raters, and rows cut to `max_length`, of both splits.
        intercept: b: the log-odds of a thumb up for an answer with reward 0.
        heldout: On rows whose prompts were not trained on.
        calibration: Expected calibration error of P(first preferred) and of P(up).
        longer_wins: The control that calls the longer answer better.
        prompts_only: AUROC of the control that sees prompts and no answers; None in reports from before it.
        shuffled: The control that was trained on shuffled labels; None when it was not asked for.
        slices: By `source`, `script`, `length` and `turns`, each with its own figures.
        length_correlation: Spearman's, of reward and characters of the held-out answers.
        warnings: What to know before trusting the model.
    """

    method: str
    parameters: int
    steps: int
    seconds: float
    rows: dict[str, int]
    intercept: float
    heldout: Quality
    calibration: dict[str, Estimate]
    longer_wins: Quality
    prompts_only: Estimate | None = None
    shuffled: Quality | None
    slices: dict[str, dict[str, Quality]]
    length_correlation: Estimate
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """Held-out rows with what a model gives them.

    Attributes:
        feedback: C comparisons and T thumbs.
        chosen: (C,) scores.
        rejected: (C,) scores.
        thumbs: (T,) scores.
    """

    feedback: Feedback
    chosen: Floats
    rejected: Floats
    thumbs: Floats


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are found.

    Attributes:
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
        min_slice: Rows under which a slice is not reported.
    """

    resamples: int
    seed: int
    min_slice: int = 1


def by_length(feedback: Feedback) -> Scored:
    """The control that scores an answer by its number of characters."""
    return Scored(
        feedback,
        np.array([len(row.chosen) for row in feedback.comparisons], dtype=float),
        np.array([len(row.rejected) for row in feedback.comparisons], dtype=float),
        np.array([len(row.completion) for row in feedback.thumbs], dtype=float),
    )


def quality(scored: Scored, resampling: Resampling) -> Quality:
    """Accuracy with Wilson's interval, AUROC with the bootstrap's."""
    hits = float(np.sum(scored.chosen > scored.rejected) + 0.5 * np.sum(scored.chosen == scored.rejected))
    liked = np.array([row.liked for row in scored.feedback.thumbs], dtype=bool)
    right, pairs = pairs_within(scored.thumbs, liked, [row.prompt for row in scored.feedback.thumbs])
    return Quality(
        accuracy=wilson(hits, len(scored.chosen)),
        auroc=thumbs_auroc(scored.feedback.thumbs, scored.thumbs, resampling),
        within_prompts=bootstrap(
            lambda rows: float(right[rows].sum() / pairs[rows].sum()),
            range(len(pairs)),
            resampling.resamples,
            resampling.seed,
        ),
    )


def thumbs_auroc(thumbs: Sequence[Thumb], scores: Floats, resampling: Resampling) -> Estimate:
    """The chance that a liked answer scores above a disliked one."""
    liked = np.array([row.liked for row in thumbs], dtype=bool)
    return bootstrap(
        lambda rows: auroc(scores[rows], liked[rows]),
        [row.prompt for row in thumbs],
        resampling.resamples,
        resampling.seed,
    )


def calibration(
    scored: Scored, intercept: float, pair_temperature: float, resampling: Resampling
) -> dict[str, Estimate]:
    """Expected calibration error on comparisons and on thumbs."""
    found = {}
    for name, (probabilities, outcomes, prompts) in predictions(scored, intercept, pair_temperature).items():

        def error(rows: NDArray[np.int64], p: Floats = probabilities, y: Floats = outcomes) -> float:
            return expected_calibration_error(p[rows], y[rows])

        found[name] = bootstrap(error, prompts, resampling.resamples, resampling.seed)
    return found


def predictions(
    scored: Scored, intercept: float, pair_temperature: float
) -> dict[str, tuple[Floats, Floats, list[object]]]:
    """For comparisons and thumbs: probabilities, outcomes (0 or 1) and prompts, row by row.

    The order of a comparison's answers is turned in every second row: asked only of (chosen, rejected), a model that
    always answers 1 would look perfectly calibrated.
    """
    turned = np.arange(len(scored.chosen)) % 2 == 1
    margin = pair_temperature * (scored.chosen - scored.rejected)
    comparisons: list[object] = [row.prompt for row in scored.feedback.comparisons]
    thumbs: list[object] = [row.prompt for row in scored.feedback.thumbs]
    liked = np.array([row.liked for row in scored.feedback.thumbs], dtype=float)
    return {
        "comparisons": (_sigmoid(np.where(turned, -margin, margin)), (~turned).astype(float), comparisons),
        "thumbs": (_sigmoid(scored.thumbs + intercept), liked, thumbs),
    }


def slices(scored: Scored, resampling: Resampling) -> dict[str, dict[str, Quality]]:
    """The same figures by where a row comes from, its script, its answers' length and the turns of its prompt."""
    return {name: _sliced(scored, label, resampling) for name, label in _SLICES.items()}


def length_correlation(scored: Scored, resampling: Resampling) -> Estimate:
    """Spearman's correlation of reward and length, over the held-out answers."""
    answers = [*scored.feedback.comparisons, *scored.feedback.comparisons, *scored.feedback.thumbs]
    rewards = np.concatenate([scored.chosen, scored.rejected, scored.thumbs])
    length = by_length(scored.feedback)
    lengths = np.concatenate([length.chosen, length.rejected, length.thumbs])
    return bootstrap(
        lambda rows: spearman(rewards[rows], lengths[rows]),
        [row.prompt for row in answers],
        resampling.resamples,
        resampling.seed,
    )


def _sliced(scored: Scored, label: Callable[[Comparison | Thumb], str], resampling: Resampling) -> dict[str, Quality]:
    of_pairs = np.array([label(row) for row in scored.feedback.comparisons], dtype=object)
    of_thumbs = np.array([label(row) for row in scored.feedback.thumbs], dtype=object)
    found = {}
    for name in sorted({*of_pairs, *of_thumbs}):
        pairs, thumbs = of_pairs == name, of_thumbs == name
        if int(pairs.sum() + thumbs.sum()) < resampling.min_slice:
            continue
        part = Scored(
            Feedback(_where(scored.feedback.comparisons, pairs), _where(scored.feedback.thumbs, thumbs)),
            scored.chosen[pairs],
            scored.rejected[pairs],
            scored.thumbs[thumbs],
        )
        found[str(name)] = quality(part, resampling)
    return found


def _where(rows: Sequence[R], mask: NDArray[np.bool_]) -> list[R]:
    return [row for row, wanted in zip(rows, mask, strict=True) if wanted]


def _answer(row: Comparison | Thumb) -> str:
    return row.completion if isinstance(row, Thumb) else max(row.chosen, row.rejected, key=len)


def _length_bucket(row: Comparison | Thumb) -> str:
    length = len(_answer(row))
    return "up to 100 characters" if length <= 100 else "101 to 400" if length <= 400 else "over 400"


def _turns(row: Comparison | Thumb) -> str:
    count = sum(message.role == "user" for message in row.prompt)
    return "1 turn" if count <= 1 else "2 to 3 turns" if count <= 3 else "4 turns or more"


def _script(row: Comparison | Thumb) -> str:
    return script(row.prompt)


def script(prompt: Sequence[Message]) -> str:
    """The script that most letters of the last message are written in: `latin`, `cyrillic`, `cjk` …, or `none`.

    A stand-in for the language that needs no model: it cannot tell English from French.
    """
    letters = [character for character in prompt[-1].content if character.isalpha()] if prompt else []
    names = [unicodedata.name(letter, "unknown").split()[0].lower() for letter in letters]
    return max(sorted(set(names)), key=names.count) if names else "none"


_SLICES: dict[str, Callable[[Comparison | Thumb], str]] = {
    "source": lambda row: row.source,
    "script": _script,
    "length": _length_bucket,
    "turns": _turns,
}


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(values / 2)), dtype=np.float64)
