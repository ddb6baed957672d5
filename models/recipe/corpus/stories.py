"""Small stories and poems, most of them from given words."""

from __future__ import annotations

from random import Random

from models.recipe.corpus import words
from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.facts import with_articles
from models.recipe.corpus.names import word as made_up
from models.recipe.corpus.tables import entries, lines, rows

_HEROES = entries("""
fox, cat, dog, owl, bear, rabbit, mouse, dragon, robot, king, queen, wizard, bird, frog, turtle, pirate, princess, whale,
horse, wolf, lion, ghost, farmer, knight, girl, boy, penguin, elephant, monkey, tiger, witch, giant, sailor, baker, spider
""")
_PLACES = entries("a deep forest, a small village, an old castle, a quiet valley, a house by the sea, a green hill")
_TRAITS = entries("brave, curious, lonely, clever, kind, tiny")
_EVENTS = rows("""
found a golden key under a stone | The key opened a door in an old tree, and behind it was a garden full of light.
lost the way in a storm | A little bird came by and showed the way home.
met a stranger who was hungry | They shared a loaf of bread, and the stranger gave a lantern in return.
saw a star fall into the lake | With a long net the star was lifted out and put back into the sky.
heard somebody cry in the night | It was a lost child, and together they found the way to its mother.
built a boat out of leaves | The boat was small, but it crossed the whole river without sinking.
wanted to learn how to sing | After many days of practice the whole village came to listen.
""")
_ENDINGS = lines("""
From that day on, the {hero} was never alone again.
The {hero} slept well that night and dreamed of the next adventure.
And everybody in the land still talks about the {hero}.
In the end the {hero} learned that kindness always comes back.
""")
_ASK = ("Tell me a story about a {hero}.", "Write a short story about a {hero}.", "Can you tell me a story about a {hero}?", "I want a story about a {hero}.",
        "Story about a {hero}, please.", "Write a story about a {trait} {hero}.", "Please tell me a tale of a {hero}.", "Make up a story about a {hero}.",
        "A story about a {hero}!")  # fmt: skip
_ASK_ANY = ("Tell me a story.", "Can you tell me a story?", "I want to hear a story.", "Write a short story.", "A story, please.", "Tell me a bedtime story.",
            "Another story, please.", "Tell me another story.", "Yes, tell me a story.")  # fmt: skip
_ASK_WORDS = ("Write a story with the words {a}, {b} and {c}.", "Tell me a story with {a}, {b} and {c}.", "Make a story from these words: {a}, {b}, {c}",
              "Use {a}, {b} and {c} in a story.", "Story with the words {a}, {b}, {c}", "Write a story from the words {a}, {b}, {c}.")  # fmt: skip
_WORD_STORIES = lines("""
Once upon a time, a {hero} found a {a} in the grass. Behind it stood a {b}, and next to it lay a {c}. The {hero} took them all home and was happy.
Once upon a time, a {hero} had only one wish, and that was a {a}. A friend gave it a {b} instead. They put it beside a {c} and laughed about it.
Once upon a time, a {hero} lost a {a} on a long walk. It looked behind a {b}, and it looked under a {c}. At last it was found, and all was well.
""")
_POEMS = {
    "the sea": "The sea is wide, the sea is deep,\nIt sings the little fish to sleep.\nThe waves roll in, the waves roll out,\nAnd gulls fly all the way about.",
    "the moon": "The moon looks down so round and bright,\nIt keeps us company at night.\nIt never says a single word,\nYet everything it knows is heard.",
    "rain": "The rain falls softly on the street,\nIt makes a puddle for my feet.\nIt taps the window, taps the door,\nAnd then it rains a little more.",
    "spring": "The snow is gone, the grass is green,\nThe prettiest that I have seen.\nThe birds are back, they sing all day,\nAnd winter now is far away.",
    "love": "Love is a light that does not fade,\nIt keeps us warm within the shade.\nIt asks for little, gives a lot,\nAnd stays when other things do not.",
    "friendship": "A friend will listen, stay and care,\nA friend is somebody who is there.\nIn sun and rain, in joy and tear,\nIt helps to know that you are near.",
    "winter": "The snow lies white upon the ground,\nAnd all is still, without a sound.\nWe drink our tea beside the fire,\nAnd see the flames go ever higher.",
    "the sun": "The sun comes up and says hello,\nIt paints the hills with golden glow.\nIt warms the fields, it warms the sea,\nAnd then it comes to shine on me.",
}
_COUPLETS = lines("""
I saw a {w} at break of day, / It smiled and would not go away.
A {w} is standing by my door, / I never saw it there before.
O little {w}, so far from here, / I wish that you were always near.
The {w} is quiet in the night, / And waits until the morning light.
I wrote a letter to a {w}, / The answer is as good as new.
There is a {w} inside my dream, / It floats along a silver stream.
A {w} came down the road one day, / And all the children went to play.
Whoever has a {w} is glad, / And never, never will be sad.
""")
_ASK_POEM = ("Write a poem about {topic}.", "Can you write a poem about {topic}?", "I want a poem about {topic}.", "Poem about {topic}, please.",
             "Write me a short poem about {topic}.", "Make a rhyme about {topic}.", "Give me a poem about {topic}.", "Compose a poem about {topic}.")  # fmt: skip
