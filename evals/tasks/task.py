"""What a task is, and what a model's result on it is: kept per item, so that two models can be compared in pairs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from evals.chat import Chat
from evals.statistics import Estimate, mean_interval, standard_error


class Item(BaseModel):
    """One thing that is asked.

    Attributes:
        id: Unique in its task.
        prompts: What is sent; more than one where the answers are compared with each other.
        targets: What a right answer is, in the scorer's sense.
        names: Of a pair of prompts, the name in which each differs from the other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    prompts: tuple[Chat, ...] = Field(min_length=1)
    targets: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


Scorer = Callable[[Item, tuple[str, ...]], float]
"""From an item and its answers, one for each prompt, to a score between 0 (bad) and 1 (good)."""


@dataclass(frozen=True, slots=True)
class Task:
    """Questions and how their answers are scored.

    Attributes:
        name: Unique.
        family: What it measures; the gate has a margin for each family.
        metric: What the scores are, for people.
        scorer: Higher is better.
        items: What is asked.
        max_tokens: Of an answer.
    """

    name: str
    family: str
    metric: str
    scorer: Scorer
    items: tuple[Item, ...]
    max_tokens: int


class ItemResult(BaseModel):
    """What a model made of an item.

    Attributes:
        id: Of the item.
        answers: One for each prompt; None where none came.
        score: Between 0 and 1; 0 where an answer is missing, so that silence never helps.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    answers: tuple[str | None, ...]
    score: float

    @property
    def answered(self) -> bool:
        """Whether every prompt got an answer."""
        return None not in self.answers


class TaskResult(BaseModel):
    """A model's result on a task. Name, family and metric are the task's."""

    model_config = ConfigDict(frozen=True)

    task: str
    family: str
    metric: str
    model: str
    items: tuple[ItemResult, ...]

    @property
    def n(self) -> int:
        """Items, the unanswered ones included."""
        return len(self.items)

    @property
    def unanswered(self) -> int:
        """Items of which an answer is missing."""
        return sum(not item.answered for item in self.items)

    @property
    def mean(self) -> float | None:
        """Of the scores; None without items."""
        return sum(item.score for item in self.items) / self.n if self.items else None

    @property
    def interval(self) -> Estimate:
        """The mean with its 95 % interval."""
        return mean_interval(np.array([item.score for item in self.items]), 2000, 17)

    @property
    def standard_error(self) -> float | None:
        """Of the mean; None for fewer than two items."""
        return standard_error([item.score for item in self.items])


def score(task: Task, item: Item, answers: tuple[str | None, ...]) -> ItemResult:
    """Scores what a model answered to an item."""
    given = tuple(answer for answer in answers if answer is not None)
    value = task.scorer(item, given) if len(given) == len(item.prompts) else 0.0
    return ItemResult(id=item.id, answers=answers, score=value)
