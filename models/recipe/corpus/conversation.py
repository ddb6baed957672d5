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

_HELD_OUT_ONE_IN = 16


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, in OpenAI's words."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A prompt with what a good answer says, before noise and manner.

    Attributes:
        intent: What the person wants; a row of the evaluation.
        kind: Social answers and boundaries are said as they are; answers to questions and tasks may get an opener.
        prompt: What the person says, well typed.
        answer: A good answer in whole sentences.
        short: The same in the fewest words.
        expects: A right answer contains one of these, whatever their case; empty where no single answer is right.
        requires: A right answer contains all of these.
        about: An answer that is on topic contains one of these, or is right.
        verbatim: Parts of the prompt that noise leaves as they are, because the answer repeats them. In a task a slip hits no
            other word of the answer either.
        key: Names the combination that is kept from training or not; empty: never kept.
    """

    intent: str
    kind: Kind
    prompt: str
    answer: str
    short: str
    expects: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    verbatim: tuple[str, ...] = ()
    key: str = ""

    @property
    def held_out(self) -> bool:
        """Whether this combination is kept for evaluation."""
        return bool(self.key) and kept_for_evaluation(self.key)


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
"""Exchanges that follow one another; most intents make one, memory makes several. The last is what is evaluated."""

Intent = Callable[[Random], Script]
"""Draws one script. All randomness comes from the generator passed in."""


def kept_for_evaluation(key: str) -> bool:
    """Whether a combination never occurs in training: one in 16, by a checksum and not by chance.

    So no seed can leak what another seed's evaluation asks.
    """
    return zlib.crc32(key.lower().encode()) % _HELD_OUT_ONE_IN == 0
