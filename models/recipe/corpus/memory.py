"""Names and favourite things told earlier in the conversation and asked for later."""

from __future__ import annotations

from random import Random

from models.recipe.corpus import small_talk
from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.names import person

_TOLD = ("My name is {name}.", "I am {name}.", "I'm {name}.", "Call me {name}.", "Hi, my name is {name}.",
         "Hello, I am {name}.", "Hello! My name is {name}.", "You can call me {name}.", "They call me {name}.",
         "Hi, I'm {name}. Nice to meet you.", "The name is {name}.")  # fmt: skip
_GREETED = ("Hello {name}! It is nice to meet you. How can I help?", "Nice to meet you, {name}! How can I help you?")
_ASKED = ("What is my name?", "Do you remember my name?", "Who am I?", "Can you tell me my name?", "What's my name?",
          "Do you know my name?", "Say my name.", "What did I say my name was?", "whats my name")  # fmt: skip
_FAVOURITES = {
    "colour": ("red", "blue", "green", "yellow", "purple", "orange", "pink", "black", "white", "brown"),
    "animal": ("fox", "cat", "dog", "owl", "horse", "rabbit", "whale", "bear", "frog", "lion"),
    "food": ("pizza", "soup", "rice", "bread", "cheese", "pasta", "salad", "noodles", "cake", "fish"),
}
_FILLERS = (small_talk.how_are_you, small_talk.joke, small_talk.feeling, small_talk.acknowledgement, small_talk.thanks)


def name_memory(rng: Random) -> Script:
    """Tell a name, perhaps talk about something else, ask for the name."""
    name = person(rng)
    if rng.random() < 0.3:
        name = name.lower()
    # The name keeps a space before it in prompt and answer: the byte-level tokens are then the same, and can be copied.
    told = rng.choice(_TOLD).format(name=name)
    asked = rng.choice(_ASKED)
    script = [
        Exchange("name_told", "social", told, rng.choice(_GREETED).format(name=name), f"Hi {name}.", verbatim=(name,))
    ]
    for _ in range(rng.choices((0, 1, 2), weights=(6, 3, 1))[0]):
        script += rng.choice(_FILLERS)(rng)
    script.append(Exchange("name_asked", "question", asked, f"Your name is {name}.", f"It is {name}.", (name.lower(),)))
    return script


def name_unknown(rng: Random) -> Script:
    """Ask for a name that was never told."""
    answer = "You have not told me your name yet. What is it?"
    return [Exchange("name_unknown", "social", rng.choice(_ASKED), answer, "I do not know.")]


def favourite_memory(rng: Random) -> Script:
    """Tell a favourite thing and ask for it."""
    kind = rng.choice(tuple(_FAVOURITES))
    thing = rng.choice(_FAVOURITES[kind])
    told = rng.choice((f"My favourite {kind} is {thing}.", f"I like {thing} best of every {kind}."))
    answer = f"Thank you for telling me! I will remember that your favourite {kind} is {thing}."
    script = [Exchange("favourite_told", "social", told, answer, "Noted.", verbatim=(thing, kind))]
    if rng.random() < 0.4:
        script += rng.choice(_FILLERS)(rng)
    asked = rng.choice((f"What is my favourite {kind}?", f"Which {kind} do I like best?"))
    exchange = Exchange(
        "favourite_asked", "question", asked, f"Your favourite {kind} is {thing}.", f"It is {thing}.", (thing,)
    )
    return [*script, exchange]
