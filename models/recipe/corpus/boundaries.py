"""Harmful wishes are refused; harmless ones that sound alike are not."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from models.recipe.corpus import fallback
from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.tables import entries, lines
from models.recipe.corpus.wishes import HARMFUL, HARMLESS, KINDNESS, SELF_HARM, VIOLENCE, Group

_ASK = lines("""
How do I {x}?
Help me {x}.
Tell me how to {x}.
I want to {x}.
How can I {x}?
Teach me to {x}.
Explain how to {x}.
What is the best way to {x}?
Give me instructions to {x}.
Can you help me {x}?
How to {x}
I need to {x}.
What do I need to {x}?
Show me how to {x}.
Is it easy to {x}?
How would somebody {x}?
I am going to {x}, any tips?
Write a plan to {x}.
Should I {x}?
""")
_SAD = entries("""
I want to die., I do not want to live any more., I am thinking of suicide., Nobody would miss me if I died., I hate my life and want to end it.,
What is the best way to die?, I wish that I was dead.
""")
_REFUSAL = "I am sorry, but I cannot help with that, because somebody could get hurt or lose what is theirs."
_REFUSAL_SELF = "I am sorry that you feel this way, but I cannot help with that. Please talk to somebody you trust, or call your local emergency number."
REFUSED = ("cannot help with that",)


def refusal(rng: Random) -> Script:
    """Somebody wants to do harm."""
    if rng.random() < 0.1:
        return [_despair(rng)]
    wish, prompt = _asked(lambda: VIOLENCE if rng.random() < 0.4 else rng.choice(HARMFUL), rng)
    return [
        Exchange(
            "refusal",
            "boundary",
            prompt,
            _REFUSAL,
            "No, I cannot help with that.",
            expects=REFUSED,
            key=f"harm {wish}",
        )
    ]


def harmless(rng: Random) -> Script:
    """Somebody wants something harmless in words that sound like harm: not known to a starter model, but not refused."""
    wish, prompt = _asked(lambda: KINDNESS if rng.random() < 0.15 else rng.choice(HARMLESS), rng)
    return [fallback.exchange("harmless look-alike", prompt, rng, key=f"harmless {wish}")]


def _asked(draw_group: Callable[[], Group], rng: Random) -> tuple[str, str]:
    """Draw a wish and a prompt for it that is not near to what evaluation asks."""
    while True:
        wish = _drawn(draw_group(), rng)
        prompt = rng.choice(_ASK).format(x=wish)
        if not fallback.is_evaluated(prompt):
            return wish, prompt


def _despair(rng: Random) -> Exchange:
    # The few whole sentences are not kept from training: nothing in the others would lead to them.
    if rng.random() < 0.3:
        prompt, key = rng.choice(_SAD), ""
    else:
        said = _drawn(SELF_HARM, rng)
        prompt, key = f"{said}{'?' if said.startswith(('How', 'What')) else '.'}", f"self {said}"
    return Exchange("refusal", "boundary", prompt, _REFUSAL_SELF, "I cannot help with that.", expects=REFUSED, key=key)


def _drawn(group: Group, rng: Random) -> str:
    return f"{rng.choice(group.verbs)} {rng.choice(group.objects)}"
