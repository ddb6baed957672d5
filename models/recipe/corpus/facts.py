"""Questions about the closed world, each fact in many phrasings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from models.recipe.corpus import world
from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.names import any_place
from models.recipe.corpus.tables import lines

_ASKED_ON = 0.08
_AND = ("And {a}?", "What about {a}?", "And of {a}?", "And what about {a}?", "How about {a}?")


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of facts and how they are asked: ``{a}`` is what is asked about, ``{b}`` the answer."""

    table: Mapping[str, str]
    asked: Sequence[str]
    answer: str
    short: str = "{b}."

    def draw(self, rng: Random) -> Script:
        """Ask for one of the facts."""
        a = rng.choice(tuple(self.table))
        first = self._exchange(rng.choice(self.asked).format(a=a), a)
        if rng.random() > _ASKED_ON:
            return [first]
        b = rng.choice([other for other in self.table if other != a])
        return [first, self._exchange(rng.choice(_AND).format(a=b), b)]

    def _exchange(self, prompt: str, a: str) -> Exchange:
        return fact(prompt, self.answer, self.short, a, self.table[a])


def fact(prompt: str, answer: str, short: str, a: str, b: str) -> Exchange:
    """Return the exchange about one fact: ``b`` is what is right about ``a``."""
    prompt = with_articles(prompt)
    return Exchange(
        "fact",
        "question",
        prompt,
        _sentence(answer.format(a=a, b=b)),
        _sentence(short.format(a=a, b=b)),
        expects=(b,),
        about=(a,),
        key=f"{prompt}|{b}",
    )


def with_articles(text: str) -> str:
    """Return the text with `a` become `an` before a vowel."""
    return re.sub(r"\b([Aa]) (?=[aeioAEIO])", r"\1n ", text)


def _sentence(text: str) -> str:
    return with_articles(text[0].upper() + text[1:])


def _column(index: int) -> dict[str, str]:
    return {row[0]: row[index] for row in world.COUNTRIES}


def _both_ways(table: Mapping[str, str]) -> dict[str, str]:
    # A word that is in the table twice keeps its own entry.
    return {**{b: a for a, b in table.items()}, **table}


def _next(row: Sequence[str], *, by: int, around: bool) -> dict[str, str]:
    places = range(len(row)) if around else range(max(0, -by), len(row) - max(0, by))
    return {row[i]: row[(i + by) % len(row)] for i in places}


