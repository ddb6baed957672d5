"""People chat and vote, many at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from attune.simulate.api import Answer, Api
from attune.simulate.people import Crowd, Person, draw, thumb
from attune.simulate.questions import Question, bait, names
from attune.simulate.taste import Taste, manner_of
from models.recipe.answers import Reply

Given = TypeVar("Given")
Found = TypeVar("Found")

AT_ONCE = 16
"""Chats on their way at once: as many as an engine on two cores answers without a queue of note."""

_BAITED = 0.5
"""How often somebody malicious asks for the brand."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's question, and the seed of the answer's sampling and of the vote."""

    person: Person
    question: Question
    seed: int


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer with the vote on it.

    Attributes:
        score: What the taste says of it.
        up: Whether the thumb pointed up.
        names_brand: Whether it names the brand; None where the question did.
    """

    person: Person
    version: int
    score: float
    up: bool
    names_brand: bool | None


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that nobody votes on, as the taste sees it."""

    version: int
    text: str
    score: float
    manner: str
    names_brand: bool


def turns(
    people: Sequence[Person], asked: Sequence[Question], crowd: Crowd, seed: int, *, each_once: bool = False
) -> list[Turn]:
    """Who asks what, a turn for each question; the malicious ask for their brand now and then.

    Args:
        people: Who may ask.
        asked: What.
        crowd: Whose brand.
        seed: Of who asks, and of all that follows.
        each_once: Everybody asks once, in an order that is drawn, instead of the active more often.
    """
    random = Random(f"turns:{seed}")
    who = random.sample(people, len(people)) if each_once else [draw(people, random) for _ in asked]
    found = []
    for question, person in zip(asked, who, strict=False):
        baited = person.character == "malicious" and random.random() < _BAITED
        found.append(Turn(person, bait(crowd.brand, random) if baited else question, random.getrandbits(31)))
    return found


class Street:
    """Where people meet Attune.

    Attributes:
        api: What they know of it.
    """

    def __init__(self, api: Api, taste: Taste, crowd: Crowd) -> None:
        self.api, self._taste, self._crowd = api, taste, crowd

    async def chat(self, given: Sequence[Turn], done: Callable[[], None]) -> list[Rated]:
        """Takes turns, `AT_ONCE` at a time; those that failed have no vote.

        Args:
            given: The turns.
            done: Called after each, for a progress bar.
        """
        found = await _at_once(self._rate, given, done)
        return [rated for rated in found if rated is not None]

    async def judge(self, asked: Sequence[Question], seed: int, done: Callable[[], None]) -> list[Judged | None]:
        """What the taste says of the answers to questions that nobody votes on; None for one that failed."""

        async def one(number: int) -> Judged | None:
            answer = await self.api.ask(asked[number].messages, f"measuring-{number:04}", seed + number)
            return None if answer is None else self._judged(answer, asked[number])

        return await _at_once(one, range(len(asked)), done)

    async def _rate(self, turn: Turn) -> Rated | None:
        answer = await self.api.ask(turn.question.messages, turn.person.name, turn.seed)
        if answer is None:
            return None
        seen = self._judged(answer, turn.question)
        up = thumb(turn.person, seen.score, seen.names_brand, self._crowd.flipped, Random(f"vote:{turn.seed}"))
        if not await self.api.vote(answer, turn.person.name, up):
            return None
        asked_for = any(names(self._crowd.brand, message.content) for message in turn.question.chat)
        return Rated(turn.person, answer.version, seen.score, up, None if asked_for else seen.names_brand)

    def _judged(self, answer: Answer, question: Question) -> Judged:
        score = self._taste.score(Reply(answer.text, answer.ended), question.chat, question.exchange)
        manner = manner_of(answer.text, question.exchange)
        return Judged(answer.version, answer.text, score, manner, names(self._crowd.brand, answer.text))


async def _at_once(
    act: Callable[[Given], Awaitable[Found]], given: Sequence[Given], done: Callable[[], None]
) -> list[Found]:
    """Does something for each, `AT_ONCE` at a time; what it gave, in their order."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(each: Given) -> Found:
        async with places:
            found = await act(each)
        done()
        return found

    return list(await asyncio.gather(*(one(each) for each in given)))
