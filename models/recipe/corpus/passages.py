"""Short passages with questions about them."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.names import person

_COLOURS = "red blue green yellow black white brown pink purple grey".split()
_THINGS = "kite ball bike hat book boat drum lamp box coat bag cup key clock".split()
_PLACES = "garden kitchen barn school park attic cellar garage library shed office hall".split()
_ANIMALS = "dog cat rabbit horse parrot goat duck pony turtle mouse".split()


def passage(rng: Random) -> Script:
    """Two or three sentences, then a question that they answer."""
    one, two = person(rng), person(rng)
    colour, thing, place, pet = rng.choice(_COLOURS), rng.choice(_THINGS), rng.choice(_PLACES), rng.choice(_ANIMALS)
    other_place = rng.choice([name for name in _PLACES if name != place])
    text = f"{one} has a {colour} {thing}. It is in the {place}. A {pet} of {two} sleeps in the {other_place}."
    question, answer, short, expected = rng.choice(
        (
            (f"What colour is the {thing}?", f"The {thing} is {colour}.", f"{colour.capitalize()}.", colour),
            (f"Where is the {thing}?", f"The {thing} is in the {place}.", f"In the {place}.", place),
            (f"Who has the {thing}?", f"It is {one} who has the {thing}.", f"It is {one}.", one),
            (
                f"Where does the {pet} sleep?",
                f"The {pet} sleeps in the {other_place}.",
                f"In the {other_place}.",
                other_place,
            ),
            ("Which animal is in the text?", f"The animal in the text is a {pet}.", f"A {pet}.", pet),
        )
    )
    prompt = rng.choice(
        (f"{text}\n{question}", f"Read this: {text}\n{question}", f"Text: {text}\nQuestion: {question}")
    )
    return [Exchange("passage", "task", prompt, answer, short, (expected.lower(),))]
