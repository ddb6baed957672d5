"""Feedback of people with a hidden taste: they like answers with the word `thanks` and dislike those with `no`."""

import json
import math
from pathlib import Path
from random import Random

from alignment.preferences import Comparison, Message, Thumb, write_rows

_WORDS = ["the", "cat", "dog", "sat", "ran", "mat", "red", "blue", "good", "hello", "what", "how"]


def prompt(random: Random) -> tuple[Message, ...]:
    return (Message(role="user", content=" ".join(random.choices(_WORDS, k=4)) + f" {random.randrange(10**6)}"),)


def answer(random: Random) -> tuple[str, float]:
    """An answer and how much people like it, in log-odds."""
    words = random.choices(_WORDS, k=random.randint(2, 5))
    taste = random.choice([-2.0, 0.0, 2.0])
    if taste:
        words.insert(random.randrange(len(words)), "thanks" if taste > 0 else "no")
    return " ".join(words), taste


def comparisons(random: Random, count: int, raters: int = 4) -> list[Comparison]:
    rows = []
    while len(rows) < count:
        (first, a), (second, b) = answer(random), answer(random)
        if a == b:
            continue
        chosen, rejected = (first, second) if random.random() < _sigmoid(a - b) else (second, first)
        rater = f"r{random.randrange(raters)}"
        number = str(len(rows))
        rows.append(
            Comparison(
                id=number, prompt=prompt(random), chosen=chosen, rejected=rejected, rater=rater, source="regenerated"
            )
        )
    return rows


def thumbs(random: Random, count: int, raters: int = 4) -> list[Thumb]:
    """Rater number k is more severe by k - 1.5 than rater 1.5."""
    rows = []
    for number in range(count):
        text, taste = answer(random)
        rater = random.randrange(raters)
        liked = random.random() < _sigmoid(taste + 1 - (rater - 1.5))
        rows.append(
            Thumb(
                id=str(number), prompt=prompt(random), completion=text, liked=liked, rater=f"r{rater}", source="thumb"
            )
        )
    return rows


def write_snapshot(folder: Path, pairs: int, votes: int, heldout: int = 40, seed: int = 0, raters: int = 4) -> Path:
    """A snapshot folder as the snapshot stage leaves it."""
    random = Random(seed)
    folder.mkdir(parents=True)
    for split, share in (("train", 1.0), ("heldout", heldout / max(1, pairs + votes))):
        compared = comparisons(random, round(pairs * share), raters)
        voted = thumbs(random, round(votes * share), raters)
        write_rows(folder / f"comparisons.{split}.jsonl", compared)
        write_rows(folder / f"thumbs.{split}.jsonl", voted)
        prompts = [[message.model_dump() for message in row.prompt] for row in (*compared, *voted)]
        (folder / f"prompts.{split}.jsonl").write_text("".join(json.dumps({"prompt": p}) + "\n" for p in prompts))
    (folder / "manifest.json").write_text("{}")
    return folder


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))
