"""The control that sees prompts only: how well thumbs can be told without reading the answer.

Some questions are liked whatever is answered. A reward model that has learned just that ranks answers to different
prompts well, and helps nobody to choose among answers to one.
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np

from alignment.preferences import Message, Thumb
from evals.statistics import Floats

_WORD = re.compile(r"\w+")


def by_prompt(train: Sequence[Thumb], heldout: Sequence[Thumb]) -> Floats:
    """Scores held-out thumbs by their prompt's words: naive Bayes over which words stand in it, add-one smoothed.

    Args:
        train: What the words' log-odds of a thumb up are counted on.
        heldout: What is scored.

    Returns:
        (len(heldout),) log-odds.
    """
    seen: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    rows = Counter(row.liked for row in train)
    for row in train:
        seen[row.liked].update(_words(row.prompt))

    def odds(word: str) -> float:
        return log((seen[True][word] + 1) / (rows[True] + 2)) - log((seen[False][word] + 1) / (rows[False] + 2))

    return np.array([sum(map(odds, sorted(_words(row.prompt)))) for row in heldout], dtype=float)


def _words(prompt: Sequence[Message]) -> set[str]:
    return {word for message in prompt for word in _WORD.findall(message.content.casefold())}
