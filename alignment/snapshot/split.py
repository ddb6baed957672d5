"""Which prompts are kept out of training, to measure on.

The side follows from the prompt alone: it does not depend on the other prompts or their order, so a prompt that was
held out for one version is held out for the next as well.
"""

import hashlib
import json
from collections.abc import Iterable

from alignment.preferences import Message
from alignment.snapshot.duplicates import normal_form

_SALT = "attune held-out"


def prompt_key(prompt: Iterable[Message]) -> str:
    """SHA-256 (hex) of a prompt; the same for prompts that differ in case, compatibility forms and white space only."""
    normal = [[message.role, normal_form(message.content)] for message in prompt]
    return hashlib.sha256(json.dumps(normal).encode()).hexdigest()


def is_heldout(prompt: Iterable[Message], share: float) -> bool:
    """Whether a prompt belongs to the held-out part.

    System messages are left aside: one question under two system prompts must not stand on both sides.

    Args:
        prompt: The messages.
        share: Of all prompts, 0 to 1. A larger share holds out what a smaller one does, and more.
    """
    key = prompt_key(message for message in prompt if message.role != "system")
    number = int(hashlib.sha256(f"{_SALT}\0{key}".encode()).hexdigest()[:16], 16)
    return number < share * 2**64
