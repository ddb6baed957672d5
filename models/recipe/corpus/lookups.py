"""Short texts that say the same of several: which of them is asked about has to be looked up.

The plainest case of a question on a passage, so that looking up is learned before the longer texts need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from models.recipe.corpus import words
from models.recipe.corpus.facts import with_articles
from models.recipe.corpus.names import person, place
from models.recipe.corpus.scenes import Question
from models.recipe.corpus.tables import rows

# of whom or what | what is said | statement | question | answer | short answer
_TABLES = rows("""
person | number | {a} is {x} years old | How old is {a}? | {a} is {x} years old. | It is {x}.
person | number | {a} has {x} points | How many points does {a} have? | {a} has {x} points. | It is {x}.
person | place | {a} lives in {x} | Where does {a} live? | {a} lives in {x}. | In {x}.
person | place | {a} comes from {x} | Where does {a} come from? | {a} comes from {x}. | From {x}.
person | animal | {a} has a {x} | Which animal does {a} have? | {a} has a {x}. | A {x}.
person | dish | {a} ordered {x} | What did {a} order? | {a} ordered {x}. | It was {x}.
person | job | {a} works as a {x} | What is the job of {a}? | {a} works as a {x}. | A {x}.
person | mood | {a} is very {x} | How does {a} feel? | {a} is very {x}. | Very {x}.
person | thing | {a} carries a {x} | What does {a} carry? | {a} carries a {x}. | A {x}.
person | vehicle | {a} comes by {x} | How does {a} come? | {a} comes by {x}. | By {x}.
person | day | {a} is free on {x} | When is {a} free? | {a} is free on {x}. | On {x}.
animal | person | the {a} is called {x} | What is the {a} called? | The {a} is called {x}. | It is {x}.
animal | room | the {a} sleeps in the {x} | Where does the {a} sleep? | The {a} sleeps in the {x}. | In the {x}.
thing | colour | the {a} is {x} | What colour is the {a}? | The {a} is {x}. | It is {x}.
thing | room | the {a} is in the {x} | Where is the {a}? | The {a} is in the {x}. | In the {x}.
thing | person | the {a} belongs to {x} | Who owns the {a}? | The {a} belongs to {x}. | It is {x}.
thing | number | the {a} costs {x} euros | How much is the {a}? | The {a} costs {x} euros. | It is {x}.
thing | material | the {a} is made of {x} | What is the {a} made of? | The {a} is made of {x}. | Of {x}.
""")
_SOURCES: dict[str, Callable[[Random], str]] = {
    "person": person,
    "place": place,
    "number": lambda rng: str(rng.randint(2, 99)),
    "animal": lambda rng: rng.choice(words.ANIMALS),
    "dish": lambda rng: rng.choice(words.DISHES),
    "job": lambda rng: rng.choice(words.JOBS),
    "mood": lambda rng: rng.choice(words.MOODS),
    "thing": lambda rng: rng.choice(words.THINGS),
    "vehicle": lambda rng: rng.choice(words.VEHICLES),
    "day": lambda rng: rng.choice(words.DAYS),
    "room": lambda rng: rng.choice(words.ROOMS),
    "colour": lambda rng: rng.choice(words.COLOURS),
    "material": lambda rng: rng.choice(words.MATERIALS),
}


@dataclass(frozen=True, slots=True)
class Lookup:
    """A text, the questions that it answers, and one of the same kind that it does not."""

    text: str
    stated: tuple[Question, ...]
    others: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements of one kind, with the question that each answers, and one more question that none does.

    Attributes:
        said: One for each subject but the last.
        subjects: Of whom or what.
        questions: One for each subject.
    """

    said: tuple[str, ...]
    subjects: tuple[str, ...]
    questions: tuple[Question, ...]


def statements(rng: Random) -> Statements:
    """Draw two to four statements of one kind."""
    whose, what, said, asked, answer, short = rng.choice(_TABLES)
    size = rng.choice((2, 2, 3, 4))
    subjects = _distinct(_SOURCES[whose], size + 1, rng)
    values = _distinct(_SOURCES[what], size + 1, rng)
    questions = [
        Question(
            asked.format(a=a),
            with_articles(answer.format(a=a, x=x)),
            with_articles(short.format(a=a, x=x)),
            right=x,
        )
        for a, x in zip(subjects, values, strict=True)
    ]
    said_of = [with_articles(said.format(a=a, x=x)) for a, x in zip(subjects[:size], values[:size], strict=True)]
    return Statements(tuple(said_of), tuple(subjects), tuple(questions))


def lookup(rng: Random) -> Lookup:
    """Draw a text of two to four statements of one kind with its questions."""
    drawn = statements(rng)
    return Lookup(as_text(drawn.said, rng), drawn.questions[:-1], drawn.questions[-1:])


def as_text(said: Sequence[str], rng: Random) -> str:
    """Join statements to sentences, or to one sentence."""
    if rng.random() < 0.5:
        return " ".join(f"{statement[0].upper()}{statement[1:]}." for statement in said)
    text = f"{', '.join(said[:-1])} and {said[-1]}."
    return text[0].upper() + text[1:]


def _distinct(draw: Callable[[Random], str], size: int, rng: Random) -> list[str]:
    found: list[str] = []
    while len(found) < size:
        value = draw(rng)
        if value not in found:
            found.append(value)
    return found