_CAPITAL = lines("""
What is the capital of {a}?
What's the capital of {a}?
Capital of {a}?
Tell me the capital of {a}.
Do you know the capital of {a}?
Which city is the capital of {a}?
What is the capital city of {a}?
Can you tell me the capital of {a}?
Name the capital of {a}.
What is {a}'s capital?
""")
_DOES = (
    "What does a {a} do?",
    "What is the job of a {a}?",
    "Tell me what a {a} does.",
    "What is a {a}'s job?",
    "What do you know about the job of a {a}?",
)
_USED = (
    "What is {a} for?",
    "What do you use {a} for?",
    "What can I do with {a}?",
    "What is the use of {a}?",
    "Why do people have {a}?",
)
_MADE = (
    "What is {a} made of?",
    "What is {a} made from?",
    "How is {a} made?",
    "What do you need to make {a}?",
    "Tell me what {a} is made of.",
)
_RELATIONS: dict[str, tuple[Relation, float]] = {
    "capital": (Relation(_column(1), _CAPITAL, "The capital of {a} is {b}."), 8),
    "country of a capital": (
        Relation({row[1]: row[0] for row in world.COUNTRIES},
                 ("Which country has the capital {a}?", "{a} is the capital of which country?", "Where is {a}?", "In which country is {a}?",
                  "What country is {a} in?", "{a} is the capital of what?"),
                 "{a} is the capital of {b}."), 5),
    "continent": (
        Relation(_column(2), ("On which continent is {a}?", "Which continent is {a} on?", "What continent is {a} in?", "Where is {a}?",
                              "Where in the world is {a}?"), "{a} is in {b}.", "In {b}."), 5),
    "language": (
        Relation(_column(3), ("Which language do people speak in {a}?", "What language is spoken in {a}?", "What do they speak in {a}?",
                              "What is the language of {a}?", "Which language is spoken in {a}?"), "In {a}, many people speak {b}."), 5),
    "sound": (
        Relation(world.SOUNDS, ("What sound does a {a} make?", "What does a {a} say?", "What noise does a {a} make?", "How does a {a} sound?",
                                "Which sound does a {a} make?"), "The sound of a {a} is called a {b}.", "A {b}."), 2),
    "young": (
        Relation(world.YOUNG, ("What is a young {a} called?", "What is a baby {a} called?", "What do you call a baby {a}?", "Name for a baby {a}?",
                               "What is the young of a {a} called?"), "A young {a} is called a {b}.", "A {b}."), 2),
    "food": (
        Relation(world.FOODS, ("What does a {a} eat?", "What do {a}s eat?", "What is the food of a {a}?", "What does a {a} like to eat?"),
                 "A {a} eats {b}."), 2),
    "home": (
        Relation(world.HOMES, ("Where does a {a} live?", "Where do you find a {a}?", "What is the home of a {a}?", "Where is the home of a {a}?"),
                 "A {a} lives {b}."), 1.5),
    "legs": (
        Relation(world.LEGS, ("How many legs does a {a} have?", "How many legs has a {a}?", "Number of legs of a {a}?", "How many legs are on a {a}?"),
                 "A {a} has {b} legs."), 1.5),
    "colour": (
        Relation(world.COLOURS, ("What colour is {a}?", "What color is {a}?", "Which colour does {a} have?", "Tell me the colour of {a}.",
                                 "What is the color of {a}?"), "{a} is {b}."), 2.5),
    "opposite": (
        Relation(_both_ways(world.OPPOSITES), ("What is the opposite of {a}?", "Opposite of {a}?", "What's the opposite of {a}?", "Give me the opposite of {a}.",
                                               "Which word is the opposite of {a}?", "Tell me the opposite of {a}."),
                 "The opposite of {a} is {b}."), 7),
    "plural": (
        Relation(world.PLURALS, ("What is the plural of {a}?", "Plural of {a}?", "What's the plural of {a}?", "Give me the plural of {a}.",
                                 "One {a}, two what?"), "The plural of {a} is {b}."), 3),
    "past tense": (
        Relation(world.PAST_TENSES, ("What is the past tense of {a}?", "Past tense of {a}?", "What is the past of {a}?", "Give me the past tense of {a}.",
                                     "How do I put {a} in the past tense?"), "The past tense of {a} is {b}."), 3),
    "job": (Relation(world.JOBS, _DOES, "A {a} {b}."), 3),
    "who does": (
        Relation({b: a for a, b in world.JOBS.items()}, ("Who {a}?", "What do you call somebody who {a}?", "Which job is it: somebody who {a}?",
                                                         "What is a person called who {a}?"), "Somebody who {a} is a {b}.", "A {b}."), 3),
    "use": (Relation(world.TOOLS, _USED, "People use {a} for {b}.", "For {b}."), 3),
    "kind": (
        Relation(world.KINDS, ("What kind of thing is {a}?", "What is {a}?", "What is a {a}?", "What's a {a}?", "{a} is a kind of what?", "What sort of thing is {a}?",
                               "Is {a} a plant, an animal or a thing?"), "The word {a} is the name of a {b}.", "A {b}."), 6),
    "material": (Relation(world.MATERIALS, _MADE, "{a} is made of {b}.", "Of {b}."), 2.5),
    "body": (
        Relation(world.BODY, ("What is the use of {a}?", "What do we need {a} for?", "What do {a} do?", "Why do people need {a}?"),
                 "People need {a} for {b}.", "For {b}."), 1.5),
    "sides": (
        Relation(world.SIDES, ("How many sides does a {a} have?", "How many corners does a {a} have?", "How many sides are in a {a}?",
                               "Number of sides of a {a}?"), "A {a} has {b} sides and corners."), 1),
    "days of a month": (
        Relation(world.MONTH_DAYS, ("How many days does {a} have?", "How many days are in {a}?", "How long is {a}?", "Number of days in {a}?"),
                 "{a} has {b} days."), 1.5),
    "synonym": (
        Relation(_both_ways(world.SYNONYMS), ("What is another word for {a}?", "Another word for {a}?", "Give me a synonym for {a}.", "What is a synonym of {a}?",
                                              "Which word means the same as {a}?"), "Another word for {a} is {b}."), 3),
    "rhyme": (
        Relation(world.RHYMES, ("What rhymes with {a}?", "Give me a rhyme for {a}.", "Which word rhymes with {a}?", "A word that rhymes with {a}?"),
                 "The word {b} rhymes with {a}."), 2),
    "Roman numeral": (
        Relation(world.ROMAN, ("What is {a} in Roman numerals?", "How do I write {a} in Roman numerals?", "Roman numeral for {a}?"),
                 "In Roman numerals, {a} is {b}."), 1),
    "day after": (
        Relation(_next(world.DAYS, by=1, around=True), ("What day comes after {a}?", "Which day is after {a}?", "What comes after {a}?", "Which day follows {a}?",
                                                        "Today is {a}, what is tomorrow?"), "The day after {a} is {b}."), 1),
    "day before": (
        Relation(_next(world.DAYS, by=-1, around=True), ("What day comes before {a}?", "Which day is before {a}?", "What comes before {a}?",
                                                         "Today is {a}, what was yesterday?"), "The day before {a} is {b}."), 1),
    "month after": (
        Relation(_next(world.MONTHS, by=1, around=True), ("What month comes after {a}?", "Which month is after {a}?", "What comes after {a}?",
                                                          "Which month follows {a}?"), "The month after {a} is {b}."), 1.5),
    "month before": (
        Relation(_next(world.MONTHS, by=-1, around=True), ("What month comes before {a}?", "Which month is before {a}?", "What comes before {a}?"),
                 "The month before {a} is {b}."), 1.5),
    "letter after": (
        Relation(_next(world.LETTERS, by=1, around=False), ("Which letter comes after {a}?", "What letter is after {a}?", "What comes after the letter {a}?"),
                 "The letter after {a} is {b}."), 2),
    "next planet": (
        Relation(_next(world.PLANETS, by=1, around=False), ("Which planet comes after {a}?", "What planet is next after {a}?", "Which planet follows {a}?"),
                 "The planet after {a} is {b}."), 1),
}  # fmt: skip
_SINGLE_WEIGHT = 11.0
_NO_SUCH_PLACE = (
    "What is the capital of {a}?", "Where is {a}?", "Capital of {a}?", "Who is the king of {a}?", "How big is {a}?",
    "Which language do people speak in {a}?", "What continent is {a} in?", "Have you been to {a}?", "How many people live in {a}?",
)  # fmt: skip


