"""Short rewriting: a sentence in, the same sentence another way out."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_REQUESTS = ("open the door", "give me the book", "close the window", "pass the salt", "call me back", "send the letter",
             "wait for me", "turn on the light", "clean the kitchen", "bring some water", "help my friend", "come here",
             "read this page", "buy some bread", "feed the cat", "show me the way")  # fmt: skip
_VERBS = {"walk": "walked", "play": "played", "look": "looked", "run": "ran", "go": "went", "talk": "talked", "swim": "swam",
          "work": "worked", "wait": "waited", "sing": "sang", "sleep": "slept", "sit": "sat"}  # fmt: skip
_WHERE = (
    "in the park",
    "at home",
    "in the garden",
    "near the river",
    "at school",
    "in the forest",
    "by the sea",
    "in town",
)
_WHO = ("I", "We", "They", "You")
_PLURALS = {"cat": "cats", "dog": "dogs", "child": "children", "mouse": "mice", "house": "houses", "city": "cities",
            "box": "boxes", "foot": "feet", "tooth": "teeth", "man": "men", "woman": "women", "book": "books", "baby": "babies",
            "leaf": "leaves", "fish": "fish", "tree": "trees"}  # fmt: skip


def polite_request(rng: Random) -> Script:
    """Make an order a polite request."""
    request = rng.choice(_REQUESTS)
    ask = (
        "Make this polite: {}",
        "Say this politely: {}",
        "Rewrite this in a polite way: {}",
        "How can I say this nicely: {}",
    )
    result = f"Could you please {request}?"
    return _task(rng.choice(ask).format(request), result, f"Please {request}.", (f"please {request}",))


def past_tense(rng: Random) -> Script:
    """Put a sentence into the past."""
    verb, who, where = rng.choice(tuple(_VERBS)), rng.choice(_WHO), rng.choice(_WHERE)
    ask = ("Put this in the past tense: {}", "Rewrite in the past: {}", "Change to past tense: {}")
    result = f"{who} {_VERBS[verb]} {where}."
    return _task(rng.choice(ask).format(f"{who} {verb} {where}."), result, result, (result.lower(),))


def plural(rng: Random) -> Script:
    """Give the plural of a noun."""
    noun = rng.choice(tuple(_PLURALS))
    ask = ("What is the plural of {}?", "Plural of {}?", "What's the plural of {}?", "Give me the plural of {}.")
    many = _PLURALS[noun]
    return _task(rng.choice(ask).format(noun), f"The plural of {noun} is {many}.", f"{many.capitalize()}.", (many,))


def _task(prompt: str, answer: str, short: str, expects: tuple[str, ...]) -> Script:
    return [Exchange("rewriting", "task", prompt, answer, short, expects)]
