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
        return _automatic(train, heldout, minimum)
    if missing := _missing(asked, train, minimum):
        raise UnusableFeedback(
            f"Too little feedback for algorithm = {asked!r}: {missing}. Collect more, lower the figure in "
            f"[minimum], or set algorithm = 'auto'. {_split(heldout)}"
        )
    return Choice(asked, f"{asked} because the configuration asks for it; there are {_amounts(train)}.")


def teaches_a_judge(train: PartCounts) -> bool:
    """Whether a reward model can learn from the feedback: something in it is better than something else."""
    return train.comparisons > 0 or min(train.thumbs_up, train.thumbs_down) > 0


def _automatic(train: PartCounts, heldout: PartCounts, minimum: MinimumConfig) -> Choice:
    pairs = train.comparisons
    usable_thumbs = 0 if _missing_labels(train, minimum) else _thumbs(train)
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
    ways = {
        "kto": _missing("kto", train, minimum),
        "dpo": _missing("dpo", train, minimum),
        "sft": " and ".join(_lacks(train.corrections, minimum.sft_answers, "corrections")),
    }
    missing = "; or ".join(f"for {name} {lacking}" for name, lacking in ways.items() if lacking)
    raise UnusableFeedback(
        f"Too little feedback to learn from: {there} to train on. Missing: {missing}. {_split(heldout)}"
    )


def _missing(algorithm: Algorithm, train: PartCounts, minimum: MinimumConfig) -> str:
    """All that an algorithm lacks, as words; empty if nothing."""
    thumbs = [*_missing_labels(train, minimum), *_lacks(_thumbs(train), minimum.kto_thumbs, "thumbs in all")]
    comparisons = _lacks(train.comparisons, minimum.dpo_comparisons, "comparisons")
    match algorithm:
        case "ppo":
            return " or ".join(" and ".join(ways) for ways in (thumbs, comparisons)) if thumbs and comparisons else ""
        case "kto":
            return " and ".join(thumbs)
        case "dpo":
            return " and ".join(comparisons)
        case "sft":
            liked = train.thumbs_up + train.corrections
            return " and ".join(_lacks(liked, minimum.sft_answers, "liked or corrected answers"))


def _missing_labels(train: PartCounts, minimum: MinimumConfig) -> list[str]:
    """What of each thumb is missing, so that nothing could be learned from the other."""
    found = []
    for label, count in (("up", train.thumbs_up), ("down", train.thumbs_down)):
        found += [
            lack + ("; without both, nothing tells good from bad" if count == 0 else "")
            for lack in _lacks(count, minimum.per_label, f"thumbs {label}")
        ]
    return found


def _lacks(count: int, needed: int, what: str) -> list[str]:
    return [] if count >= needed else [f"{needed - count} more {what} ({count} of {needed})"]


def _thumbs(train: PartCounts) -> int:
    return train.thumbs_up + train.thumbs_down


def _split(heldout: PartCounts) -> str:
    """Why the counts differ from those of all feedback."""
    return (
        f"{_amounts(heldout)} on {heldout.prompts} prompts are held out. The split is by prompt, by what a "
        "conversation began with, and not by vote: with few of them the held-out share of the votes can differ much "
        "from heldout_share in [snapshot]."
    )


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