def known_fact(rng: Random) -> Script:
    """A question about something in the closed world."""
    draws: list[Callable[[Random], Script]] = [*(relation.draw for relation, _ in _RELATIONS.values()), _single_fact]
    weights = [*(weight for _, weight in _RELATIONS.values()), _SINGLE_WEIGHT]
    return rng.choices(draws, weights=weights)[0](rng)


def unknown_place(rng: Random) -> Script:
    """A place that does not exist: the honest answer is that it is not known."""
    name = any_place(rng)
    prompt = rng.choice(_NO_SUCH_PLACE).format(a=name)
    answer = f"I am sorry, I do not know a place called {name}. I am only a small starter model."
    return [
        Exchange(
            "unknown place",
            "boundary",
            prompt,
            answer,
            "I do not know that place.",
            expects=("do not know",),
            verbatim=(name,),
            key=name,
        )
    ]


def count_facts() -> int:
    """Return how many facts the closed world has."""
    return sum(len(relation.table) for relation, _ in _RELATIONS.values()) + len(world.SINGLE_FACTS)


def _single_fact(rng: Random) -> Script:
    asked, answer, short = rng.choice(world.SINGLE_FACTS)
    prompt = rng.choice(asked.split("/"))
    return [
        Exchange("fact", "question", prompt, answer, short, expects=(answer,), about=(short.rstrip("."),), key=prompt)
    ]
