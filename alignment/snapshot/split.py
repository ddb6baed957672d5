"""Which prompts are kept out of training, to measure on.

The side follows from what a conversation began with: its later turns repeat the first ones, so a conversation that
stood on both sides would be measured on what was learned. Beginnings that say nearly the same stand together, on the
side of the one that came first, so that a prompt that was held out for one version is held out for the next as well.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from alignment.preferences import Message
from alignment.snapshot.duplicates import near_duplicates, normal_form

SAME_TOPIC = 0.5
"""Jaccard similarity of word triples from which on two beginnings stand on one side."""

_SALT = "attune held-out"


def prompt_key(prompt: Iterable[Message]) -> str:
    """SHA-256 (hex) of a prompt; the same for prompts that differ in case, compatibility forms and white space only."""
    normal = [[message.role, normal_form(message.content)] for message in prompt]
    return hashlib.sha256(json.dumps(normal).encode()).hexdigest()


def beginning(prompt: Sequence[Message]) -> str:
    """What the first user of a conversation said, in its normal form; of one without users, all but system messages.

    System messages are left aside: one question under two system prompts must not stand on both sides.
    """
    said = next((message.content for message in prompt if message.role == "user"), None)
    if said is None:
        said = "\n".join(message.content for message in prompt if message.role != "system")
    return normal_form(said)


Use = Literal["selection", "report", "gate"]
USES: tuple[Use, ...] = get_args(Use)


def use_of(prompt: Sequence[Message]) -> Use:
    """What a held-out prompt is for: to choose a checkpoint by, to report on it, or for the gate; each prompt for one.

    What chose something flatters it, so neither its report nor its judge may ask the same.
    """
    number = int(hashlib.sha256(f"{_SALT} for\0{beginning(prompt)}".encode()).hexdigest()[:16], 16)
    return USES[number % len(USES)]


class Split:
    """The two sides of a set of prompts."""

    def __init__(self, prompts: Iterable[Sequence[Message]], share: float) -> None:
        """Find out which beginnings stand together.

        Args:
            prompts: All, in the order in which they came.
            share: Of all prompts, 0 to 1, that is held out. A larger share holds out what a smaller one does, and more.
        """
        texts = list(dict.fromkeys(map(beginning, prompts)))
        first = near_duplicates([[text] for text in texts], SAME_TOPIC)
        self._leader = {text: texts[at] for text, at in zip(texts, first, strict=True) if at is not None}
        self._share = share

    def is_heldout(self, prompt: Sequence[Message]) -> bool:
        """Whether a prompt belongs to the held-out part."""
        text = beginning(prompt)
        leader = self._leader.get(text, text)
        number = int(hashlib.sha256(f"{_SALT}\0{leader}".encode()).hexdigest()[:16], 16)
        return number < self._share * 2**64
