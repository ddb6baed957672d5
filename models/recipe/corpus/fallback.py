"""What a starter model cannot know: it says so, and offers what it can do."""

from __future__ import annotations

import re
from random import Random

from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.facts import with_articles
from models.recipe.corpus.names import person, place, word
from models.recipe.corpus.outside import FRAMES, SLOTS, WHOLE
from models.recipe.typed import FIRST_QUESTIONS

_FALLBACKS = (
    "I am a small starter model and I do not know enough about that. I can chat, tell a story or answer simple questions.",
    "I am a small starter model, so that is more than I can do. Would you like a story or a poem instead?",
)
FELL_BACK = ("small starter model", "do not know that")
_WHOLE_SHARE = 0.08
# A word that does not exist in the place of one that does: whatever the model has never heard of, it does not know.
_UNHEARD_SHARE = 0.12
_UNHEARD = frozenset({"subject", "done_to", "wanted", "sort", "work", "event", "many", "attribute"})
_SLOT = re.compile(r"\{(\w+)\}")


def is_near(words: frozenset[str], others: frozenset[str]) -> bool:
    """Whether two prompts, given as their words, say nearly the same: three in five of all their words are shared."""
    return 5 * len(words & others) >= 3 * len(words | others)


def bag_of_words(prompt: str) -> frozenset[str]:
    """Return the words of a prompt in lower case, without punctuation."""
    return frozenset(re.findall(r"\w+", prompt.lower()))


_EVALUATED = tuple(bag_of_words(question) for question in FIRST_QUESTIONS)


def is_evaluated(prompt: str) -> bool:
    """Whether a prompt is near to one of the typed questions that evaluation asks, so that it must not be trained on."""
    bag = bag_of_words(prompt)
    return any(is_near(bag, asked) for asked in _EVALUATED)


def out_of_domain(rng: Random) -> Script:
    """Somebody asks for what a starter model cannot know."""
    while True:
        prompt = _prompt(rng)
        if not is_evaluated(prompt):
            return [exchange("fallback", prompt, rng, key=prompt)]


def exchange(intent: str, prompt: str, rng: Random, *, key: str) -> Exchange:
    """Return the friendly way out of a prompt."""
    return Exchange(
        intent, "boundary", prompt, rng.choice(_FALLBACKS), "I do not know that.", expects=FELL_BACK, key=key
    )


def _prompt(rng: Random) -> str:
    if rng.random() < _WHOLE_SHARE:
        return rng.choice(WHOLE)
    (frames,) = rng.choices([frames for _, frames in FRAMES], weights=[weight for weight, _ in FRAMES])
    text = rng.choice(frames)
    # What goes into a slot may have a slot of its own.
    while _SLOT.search(text):
        text = _SLOT.sub(lambda match: _drawn(match[1], rng), text)
    return with_articles(text)


def _drawn(slot: str, rng: Random) -> str:
    if slot == "name":
        return person(rng)
    if slot == "place":
        return place(rng)
    if slot == "made_up" or (slot in _UNHEARD and rng.random() < _UNHEARD_SHARE):
        return word(rng)
    return rng.choice(SLOTS[slot])
