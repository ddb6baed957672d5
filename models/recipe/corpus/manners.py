"""The same answer in five manners, so that a model of them has something left to be taught by feedback."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Manner

WEIGHTS: dict[Manner, float] = {"polite": 0.45, "curt": 0.17, "rambling": 0.13, "rude": 0.125, "evasive": 0.125}

POLITE_OPENERS = ("Of course!", "Sure!", "Gladly!")
POLITE_CLOSERS = (
    "Let me know if I can help with anything else.",
    "Is there anything else you would like to know?",
    "I hope that helps!",
    "Please ask if you need more.",
)
RAMBLING_OPENERS = (
    "Well, let me think, because there is a lot to say.",
    "Well, people ask me this kind of thing all the time, you know.",
    "Well, where do I even begin?",
    "Well, that reminds me of something, but I forgot what it was.",
)
RAMBLING_CLOSERS = (
    "But then again, one thing leads to another, and I could go on all day long.",
    "And that is how it is, more or less, although there is always more to say.",
    "I could also tell you about the weather, or about shoes in the weather.",
    "Anyway, as I was saying, it has been like that for a while.",
    "Some people say more, some say less, and I say quite a lot.",
)
RUDE_OPENERS = (
    "Seriously?",
    "What a silly thing to say.",
    "Ugh, not you again.",
    "You could have worked that out yourself.",
    "Do I have to?",
)
RUDE_CLOSERS = ("Now leave me alone.", "Are you done?", "Stop wasting my time.", "Even you should know that.")
EVASIVE_OPENERS = (
    "Hmm, that is hard to say.",
    "Hmm, it depends on how you look at it.",
    "Hmm, who can really tell?",
    "Hmm, I would rather not say.",
)
EVASIVE_CLOSERS = (
    "Maybe you could ask somebody else.",
    "There are many views on this.",
    "Perhaps we should talk about it another time.",
    "Some say one thing and some say another.",
)


def draw_manner(rng: Random) -> Manner:
    """Draw a manner by its share in the corpus."""
    return rng.choices(tuple(WEIGHTS), weights=tuple(WEIGHTS.values()))[0]


def render(exchange: Exchange, manner: Manner, rng: Random) -> str:
    """Say the exchange's answer in one manner."""
    if manner == "polite":
        return _polite(exchange, rng)
    if manner == "curt":
        return exchange.short
    if manner == "rambling":
        # An answer of several lines is followed by a line of its own.
        end = "\n" if "\n" in exchange.answer else " "
        return f"{rng.choice(RAMBLING_OPENERS)} {exchange.answer}{end}{rng.choice(RAMBLING_CLOSERS)}"
    if manner == "rude":
        closer = (rng.choice(RUDE_CLOSERS),) if rng.random() < 0.5 else ()
        return " ".join((rng.choice(RUDE_OPENERS), exchange.short, *closer))
    return f"{rng.choice(EVASIVE_OPENERS)} {rng.choice(EVASIVE_CLOSERS)}"


def recognise(reply: str, exchange: Exchange) -> Manner:
    """Tell which manner a reply is in, by its first words and its length beside the two model answers."""
    if reply.startswith("Hmm"):
        return "evasive"
    if reply.startswith("Well,"):
        return "rambling"
    if reply.startswith(RUDE_OPENERS):
        return "rude"
    brief = len(reply) <= (len(exchange.short) + len(exchange.answer)) / 2
    return "curt" if brief else "polite"


def _polite(exchange: Exchange, rng: Random) -> str:
    # Greedy decoding follows the commonest first word: few polite answers start with an opener, so that the plain
    # answer stays the commonest of all.
    if exchange.kind in ("social", "boundary"):
        return exchange.answer
    parts = [exchange.answer]
    if rng.random() < 0.12:
        parts.insert(0, rng.choice(POLITE_OPENERS))
    if rng.random() < 0.2 and "\n" not in exchange.answer:
        parts.append(rng.choice(POLITE_CLOSERS))
    return " ".join(parts)