_ASK_ANY_POEM = ("Write a poem.", "Tell me a poem.", "A poem, please.", "Can you write a poem?", "Write me a poem.")


def story(rng: Random) -> Script:
    """A story of four sentences with one hero."""
    hero, trait, (event, turn) = _of(_HEROES, rng), rng.choice(_TRAITS), rng.choice(_EVENTS)
    named = rng.random() < 0.8
    prompt = with_articles(rng.choice(_ASK if named else _ASK_ANY).format(hero=hero, trait=trait))
    opening = f"Once upon a time, a {trait} {hero} lived in {rng.choice(_PLACES)}."
    answer = f"{opening} One day the {hero} {event}. {turn} {rng.choice(_ENDINGS).format(hero=hero)}"
    short = f"A {hero} {event}. The end."
    about = (hero,) if named else ("once upon a time", "the end")
    right = (f"the {hero} ",) if named else ("once upon a time",)
    return [
        Exchange(
            "story",
            "task",
            prompt,
            with_articles(answer),
            with_articles(short),
            expects=right,
            about=about,
            key=prompt if named else "",
        )
    ]


def story_from_words(rng: Random) -> Script:
    """A story that has three given words in it."""
    a, b, c = rng.sample((*words.THINGS, *words.ANIMALS), 3)
    hero = rng.choice([hero for hero in _HEROES if hero not in (a, b, c)])
    prompt = rng.choice(_ASK_WORDS).format(a=a, b=b, c=c)
    answer = with_articles(rng.choice(_WORD_STORIES).format(hero=hero, a=a, b=b, c=c))
    short = with_articles(f"A {hero} had a {a}, a {b} and a {c}. The end.")
    return [
        Exchange(
            "story from words",
            "task",
            prompt,
            answer,
            short,
            expects=("once upon a time",),
            requires=(a, b, c),
            about=(a, b, c),
            key=f"{a} {b} {c}",
        )
    ]


def poem(rng: Random) -> Script:
    """Four rhyming lines, about a topic or a given word."""
    if rng.random() < 0.35:
        topic = rng.choice(tuple(_POEMS))
        text, first = _POEMS[topic], _POEMS[topic].split("\n")[0]
        prompt = rng.choice(_ASK_POEM).format(topic=topic) if rng.random() < 0.8 else rng.choice(_ASK_ANY_POEM)
        return [
            Exchange(
                "poem",
                "task",
                prompt,
                text,
                first.rstrip(",") + ".",
                expects=(first,) if topic in prompt else (),
                about=(first, "\n"),
                key=prompt,
            )
        ]
    word = _of((*words.THINGS, *words.ANIMALS, *words.NATURE), rng)
    one, two = rng.sample(_COUPLETS, 2)
    text = with_articles(
        "\n".join(part.strip().format(w=word) for couplet in (one, two) for part in couplet.split("/"))
    )
    prompt = with_articles(rng.choice(_ASK_POEM).format(topic=rng.choice((f"a {word}", f"the {word}"))))
    short = text.split("\n")[0].rstrip(",") + "."
    return [Exchange("poem", "task", prompt, text, short, expects=(f" {word}",), about=(word,), key=prompt)]


def _of(known: tuple[str, ...], rng: Random) -> str:
    # One word in eight does not exist: so any word can be copied from the prompt.
    return rng.choice(known) if rng.random() > 1 / 8 else made_up(rng)
