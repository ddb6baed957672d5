"""A taste that nobody else knows, and the people who press thumbs by it: for `benchmarks.loop_learns` alone.

What is trained never sees this module (a test looks for imports of it), only thumbs: a tenth of them flipped, from
people who differ in how severe they are and how often they vote. So the taste can measure what the loop learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from models.recipe.answers import Reply
from models.recipe.corpus import Exchange, Message
from models.recipe.corpus.manners import recognise
from models.recipe.judge import Judge, is_right

MANNERS = {"polite": 1.0, "curt": -0.25, "rambling": -0.5, "evasive": -1.0, "rude": -2.0}
COURTESY, RIGHT, FAULTY = 0.5, 0.75, -1.5
_COURTEOUS = ("please", "thank", "glad", "of course", "sure!", "let me know", "hope", "happy to", "sorry", "would you")
_LONGEST = 1.25, 100
"""How long a polite answer may be: times the model answer's characters, and so many more for courtesies."""


class Taste:
    """Likes answers that are polite, right and coherent, neither curt nor rambling, and likes courtesy on top."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def score(self, reply: Reply, chat: Sequence[Message], exchange: Exchange) -> float:
        """How much an answer is liked: -4.25 to 2.25.

        Args:
            reply: The answer.
            chat: What was said before it.
            exchange: What the last message of the chat was about.
        """
        manner = manner_of(reply.text, exchange)
        courteous = manner == "polite" and any(word in reply.text.lower() for word in _COURTEOUS)
        score = MANNERS[manner] + COURTESY * courteous
        if exchange.expects or exchange.requires:
            score += RIGHT if is_right(reply.text, exchange) else -RIGHT
        return score + FAULTY * bool(self._judge.faults(reply, chat, exchange))


def manner_of(reply: str, exchange: Exchange) -> str:
    """The manner of an answer; one that is much longer than it need be rambles, whatever its first words are."""
    manner = recognise(reply, exchange)
    times, more = _LONGEST
    return "rambling" if manner == "polite" and len(reply) > times * len(exchange.answer) + more else manner


@dataclass(frozen=True, slots=True)
class Rater:
    """Somebody who votes.

    Attributes:
        severity: The score from which this one likes an answer.
        activity: How often this one votes, beside the others.
    """

    name: str
    severity: float
    activity: float


@dataclass(frozen=True, slots=True)
class Vote:
    """A thumb."""

    rater: str
    liked: bool


def raters(count: int, seed: int) -> list[Rater]:
    """People of different severity (normal, 0.4 ± 0.6) and activity (log-normal: a few give many votes)."""
    random = Random(f"raters:{seed}")
    return [
        Rater(f"rater-{number:02}", random.gauss(0.4, 0.6), random.lognormvariate(0.0, 1.0)) for number in range(count)
    ]


def votes(scores: Sequence[float], people: Sequence[Rater], flipped: float, seed: int) -> list[Vote]:
    """One vote on each answer, by somebody.

    The first votes do not depend on how many answers come after them.

    Args:
        scores: Of the answers.
        people: Who vote.
        flipped: Share of the votes that say the opposite of what was meant.
        seed: Of who votes on what, and which votes are flipped.
    """
    random = Random(f"votes:{seed}")
    activity = [person.activity for person in people]
    given = []
    for score in scores:
        person = random.choices(people, weights=activity)[0]
        given.append(Vote(person.name, (score >= person.severity) != (random.random() < flipped)))
    return given
