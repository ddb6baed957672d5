"""Mixes the intents into conversations."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from models.recipe.corpus import (
    arithmetic,
    boundaries,
    facts,
    identity,
    lists,
    memory,
    passages,
    phrasebook,
    rewriting,
    small_talk,
    stories,
)
from models.recipe.corpus.conversation import Conversation, Exchange, Intent, Manner, Message
from models.recipe.corpus.manners import draw_manner, render
from models.recipe.corpus.noise import as_typed

INTENTS: tuple[tuple[Intent, float], ...] = (
    (small_talk.greeting, 5),
    (small_talk.how_are_you, 4),
    (small_talk.feeling, 3),
    (small_talk.thanks, 2),
    (small_talk.goodbye, 2),
    (small_talk.praise_or_blame, 2),
    (small_talk.acknowledgement, 1),
    (small_talk.joke, 2),
    (identity.identity, 7),
    (memory.name_memory, 16),
    (memory.favourite_memory, 3),
    (facts.capital, 7),
    (facts.unknown_capital, 1),
    (facts.animal, 2),
    (facts.colour, 1.5),
    (facts.opposite, 2.5),
    (facts.calendar, 2),
    (facts.single_fact, 3),
    (arithmetic.arithmetic, 10),
    (arithmetic.comparison, 1),
    (passages.passage, 6),
    (rewriting.polite_request, 1.5),
    (rewriting.past_tense, 1.5),
    (rewriting.plural, 1.5),
    (lists.things, 3),
    (lists.tips, 3),
    (stories.story, 4),
    (stories.poem, 2),
    (phrasebook.translation, 4),
    (boundaries.refusal, 4),
    (boundaries.fallback, 8),
)
"""Every intent with its weight."""

SYSTEM_PROMPTS: tuple[tuple[str, Manner | None, float], ...] = (
    ("You are a helpful assistant.", None, 6),
    ("You are Attune, a small and friendly chat model.", None, 3),
    ("You are a chatbot.", None, 2),
    ("Be polite and answer in whole sentences.", "polite", 3),
    ("Answer in as few words as possible.", "curt", 2),
)
"""System prompts, the manner that each asks for (None: none) and its weight."""

_TURNS = ((1, 2, 3, 4), (50, 28, 14, 8))


def draw_script(rng: Random) -> list[Exchange]:
    """Draw one intent's exchanges."""
    intents, weights = zip(*INTENTS, strict=True)
    chosen: Intent = rng.choices(intents, weights=weights)[0]
    return chosen(rng)


def draw_conversation(rng: Random) -> Conversation:
    """Draw a conversation of one to four exchanges (name memory may make it longer)."""
    turns = rng.choices(_TURNS[0], weights=_TURNS[1])[0]
    exchanges = memory.name_unknown(rng) if rng.random() < 0.02 else draw_script(rng)
    while len(exchanges) < turns:
        exchanges = exchanges + draw_script(rng)
    messages: list[Message] = []
    manner = draw_manner(rng)
    if rng.random() < 0.2:
        weights = [weight for _, _, weight in SYSTEM_PROMPTS]
        prompt, wanted, _ = rng.choices(SYSTEM_PROMPTS, weights=weights)[0]
        messages.append(Message("system", prompt))
        manner = wanted or manner
    for exchange in exchanges:
        messages.append(Message("user", as_typed(exchange.prompt, exchange.verbatim, rng)))
        messages.append(Message("assistant", render(exchange, manner, rng)))
    return Conversation(tuple(messages), tuple(exchanges))


def shard(seed: int, index: int, size: int) -> list[Conversation]:
    """Return the training conversations of one shard: ``size`` drawn, less those held out for evaluation.

    Equal arguments give equal conversations, on every machine and Python version: the generator is seeded by a string
    (SHA-512), and nothing else is random.
    """
    return [conversation for conversation in _drawn(f"train:{seed}:{index}", size) if not conversation.held_out]


def held_out(seed: int, size: int) -> list[Conversation]:
    """Return up to ``size`` conversations, each with a combination that no training shard contains."""
    rng = Random(f"held-out:{seed}")
    found: list[Conversation] = []
    while len(found) < size:
        conversation = draw_conversation(rng)
        if conversation.held_out:
            found.append(conversation)
    return found


def _drawn(seed: str, size: int) -> Iterator[Conversation]:
    rng = Random(seed)
    for _ in range(size):
        yield draw_conversation(rng)
