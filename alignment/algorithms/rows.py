"""From a snapshot's judgements to the rows that TRL's trainers read, and what is too little to train on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alignment.chat_tokens import ChatTokens
from alignment.errors import UnusableFeedback
from alignment.preferences import CORRECTIONS, Comparison, Message, Thumb, read_rows

Algorithm = Literal["kto", "dpo", "sft"]


@dataclass(frozen=True, slots=True)
class Split:
    """The judgements of one split that are short enough."""

    comparisons: list[Comparison]
    thumbs: list[Thumb]
    too_long: int


def read_split(tokens: ChatTokens, snapshot: Path, name: str, max_length: int) -> Split:
    """Reads the split `train` or `heldout`, and leaves out what has more than `max_length` tokens."""
    comparisons = list(read_rows(snapshot / f"comparisons.{name}.jsonl", Comparison))
    thumbs = list(read_rows(snapshot / f"thumbs.{name}.jsonl", Thumb))

    def fits(prompt: Sequence[Message], *answers: str) -> bool:
        longest = max(len(tokens.completion_ids(answer)) for answer in answers)
        return len(tokens.prompt_ids(prompt)) + longest <= max_length

    short = [row for row in comparisons if fits(row.prompt, row.chosen, row.rejected)]
    shown = [row for row in thumbs if fits(row.prompt, row.completion)]
    return Split(short, shown, len(comparisons) + len(thumbs) - len(short) - len(shown))


def dataset_rows(algorithm: Algorithm, split: Split, tokens: ChatTokens) -> list[dict[str, Any]]:
    """Rows in TRL's conversational formats: unpaired preference, preference, or prompt and completion."""
    if algorithm == "kto":
        return [
            {
                "prompt": tokens.messages(row.prompt),
                "completion": _answer(tokens, row.completion),
                "label": row.liked,
            }
            for row in split.thumbs
        ]
    if algorithm == "dpo":
        return [
            {
                "prompt": tokens.messages(row.prompt),
                "chosen": _answer(tokens, row.chosen),
                "rejected": _answer(tokens, row.rejected),
            }
            for row in split.comparisons
        ]
    return [
        {
            "prompt": tokens.messages(row.prompt),
            "completion": _answer(tokens, row.completion if isinstance(row, Thumb) else row.chosen),
        }
        for row in learned_from(algorithm, split)
    ]


def learned_from(algorithm: Algorithm, split: Split) -> list[Comparison | Thumb]:
    """The judgements that an algorithm learns from, in the order of `dataset_rows`."""
    if algorithm == "kto":
        return list(split.thumbs)
    if algorithm == "dpo":
        return list(split.comparisons)
    corrections = [row for row in split.comparisons if row.source in CORRECTIONS]
    return [*corrections, *(row for row in split.thumbs if row.liked)]


def check_rows(algorithm: Algorithm, split: Split) -> None:
    """Says so when an algorithm has nothing to learn from.

    Raises:
        UnusableFeedback: What it needs is missing.
    """
    liked = sum(row.liked for row in split.thumbs)
    if algorithm == "kto" and not 0 < liked < len(split.thumbs):
        raise UnusableFeedback(
            f"KTO needs liked and disliked answers, and there are {liked} and {len(split.thumbs) - liked}: "
            'collect the other kind, or use algorithm = "sft" on liked answers'
        )
    if algorithm == "dpo" and not split.comparisons:
        raise UnusableFeedback(
            f"DPO needs comparisons, and there are none beside {len(split.thumbs)} thumbs: "
            'use algorithm = "kto", or collect comparisons by regenerating and voting'
        )
    if algorithm == "sft" and not liked and not any(row.source in CORRECTIONS for row in split.comparisons):
        raise UnusableFeedback("SFT needs corrections or liked answers, and there are none: collect some")


def _answer(tokens: ChatTokens, text: str) -> list[dict[str, str]]:
    return tokens.messages([Message(role="assistant", content=text)])
