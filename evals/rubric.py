"""Answers rated from 1 to 5 by a judge over the API: each by itself, so that there is no order to prefer.

Absolute ratings by a model are coarser than comparisons (Zheng et al. 2023, arXiv:2306.05685, section 3.1), and they
are reported, not asked for by the gate.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from evals.chat import Chat, Message, Reply, transcript
from evals.endpoint import Endpoint, Sampling, ask
from evals.statistics import Estimate, Floats, mean_interval
from ledger.rubric import ASPECTS, HIGHEST, LOWEST

_INSTRUCTION = "\n".join(
    (
        f"You rate an answer to a request from {LOWEST} (not at all) to {HIGHEST} (in full):",
        *(f"{name}: {question}" for name, question in ASPECTS.items()),
        "Its length says nothing about its quality. Explain in one or two sentences, and end with your ratings: "
        + " ".join(f"[[{name}: N]]" for name in ASPECTS),
    )
)
_RATING = re.compile(r"\[\[\s*(\w+)\s*:\s*(\d+)\s*\]\]")


class Rating(BaseModel):
    """What became of one answer.

    Attributes:
        status: Whether it was rated; `unanswered` where the model gave none, `unparseable` where the judge's words hold
            no rating of every aspect.
        values: By aspect, 1 to 5; empty unless it was rated.
    """

    model_config = ConfigDict(frozen=True)

    status: Literal["rated", "unanswered", "unparseable"]
    values: Mapping[str, int] = {}


class Ratings(BaseModel):
    """The ratings of one model's answers, in the order of the prompts."""

    model_config = ConfigDict(frozen=True)

    judge: str
    rows: tuple[Rating, ...]

    def count(self, status: str) -> int:
        """Answers of this status."""
        return sum(row.status == status for row in self.rows)

    def mean(self, aspect: str, resamples: int = 2000, seed: int = 17) -> Estimate:
        """Of the answers that were rated."""
        return mean_interval(self.values(aspect), resamples, seed)

    def values(self, aspect: str) -> Floats:
        """One for each answer that was rated."""
        return np.array([row.values[aspect] for row in self.rows if row.status == "rated"], dtype=float)


def difference(ours: Ratings, theirs: Ratings, aspect: str, resamples: int = 2000, seed: int = 17) -> Estimate:
    """Mean difference on the prompts of which both answers were rated."""
    pairs = [
        (a.values[aspect] - b.values[aspect])
        for a, b in zip(ours.rows, theirs.rows, strict=True)
        if a.status == b.status == "rated"
    ]
    return mean_interval(np.array(pairs, dtype=float), resamples, seed)


async def rate(
    endpoint: Endpoint,
    judge: str,
    replies: Sequence[Reply | None],
    answered: Callable[[], None],
    *,
    max_tokens: int = 256,
) -> Ratings:
    """Asks a model to rate answers.

    Args:
        endpoint: Where the judge is served.
        judge: Its name there.
        replies: None where the rated model gave none. Of several turns the last answer is rated.
        answered: Called after each rating; there is one for each answer.
        max_tokens: Of the ratings with their explanation.
    """
    questions = [_question(reply) for reply in replies if reply is not None]
    said = iter(await ask(endpoint, judge, questions, Sampling(max_tokens), answered))
    rows = (
        Rating(status="unanswered") if reply is None else _rating(parse_ratings(next(said).text)) for reply in replies
    )
    return Ratings(judge=judge, rows=tuple(rows))


def parse_ratings(text: str | None) -> Mapping[str, int] | None:
    """The rating of every aspect; None if one is missing, out of the scale, or given as two different numbers."""
    found: dict[str, set[int]] = {name: set() for name in ASPECTS}
    for name, number in _RATING.findall(text or ""):
        if name.lower() in found:
            found[name.lower()].add(int(number))
    if any(len(numbers) != 1 for numbers in found.values()):
        return None
    ratings = {name: numbers.pop() for name, numbers in found.items()}
    return ratings if all(LOWEST <= number <= HIGHEST for number in ratings.values()) else None


def _rating(values: Mapping[str, int] | None) -> Rating:
    return Rating(status="unparseable") if values is None else Rating(status="rated", values=values)


def _question(reply: Reply) -> Chat:
    request, text = transcript(reply.chat), reply.text
    asked = f"<request>\n{request}\n</request>\n\n<answer>\n{text}\n</answer>\n\nWhat are your ratings?"
    return (Message(role="system", content=_INSTRUCTION), Message(role="user", content=asked))
