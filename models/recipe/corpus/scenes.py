"""Sentences about people who do not exist, each with what can be asked about it, its short form and its nouns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from models.recipe.corpus import words
from models.recipe.corpus.facts import with_articles
from models.recipe.corpus.names import person, place
from models.recipe.corpus.tables import rows


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a sentence. ``right`` is what every right answer contains."""

    asked: str
    answer: str
    short: str
    right: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, the same said shorter, its nouns in order, and questions that it answers."""

    text: str
    brief: str
    nouns: tuple[str, ...]
    questions: tuple[Question, ...]


# sentence | short form | nouns, by slot
# question | answer | short answer | slot that is right, for each question
_KINDS: tuple[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = tuple(
    (block[0], block[1:])
    for block in (
        rows("""
        {who} bought a {colour} {thing} at the {shop} on {day}. | {who} bought a {thing}. | thing shop day
        What did {who} buy? | {who} bought a {colour} {thing}. | A {colour} {thing}. | thing
        What colour is the {thing}? | The {thing} is {colour}. | It is {colour}. | colour
        When did {who} buy the {thing}? | {who} bought the {thing} on {day}. | On {day}. | day
        Where did {who} buy the {thing}? | {who} bought the {thing} at the {shop}. | At the {shop}. | shop
        """),
        rows("""
        {who} has a {animal} called {pet}, which sleeps in the {room}. | {who} has a {animal}. | animal room
        What is the {animal} called? | The {animal} is called {pet}. | It is {pet}. | pet
        Where does the {animal} sleep? | The {animal} sleeps in the {room}. | In the {room}. | room
        Which animal does {who} have? | {who} has a {animal}. | A {animal}. | animal
        """),
        rows("""
        {who} went to {city} by {vehicle} together with {friend}. | {who} went to {city}. | vehicle
        Where did {who} go? | {who} went to {city}. | To {city}. | city
        How did {who} travel? | {who} travelled by {vehicle}. | By {vehicle}. | vehicle
        Who went with {who}? | It was {friend} who went with {who}. | It was {friend}. | friend
        """),
        rows("""
        {who} works as a {job} at the {shop} and likes the work. | {who} works as a {job}. | job shop work
        What is the job of {who}? | {who} works as a {job}. | A {job}. | job
        Where does {who} work? | {who} works at the {shop}. | At the {shop}. | shop
        """),
        rows("""
        {who} cooked {dish} for {friend} on {day} evening. | {who} cooked {dish}. | dish day evening
        What did {who} cook? | {who} cooked {dish}. | It was {dish}. | dish
        Who did {who} cook for? | {who} cooked for {friend}. | For {friend}. | friend
        """),
        rows("""
        {who} lost a {thing} in the {shop} and was very {mood}. | {who} lost a {thing}. | thing shop
        What did {who} lose? | {who} lost a {thing}. | A {thing}. | thing
        Where did {who} lose the {thing}? | {who} lost the {thing} in the {shop}. | In the {shop}. | shop
        How did {who} feel? | {who} was very {mood}. | Very {mood}. | mood
        """),
        rows("""
        {friend} gave {who} a {colour} {thing} for the {occasion}. | {friend} gave {who} a {thing}. | thing occasion
        What did {friend} give {who}? | {friend} gave {who} a {colour} {thing}. | A {colour} {thing}. | thing
        Who gave {who} the {thing}? | It was {friend} who gave {who} the {thing}. | It was {friend}. | friend
        """),
        rows("""
        {who} built a {thing} out of {material} in the {room}. | {who} built a {thing}. | thing material room
        What did {who} build? | {who} built a {thing}. | A {thing}. | thing
        What is the {thing} made of? | The {thing} is made of {material}. | Of {material}. | material
        """),
        rows("""
        {who} is {number} years old and lives in {city}. | {who} lives in {city}. | years
        How old is {who}? | {who} is {number} years old. | It is {number}. | number
        Where does {who} live? | {who} lives in {city}. | In {city}. | city
        """),
        rows("""
        {who} wants to learn to {skill} before the {occasion}. | {who} wants to learn to {skill}. | occasion
        What does {who} want to learn? | {who} wants to learn to {skill}. | To {skill}. | skill
        """),
        rows("""
        {who} found a {thing} behind the {shop} after lunch. | {who} found a {thing}. | thing shop lunch
        What did {who} find? | {who} found a {thing}. | A {thing}. | thing
        Where did {who} find the {thing}? | {who} found the {thing} behind the {shop}. | Behind the {shop}. | shop
        """),
        rows("""
        The weather in {city} was {weather} on {day}, so {who} stayed at home. | {who} stayed at home. | weather day home
        How was the weather? | The weather was {weather}. | It was {weather}. | weather
        Who stayed at home? | It was {who} who stayed at home. | It was {who}. | who
        """),
    )
)
_SOURCES = {
    "colour": words.COLOURS, "thing": words.THINGS, "shop": words.PLACES, "day": words.DAYS, "animal": words.ANIMALS, "room": words.ROOMS,
    "vehicle": words.VEHICLES, "job": words.JOBS, "dish": words.DISHES, "mood": words.MOODS, "occasion": words.OCCASIONS,
    "material": words.MATERIALS, "skill": words.SKILLS, "weather": words.WEATHERS,
}  # fmt: skip


def scene(rng: Random, size: int) -> tuple[list[Sentence], tuple[Question, ...]]:
    """Draw ``size`` sentences about one person, and questions about that person that they do not answer."""
    kinds = rng.sample(_KINDS, size + 1)
    who = person(rng)
    used: set[str] = {who}
    drawn = [_sentence(kind, who, used, rng) for kind in kinds]
    return drawn[:size], drawn[size].questions


def _sentence(
    kind: tuple[tuple[str, ...], Sequence[tuple[str, ...]]], who: str, used: set[str], rng: Random
) -> Sentence:
    (text, brief, nouns), asked = kind
    slots = {
        name: _fresh(lambda values=values: rng.choice(values), used)
        for name, values in _SOURCES.items()
        if f"{{{name}}}" in text
    }
    slots |= {
        "who": who,
        "friend": _fresh(lambda: person(rng), used),
        "pet": _fresh(lambda: person(rng), used),
        "city": _fresh(lambda: place(rng), used),
        "number": _fresh(lambda: str(rng.randint(5, 99)), used),
    }

    def filled(pattern: str) -> str:
        return with_articles(pattern.format(**slots))

    questions = tuple(
        Question(filled(q), filled(answer), filled(short), slots[right]) for q, answer, short, right in asked
    )
    return Sentence(filled(text), filled(brief), tuple(slots.get(noun, noun) for noun in nouns.split()), questions)


def _fresh(draw: Callable[[], str], used: set[str]) -> str:
    # No word stands in a passage twice, so that each question has one answer.
    while (value := draw()) in used:
        pass
    used.add(value)
    return value
