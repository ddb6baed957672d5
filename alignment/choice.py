"""Which algorithm suits the feedback there is, and whether it is enough at all."""

from dataclasses import dataclass
from typing import Literal

from alignment.errors import UnusableFeedback
from alignment.snapshot.config import MinimumConfig
from alignment.snapshot.stage import PartCounts

Algorithm = Literal["ppo", "kto", "dpo", "sft"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is trained, and why: a sentence for people."""

    algorithm: Algorithm
    reason: str


def choose(
    asked: Literal["auto"] | Algorithm, train: PartCounts, heldout: PartCounts, minimum: MinimumConfig
) -> Choice:
    """Returns what to train with.

    Args:
        asked: What the configuration asks for.
        train: What there is to learn from.
        heldout: What there is to measure on.
        minimum: How much is enough.

    Raises:
        UnusableFeedback: Too little, from too few people, or all alike; the message says how much is missing.
    """
    _require_feedback(train)
    _require_raters(train, minimum)
    if heldout.prompts == 0:
        raise UnusableFeedback(
            f"None of the {train.prompts} prompts fell into the held-out part, so nothing could be measured. Collect "
            "feedback on more prompts, or raise heldout_share in [snapshot]."
        )
    if asked == "auto":
        return _automatic(train, minimum)
    if missing := _missing(asked, train, minimum):
        raise UnusableFeedback(
            f"Too little feedback for algorithm = {asked!r}: {missing}. Collect more, lower the figure in "
            "[minimum], or set algorithm = 'auto'."
        )
    return Choice(asked, f"{asked} because the configuration asks for it; there are {_amounts(train)}.")


def teaches_a_judge(train: PartCounts) -> bool:
    """Whether a reward model can learn from the feedback: something in it is better than something else."""
    return train.comparisons > 0 or min(train.thumbs_up, train.thumbs_down) > 0


def _automatic(train: PartCounts, minimum: MinimumConfig) -> Choice:
    thumbs, pairs = train.thumbs_up + train.thumbs_down, train.comparisons
    usable_thumbs = 0 if _missing_labels(train, minimum) else thumbs
    there = f"there are {_amounts(train)}"
    if usable_thumbs >= minimum.ppo_thumbs or pairs >= minimum.ppo_comparisons:
        return Choice("ppo", f"ppo because {there}: enough for a reward model that judges new answers.")
    too_few = f"too few for PPO ({minimum.ppo_thumbs} thumbs or {minimum.ppo_comparisons} comparisons)"
    if pairs >= minimum.dpo_comparisons and pairs >= usable_thumbs / 2:
        return Choice("dpo", f"dpo because {there}: {too_few}, and the comparisons say more than the thumbs.")
    if usable_thumbs >= minimum.kto_thumbs:
        return Choice("kto", f"kto because {there}: {too_few}, and KTO learns from single thumbs.")
    if train.corrections >= minimum.sft_answers:
        return Choice("sft", f"sft because {there}: {too_few}, but the corrections can be imitated.")
    lacking = "; or ".join(f"for {name} {_missing(name, train, minimum)}" for name in ("kto", "dpo"))
    raise UnusableFeedback(f"Too little feedback to learn from: {there} to train on. Missing: {lacking}.")


def _missing(algorithm: Algorithm, train: PartCounts, minimum: MinimumConfig) -> str:
    """What an algorithm lacks, as words; empty if nothing."""
    thumbs = train.thumbs_up + train.thumbs_down
    labels = _missing_labels(train, minimum)
    match algorithm:
        case "ppo" if train.comparisons >= minimum.dpo_comparisons:
            return ""
        case "ppo" | "kto":
            return labels or _lacks(thumbs, minimum.kto_thumbs, "thumbs")
        case "dpo":
            return _lacks(train.comparisons, minimum.dpo_comparisons, "comparisons")
        case "sft":
            return _lacks(train.thumbs_up + train.corrections, minimum.sft_answers, "liked or corrected answers")


def _missing_labels(train: PartCounts, minimum: MinimumConfig) -> str:
    """Which of the two thumbs is too rare to learn from the other."""
    rarer, count = min(("up", train.thumbs_up), ("down", train.thumbs_down), key=lambda thumb: thumb[1])
    if count >= minimum.per_label:
        return ""
    only = "; without both, nothing tells good from bad" if count == 0 else ""
    return f"{minimum.per_label - count} more thumbs {rarer} ({count} of {minimum.per_label}){only}"


def _lacks(count: int, needed: int, what: str) -> str:
    return "" if count >= needed else f"{needed - count} more {what} ({count} of {needed})"


def _require_feedback(train: PartCounts) -> None:
    if train.thumbs_up + train.thumbs_down + train.comparisons == 0:
        raise UnusableFeedback(
            "There is no feedback to learn from. Chat and press thumbs, post to /v1/feedback, or give a file with "
            "--from-file. `attune align show RUN` lists what was read and dropped."
        )


def _require_raters(train: PartCounts, minimum: MinimumConfig) -> None:
    """People are counted only where all are known: a file without raters can come from anybody."""
    if not train.unnamed and train.raters < minimum.raters:
        raise UnusableFeedback(
            f"All feedback comes from {train.raters} rater, and {minimum.raters} are needed: one person's taste would "
            "become everybody's. Set raters = 1 in [minimum] if that is what you want."
            if train.raters == 1
            else f"The feedback comes from {train.raters} raters, and {minimum.raters} are needed. Collect more, or "
            "lower raters in [minimum]."
        )


def _amounts(train: PartCounts) -> str:
    parts = [f"{train.thumbs_up} thumbs up, {train.thumbs_down} down and {train.comparisons} comparisons"]
    if train.corrections:
        parts.append(f"({train.corrections} of them corrections)")
    return " ".join(parts)
