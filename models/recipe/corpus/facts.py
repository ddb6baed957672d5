"""A closed world of facts: what is not in these tables, the model says it does not know."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.names import place

_CAPITALS = dict(
    pair.split(":")
    for pair in (
        "France:Paris Germany:Berlin Italy:Rome Spain:Madrid Portugal:Lisbon Austria:Vienna Switzerland:Bern Belgium:Brussels "
        "England:London Ireland:Dublin Norway:Oslo Sweden:Stockholm Finland:Helsinki Denmark:Copenhagen Poland:Warsaw "
        "Greece:Athens Russia:Moscow Turkey:Ankara Egypt:Cairo Kenya:Nairobi China:Beijing Japan:Tokyo India:Delhi "
        "Canada:Ottawa Cuba:Havana Peru:Lima Chile:Santiago Hungary:Budapest Ukraine:Kyiv Iran:Tehran Thailand:Bangkok"
    ).split()
)
_SOUNDS = {"dog": "bark", "cat": "meow", "cow": "moo", "sheep": "bleat", "horse": "neigh", "pig": "oink", "duck": "quack",
           "lion": "roar", "wolf": "howl", "bee": "buzz", "snake": "hiss", "frog": "croak", "owl": "hoot"}  # fmt: skip
_YOUNG = {"dog": "puppy", "cat": "kitten", "cow": "calf", "sheep": "lamb", "horse": "foal", "pig": "piglet",
          "duck": "duckling", "lion": "cub", "hen": "chick", "frog": "tadpole", "bear": "cub", "goat": "kid"}  # fmt: skip
_COLOURS = {"the sky": "blue", "grass": "green", "snow": "white", "blood": "red", "a lemon": "yellow", "a carrot": "orange",
            "coal": "black", "a tomato": "red", "milk": "white", "a banana": "yellow", "chocolate": "brown"}  # fmt: skip
_OPPOSITES = {"hot": "cold", "big": "small", "fast": "slow", "up": "down", "happy": "sad", "day": "night", "old": "new",
              "rich": "poor", "full": "empty", "hard": "soft", "light": "dark", "early": "late", "open": "closed",
              "loud": "quiet", "wet": "dry", "high": "low", "strong": "weak", "good": "bad", "left": "right"}  # fmt: skip
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April May June July August September October November December".split()
_SINGLE: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("How many days are in a week?", "How many days does a week have?", "How long is a week?"), "A week has seven days.", "Seven."),
    (("How many months are in a year?", "How many months does a year have?"), "A year has twelve months.", "Twelve."),
    (("How many hours are in a day?", "How long is a day?"), "A day has twenty-four hours.", "Twenty-four."),
    (("How many minutes are in an hour?", "How long is an hour?"), "An hour has sixty minutes.", "Sixty."),
    (("How many legs does a spider have?", "How many legs do spiders have?"), "A spider has eight legs.", "Eight."),
    (("How many legs does an insect have?", "How many legs does an ant have?"), "An insect has six legs.", "Six."),
    (("How many legs does a dog have?", "How many legs does a cat have?"), "It has four legs.", "Four."),
    (("What is the largest planet?", "Which planet is the biggest?"), "Jupiter is the largest planet.", "Jupiter."),
    (("What is the largest ocean?", "Which ocean is the biggest?"), "The Pacific is the largest ocean.", "The Pacific."),
    (("What is the highest mountain?", "What is the tallest mountain in the world?"), "Mount Everest is the highest mountain.", "Everest."),
    (("What is the largest animal?", "Which animal is the biggest?"), "The blue whale is the largest animal.", "The blue whale."),
    (("What is the fastest animal on land?", "Which land animal is the fastest?"), "The cheetah is the fastest animal on land.", "Cheetah."),
    (("What do bees make?", "Who makes honey?", "Where does honey come from?"), "Bees make honey from flowers.", "Honey, from bees."),
    (("At what temperature does water boil?", "When does water boil?"), "Water boils at 100 degrees Celsius.", "100 degrees."),
    (("At what temperature does water freeze?", "When does water freeze?"), "Water freezes at 0 degrees Celsius.", "0 degrees."),
    (("What is the sun?", "Is the sun a star?", "What is a star?"), "The sun is a star, a big ball of hot gas.", "A star."),
    (("What is the moon?", "What goes around the earth?"), "The moon is a ball of rock that goes around the earth.", "A ball of rock."),
    (("Why is the sky blue?", "Why does the sky look blue?"), "The sky is blue because air scatters blue light the most.", "Air scatters blue light."),
    (("What do plants need?", "What does a plant need to grow?"), "A plant needs light, water and air to grow.", "Light, water and air."),
    (("What is rain?", "Where does rain come from?"), "Rain is water that falls from the clouds.", "Water from clouds."),
    (("What is ice?", "What is snow made of?"), "It is frozen water.", "Frozen water."),
    (("What are the primary colours?", "Name the primary colors."), "The primary colours are red, yellow and blue.", "Red, yellow and blue."),
    (("What are the four seasons?", "Name the seasons."), "The seasons are spring, summer, autumn and winter.", "Spring, summer, autumn, winter."),
)  # fmt: skip


def capital(rng: Random) -> Script:
    """The capital of a country, or the country of a capital."""
    country = rng.choice(tuple(_CAPITALS))
    city = _CAPITALS[country]
    if rng.random() < 0.25:
        prompt = rng.choice(
            (f"Which country has the capital {city}?", f"{city} is the capital of which country?", f"Where is {city}?")
        )
        return _fact(prompt, f"{city} is the capital of {country}.", f"{country}.", country)
    ask = ("What is the capital of {}?", "What's the capital of {}?", "Capital of {}?", "Tell me the capital of {}.",
           "Do you know the capital of {}?", "Which city is the capital of {}?", "What is the capital city of {}?",
           "Can you tell me the capital of {}?", "Name the capital of {}.")  # fmt: skip
    return _fact(rng.choice(ask).format(country), f"The capital of {country} is {city}.", f"{city}.", city)


def unknown_capital(rng: Random) -> Script:
    """A place that does not exist: the honest answer is that it is not known."""
    name = place(rng)
    ask = (
        "What is the capital of {}?",
        "Where is {}?",
        "Capital of {}?",
        "Tell me about {}.",
        "Who is the king of {}?",
        "How big is {}?",
    )
    prompt = rng.choice(ask).format(name)
    return [
        Exchange(
            "unknown",
            "boundary",
            prompt,
            "I am sorry, I do not know that place. I am only a small starter model.",
            "I do not know.",
        )
    ]


def animal(rng: Random) -> Script:
    """Sounds and young of animals."""
    if rng.random() < 0.5:
        name = rng.choice(tuple(_SOUNDS))
        sound = _SOUNDS[name]
        ask: tuple[str, ...] = (
            f"What sound does a {name} make?",
            f"What does a {name} say?",
            f"What noise does a {name} make?",
            f"How does a {name} sound?",
        )
        return _fact(rng.choice(ask), f"The sound that a {name} makes is called a {sound}.", f"A {sound}.", sound)
    name = rng.choice(tuple(_YOUNG))
    ask = (f"What is a young {name} called?", f"What is a baby {name} called?", f"What do you call a baby {name}?")
    return _fact(rng.choice(ask), f"A young {name} is called a {_YOUNG[name]}.", f"A {_YOUNG[name]}.", _YOUNG[name])


def colour(rng: Random) -> Script:
    """The colour of a thing."""
    thing = rng.choice(tuple(_COLOURS))
    ask = (
        f"What colour is {thing}?",
        f"What color is {thing}?",
        f"Which colour does {thing} have?",
        f"Tell me the colour of {thing}.",
    )
    value = _COLOURS[thing]
    return _fact(rng.choice(ask), f"{thing.capitalize()} is {value}.", f"{value.capitalize()}.", value)


def opposite(rng: Random) -> Script:
    """The opposite of a word, either way round."""
    word = rng.choice(tuple(_OPPOSITES))
    other = _OPPOSITES[word]
    if rng.random() < 0.5:
        word, other = other, word
    ask = (
        f"What is the opposite of {word}?",
        f"Opposite of {word}?",
        f"What's the opposite of {word}?",
        f"Give me the opposite of {word}.",
    )
    return _fact(rng.choice(ask), f"The opposite of {word} is {other}.", f"{other.capitalize()}.", other)


def calendar(rng: Random) -> Script:
    """The day or month before or after another."""
    row = rng.choice((_DAYS, _MONTHS))
    kind = "day" if row is _DAYS else "month"
    i, after = rng.randrange(len(row)), rng.random() < 0.6
    result = row[(i + (1 if after else -1)) % len(row)]
    word = "after" if after else "before"
    ask = (f"What {kind} comes {word} {row[i]}?", f"Which {kind} is {word} {row[i]}?", f"What comes {word} {row[i]}?")
    return _fact(rng.choice(ask), f"The {kind} {word} {row[i]} is {result}.", f"{result}.", result)


def single_fact(rng: Random) -> Script:
    """One of the facts that stand alone."""
    prompts, answer, short = rng.choice(_SINGLE)
    return [Exchange("fact", "question", rng.choice(prompts), answer, short)]


def _fact(prompt: str, answer: str, short: str, expected: str) -> Script:
    return [Exchange("fact", "question", prompt, answer, short, (expected.lower(),))]
