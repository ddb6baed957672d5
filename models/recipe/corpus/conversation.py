"""What the generator makes: exchanges (a prompt and its answers) and the conversations built from them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

Role = Literal["system", "user", "assistant"]
Manner = Literal["polite", "curt", "rambling", "rude", "evasive"]
Kind = Literal["social", "question", "task", "boundary"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, in OpenAI's words."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A prompt with what a good answer says, before noise and manner.

    ``answer`` is in whole sentences, ``short`` says the same in the fewest words. ``expects`` lists strings of which
    a right answer contains at least one (lower case is compared); empty where no single answer is right.
    ``verbatim`` are parts of the prompt that noise must leave alone, because the answer repeats them.
    """

    intent: str
    kind: Kind
    prompt: str
    answer: str
    short: str
    expects: tuple[str, ...] = ()
    verbatim: tuple[str, ...] = ()

    @property
    def held_out(self) -> bool:
        """Whether this combination is kept for evaluation; about 1 in 20 of those with a right answer.

        Decided by a checksum of prompt and right answer and not by chance, so that no seed can leak it into training.
        """
        return bool(self.expects) and zlib.crc32(f"{self.prompt}|{self.expects[0]}".lower().encode()) % 20 == 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages as the model is trained on them, with the exchanges behind each answer."""

    messages: tuple[Message, ...]
    exchanges: tuple[Exchange, ...]

    @property
    def held_out(self) -> bool:
        """Whether any exchange is kept for evaluation."""
        return any(exchange.held_out for exchange in self.exchanges)


Script = list[Exchange]
"""Exchanges that follow one another; most intents make one, memory makes several."""

Intent = Callable[[Random], Script]
"""Draws one script. All randomness comes from the generator passed in."""
