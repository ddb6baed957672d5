"""Small stories and four-line poems."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_HEROES = ("fox", "cat", "dog", "owl", "bear", "rabbit", "mouse", "dragon", "robot", "king", "queen", "wizard", "bird", "frog",
           "turtle", "pirate", "princess", "whale", "horse", "wolf", "lion", "ghost", "farmer", "knight")  # fmt: skip
_PLACES = ("a deep forest", "a small village", "an old castle", "a quiet valley", "a house by the sea", "a green hill")
_TRAITS = ("brave", "curious", "lonely", "clever", "kind", "tiny")
_EVENTS = (
    (
        "found a golden key under a stone",
        "The key opened a door in an old tree, and behind it was a garden full of light.",
    ),
    ("lost the way in a storm", "A little bird came by and showed the way home."),
    ("met a stranger who was hungry", "They shared a loaf of bread, and the stranger gave a lantern in return."),
    ("saw a star fall into the lake", "With a long net the star was lifted out and put back into the sky."),
    ("heard somebody cry in the night", "It was a lost child, and together they found the way to its mother."),
    ("built a boat out of leaves", "The boat was small, but it crossed the whole river without sinking."),
    ("wanted to learn how to sing", "After many days of practice the whole village came to listen."),
)
_ENDINGS = (
    "From that day on, the {hero} was never alone again.",
    "The {hero} slept well that night and dreamed of the next adventure.",
    "And everybody in the land still talks about the {hero}.",
    "In the end the {hero} learned that kindness always comes back.",
)
_ASK = ("Tell me a story about a {hero}.", "Tell me a story about a {hero}", "Write a short story about a {hero}.", "Can you tell me a story about a {hero}?",
        "I want a story about a {hero}.", "Story about a {hero}, please.", "Write a story about a {trait} {hero}.",
        "Please tell me a tale of a {hero}.")  # fmt: skip
_ASK_ANY = ("Tell me a story.", "Can you tell me a story?", "I want to hear a story.", "Write a short story.", "A story, please.",
            "Tell me a bedtime story.")  # fmt: skip
_POEMS: dict[str, str] = {
    "the sea": "The sea is wide, the sea is deep,\nIt sings the little fish to sleep.\nThe waves roll in, the waves roll out,\nAnd gulls fly all the way about.",
    "the moon": "The moon looks down so round and bright,\nIt keeps us company at night.\nIt never says a single word,\nYet everything it knows is heard.",
    "rain": "The rain falls softly on the street,\nIt makes a puddle for my feet.\nIt taps the window, taps the door,\nAnd then it rains a little more.",
    "spring": "The snow is gone, the grass is green,\nThe prettiest that I have seen.\nThe birds are back, they sing all day,\nAnd winter now is far away.",
    "a cat": "A cat sat down upon my chair,\nAnd left a lot of fluffy hair.\nIt looked at me and closed its eyes,\nAs if it were both old and wise.",
    "a dog": "My dog runs quickly through the wood,\nHe is so happy, kind and good.\nHe brings a stick, he wags his tail,\nAnd follows me on every trail.",
    "love": "Love is a light that does not fade,\nIt keeps us warm within the shade.\nIt asks for little, gives a lot,\nAnd stays when other things do not.",
    "friendship": "A friend will listen, stay and care,\nA friend is somebody who is there.\nIn sun and rain, in joy and tear,\nIt helps to know that you are near.",
    "winter": "The snow lies white upon the ground,\nAnd all is still, without a sound.\nWe drink our tea beside the fire,\nAnd see the flames go ever higher.",
    "the sun": "The sun comes up and says hello,\nIt paints the hills with golden glow.\nIt warms the fields, it warms the sea,\nAnd then it comes to shine on me.",
}  # fmt: skip
_ASK_POEM = ("Write a poem about {topic}.", "Can you write a poem about {topic}?", "I want a poem about {topic}.", "Poem about {topic}, please.",
             "Write me a short poem about {topic}.", "Make a rhyme about {topic}.")  # fmt: skip


def story(rng: Random) -> Script:
    """A story of four sentences with one hero."""
    hero, trait, (event, turn) = rng.choice(_HEROES), rng.choice(_TRAITS), rng.choice(_EVENTS)
    named = rng.random() < 0.8
    prompt = rng.choice(_ASK if named else _ASK_ANY).format(hero=hero, trait=trait)
    opening = f"Once upon a time, a {trait} {hero} lived in {rng.choice(_PLACES)}."
    answer = f"{opening} One day the {hero} {event}. {turn} {rng.choice(_ENDINGS).format(hero=hero)}"
    return [Exchange("story", "task", prompt, answer, f"A {hero} {event}. The end.", (hero,) if named else ())]


def poem(rng: Random) -> Script:
    """Four rhyming lines about a topic."""
    topic = rng.choice(tuple(_POEMS))
    text = _POEMS[topic]
    short = text.split("\n", 1)[0].rstrip(",") + "."
    return [Exchange("poem", "task", rng.choice(_ASK_POEM).format(topic=topic), text, short, (short.lower()[:-1],))]
