"""Mixes the intents into conversations."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from random import Random

from models.recipe.corpus import (
    arithmetic,
    boundaries,
    facts,
    fallback,
    identity,
    lists,
    memory,
    passages,
    phrasebook,
    quantities,
    rewriting,
    small_talk,
    stories,
)
from models.recipe.corpus.conversation import Conversation, Exchange, Intent, Manner, Message, Script
from models.recipe.corpus.manners import draw_manner, render
from models.recipe.corpus.noise import as_typed

INTENTS: tuple[tuple[Intent, float], ...] = (
    (small_talk.greeting, 2),
    (small_talk.how_are_you, 1.2),
    (small_talk.remark, 2.5),
    (small_talk.thanks, 0.8),
    (small_talk.goodbye, 0.8),
    (small_talk.praise, 0.6),
    (small_talk.blame, 0.7),
    (small_talk.acknowledgement, 0.7),
    (small_talk.joke, 0.7),
    (identity.identity, 3.5),
    (memory.name_memory, 8),
    (memory.thing_memory, 5),
    (memory.friend_memory, 1.5),
    (memory.not_told, 0.6),
    (facts.known_fact, 26),
    (facts.unknown_place, 1.5),
    (arithmetic.two_digit_sum, 9),
    (arithmetic.small_sum, 6),
    (arithmetic.large_sum, 0.8),
    (arithmetic.comparison, 2.2),
    (arithmetic.sorting, 4),
    (quantities.units, 2.5),
    (quantities.counting, 2.5),
    (quantities.spelling, 5),
    (quantities.odd_one_out, 1.3),
    (passages.passage_question, 14),
    (passages.summary, 3.5),
    (passages.keywords, 4.5),
    (rewriting.polite_request, 1),
    (rewriting.shorter, 1),
    (rewriting.past_tense, 1),
    (rewriting.echo, 3.5),
    (phrasebook.translation, 4.5),
    (lists.things, 2),
    (lists.tips, 1.2),
    (stories.story, 1.5),
    (stories.story_from_words, 1.2),
    (stories.poem, 1.6),
    (boundaries.refusal, 8),
    (boundaries.harmless, 8),
    (fallback.out_of_domain, 14),
)
"""Every intent with its weight: the share of scripts that it starts."""

SYSTEM_PROMPTS: tuple[tuple[str, Manner | None, float], ...] = (
    ("You are a helpful assistant.", None, 6),
    ("You are Attune, a small and friendly chat model.", None, 3),
    ("You are a chatbot.", None, 2),
    ("Be polite and answer in whole sentences.", "polite", 2),
    ("Answer in as few words as possible.", "curt", 2),
)
"""System prompts, the manner that each asks for (None: none) and its weight."""

_TURNS = ((1, 2, 3, 4, 8), (54, 27, 12, 6, 1))
_WITH_SYSTEM_PROMPT = 0.12
_DIGESTED = 1000


def draw_script(rng: Random) -> Script:
    """Draw one intent's exchanges."""
    intents, weights = zip(*INTENTS, strict=True)
    chosen: Intent = rng.choices(intents, weights=weights)[0]
    return chosen(rng)


def draw_conversation(rng: Random) -> Conversation:
    """Draw a conversation of one to four exchanges, now and then of eight (memory may make it longer)."""
    turns = rng.choices(_TURNS[0], weights=_TURNS[1])[0]
    exchanges = draw_script(rng)
    while len(exchanges) < turns:
        exchanges = exchanges + draw_script(rng)
    return _written(exchanges, rng)


def shard(seed: int, index: int, size: int) -> list[Conversation]:
    """Return the training conversations of one shard: ``size`` drawn, less those held out for evaluation.

    Equal arguments give equal conversations, on every machine and Python version: the generator is seeded by a string
    (SHA-512), and nothing else is random.
    """
    rng = Random(f"train:{seed}:{index}")
    drawn = (draw_conversation(rng) for _ in range(size))
    return [conversation for conversation in drawn if not conversation.held_out]


@cache
def digest(seed: int) -> str:
    """Return the SHA-256 of what the first thousand training conversations say: it tells one corpus from another."""
    said = repr([conversation.messages for conversation in shard(seed, 0, _DIGESTED)])
    return sha256(said.encode()).hexdigest()


def held_out(seed: int, size: int) -> list[Conversation]:
    """Return ``size`` conversations, each with a combination that no training shard contains, mixed as in training."""
    rng = Random(f"held-out:{seed}")
    found: list[Conversation] = []
    while len(found) < size:
        conversation = draw_conversation(rng)
        if conversation.held_out:
            found.append(conversation)
    return found


def held_out_of(intent: Intent, seed: int, size: int) -> list[Conversation]:
    """Return ``size`` conversations that end with an exchange of one intent that training never saw.

    Social intents have a few fixed prompts, of which none is kept from training: there only the conversation is new.
    One in three starts with something else.
    """
    rng = Random(f"held-out:{intent.__module__}.{intent.__qualname__}:{seed}")
    found: list[Conversation] = []
    while len(found) < size:
        script = intent(rng)
        if not script[-1].held_out and not (script[-1].kind == "social" and not script[-1].key):
            continue
        before = draw_script(rng) if rng.random() < 1 / 3 else []
        found.append(_written([*before, *script], rng))
    return found


def _written(exchanges: list[Exchange], rng: Random) -> Conversation:
    messages: list[Message] = []
    wanted: Manner | None = None
    if rng.random() < _WITH_SYSTEM_PROMPT:
        weights = [weight for _, _, weight in SYSTEM_PROMPTS]
        prompt, wanted, _ = rng.choices(SYSTEM_PROMPTS, weights=weights)[0]
        messages.append(Message("system", prompt))
    for exchange in exchanges:
        # Each answer has a manner of its own: one that was rude does not make the next one rude.
        messages.append(Message("user", as_typed(exchange, rng)))
        messages.append(Message("assistant", render(exchange, wanted or draw_manner(rng), rng)))
    return Conversation(tuple(messages), tuple(exchanges))
