"""Units, counting and spelling: small tasks that are solved by writing the steps down."""

from __future__ import annotations

from random import Random

from models.recipe.corpus import words
from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.facts import with_articles
from models.recipe.corpus.tables import rows

# large unit, singular | plural | small unit, singular | plural | factor
_UNITS = rows("""
metre | metres | centimetre | centimetres | 100
kilometre | kilometres | metre | metres | 1000
kilogram | kilograms | gram | grams | 1000
litre | litres | millilitre | millilitres | 1000
centimetre | centimetres | millimetre | millimetres | 10
ton | tons | kilogram | kilograms | 1000
hour | hours | minute | minutes | 60
minute | minutes | second | seconds | 60
day | days | hour | hours | 24
week | weeks | day | days | 7
year | years | month | months | 12
dozen | dozen | piece | pieces | 12
decade | decades | year | years | 10
century | centuries | year | years | 100
euro | euros | cent | cents | 100
dollar | dollars | cent | cents | 100
""")
_MOST_UNITS = 10
_ASK_UNITS = ("How many {small} are in {n} {large}?", "How many {small} are {n} {large}?", "Convert {n} {large} to {small}.", "{n} {large} in {small}",
              "What is {n} {large} in {small}?", "How many {small} does {n} {large} have?", "How many {small} make {n} {large}?")  # fmt: skip
_COUNTED = {
    "animals": words.ANIMALS,
    "colours": words.COLOURS,
    "fruits": words.FRUITS,
    "days": words.DAYS,
    "things": words.THINGS,
    "words": words.SHORT_WORDS,
}
_ASK_COUNT = (
    "How many {kind} are in this list: {x}?",
    "Count the {kind}: {x}",
    "How many {kind} are there? {x}",
    "How many {kind}: {x}",
    "Count these {kind}: {x}",
)
_ASK_SPELL = ("Spell {x}.", "How do you spell {x}?", "Can you spell {x}?", "Spell the word {x}.", "Spell the word {x} for me.", "How is {x} spelled?",
              "What are the letters of {x}?", "Please spell {x}.")  # fmt: skip
_ASK_LETTERS = (
    "How many letters does {x} have?",
    "How many letters are in {x}?",
    "Count the letters of {x}.",
    "How many letters are in the word {x}?",
    "How long is the word {x}?",
)
_ASK_LETTER = ("What is the {w} letter of {x}?", "Which is the {w} letter of {x}?", "{w} letter of {x}?")


def units(rng: Random) -> Script:
    """Change a quantity from a large unit into a small one."""
    large, larges, _, smalls, factor = rng.choice(_UNITS)
    n = rng.randint(1, _MOST_UNITS)
    result = n * int(factor)
    named = large if n == 1 else larges
    prompt = rng.choice(_ASK_UNITS).format(n=n, large=named, small=smalls)
    have = "is" if n == 1 else "are"
    answer = f"One {large} is {factor} {smalls}, so {n} {named} {have} {result} {smalls}."
    return [
        Exchange(
            "units",
            "question",
            prompt,
            answer,
            f"{result} {smalls}.",
            expects=(f"{have} {result} {smalls}",),
            about=(smalls,),
            key=prompt,
        )
    ]


def counting(rng: Random) -> Script:
    """Count the words of a list, or count up to a number."""
    if rng.random() < 0.3:
        n = rng.randint(2, 20)
        prompt = rng.choice(
            ("Count to {n}.", "Can you count to {n}?", "Count from 1 to {n}.", "Please count up to {n}.")
        ).format(n=n)
        counted = ", ".join(map(str, range(1, n + 1)))
        return [
            Exchange(
                "counting",
                "task",
                prompt,
                f"Here we go: {counted}.",
                f"{counted}.",
                expects=(f" {counted}.",),
                about=("1, 2",),
                key=prompt,
            )
        ]
    kind = rng.choice(tuple(_COUNTED))
    n = rng.randint(2, 6)
    chosen = rng.sample(_COUNTED[kind], n)
    listed = ", ".join(chosen)
    counted = ", ".join(f"{i} {word}" for i, word in enumerate(chosen, start=1))
    prompt = rng.choice(_ASK_COUNT).format(kind=kind, x=listed)
    return [
        Exchange(
            "counting",
            "task",
            prompt,
            f"I count {counted}. There are {n} {kind}.",
            # The number alone would have to be known without counting.
            f"{counted}.",
            expects=(f"are {n} ",),
            about=("i count",),
            verbatim=(listed,),
            key=listed,
        )
    ]


def spelling(rng: Random) -> Script:
    """Spell a word of two hundred, count its letters, or name its first or last one.

    The model does not see the letters of a word, it has to know them: so every answer spells the word, in one form.
    """
    word = rng.choice(words.SHORT_WORDS)
    spelled = "-".join(word)
    whole, kind = f"The word {word} is spelled {spelled}", rng.random()
    if kind < 0.2:
        prompt = rng.choice(_ASK_LETTERS).format(x=word)
        answer, short = f"{whole}, so it has {len(word)} letters.", f"{spelled}: {len(word)}."
        right = f"has {len(word)} letters"
    elif kind < 0.35:
        which, letter = rng.choice((("first", word[0]), ("last", word[-1])))
        prompt = rng.choice(_ASK_LETTER).format(w=which, x=word)
        answer, short = f"{whole}, so its {which} letter is {letter}.", f"{letter.upper()}."
        right = f"letter is {letter}."
    else:
        prompt = rng.choice(_ASK_SPELL).format(x=word)
        answer, short, right = f"{whole}.", f"{spelled}.", f" {spelled}."
    return [
        Exchange(
            "spelling", "task", prompt, answer, short, expects=(right,), about=(word,), verbatim=(word,), key=prompt
        )
    ]


def odd_one_out(rng: Random) -> Script:
    """Choose from a list what is of another kind: the odd one out."""
    kind, other = rng.sample(("animals", "colours", "fruits", "days"), 2)
    chosen = rng.sample(_COUNTED[kind], 3)
    odd = rng.choice(_COUNTED[other])
    listed = chosen.copy()
    listed.insert(rng.randrange(4), odd)
    x = ", ".join(listed)
    prompt = rng.choice(
        (
            "Which is the odd one out: {x}?",
            "What does not belong: {x}?",
            "Odd one out: {x}",
            "Which of these does not fit? {x}",
        )
    ).format(x=x)
    answer = f"The others are {kind}, so the odd one out is {odd}."
    return [
        Exchange(
            "odd one out",
            "task",
            prompt,
            with_articles(answer),
            f"{odd.capitalize()}.",
            expects=(f"is {odd}.",),
            about=("odd one out",),
            verbatim=(x,),
            key=x,
        )
    ]
