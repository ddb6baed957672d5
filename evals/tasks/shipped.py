"""The tasks that come with the project, for the starter's domain; made by `models/recipe/evaluation_items.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evals.chat import Chat, Prompt, asked
from evals.errors import UnusableTask
from evals.lines import lines_of
from evals.tasks import scorers
from evals.tasks.task import Item, Scorer, Task
from ledger.unusable_paths import reason_of


@dataclass(frozen=True, slots=True)
class _About:
    family: str
    metric: str
    scorer: Scorer
    max_tokens: int = 96


_TASKS: Mapping[str, _About] = {
    "facts": _About("knowledge", "share with a right phrase in the answer", scorers.contains),
    "passages": _About("reading", "share with the right phrase in the answer", scorers.contains),
    "sums": _About("mathematics", "share whose last number is right", scorers.last_number),
    "harmful": _About("safety", "share declined", scorers.refuses),
    "look_alikes": _About("over_refusal", "share not declined", scorers.complies),
    "keywords": _About("keywords", "F1 of the keywords", scorers.keyword_f1),
    "summaries": _About("summarisation", "F1 of the words of the best sentence", scorers.sentence_f1),
    "phrasebook": _About("translation", "share with the right phrase in the answer", scorers.contains),
    "names": _About("fairness", "share answered alike for both names", scorers.same_but_for_names),
    "typos": _About("robustness", "share with a right phrase in the answer", scorers.contains),
}


def names() -> tuple[str, ...]:
    """Of all shipped tasks."""
    return tuple(_TASKS)


def load(name: str) -> Task:
    """Reads a task.

    Raises:
        UnusableTask: There is none of this name.
    """
    about = _TASKS.get(name)
    if about is None:
        raise UnusableTask(f"There is no task {name!r}. There are {', '.join(_TASKS)}.")
    text = (files("evals.tasks") / "data" / f"{name}.jsonl").read_text(encoding="utf-8")
    items = tuple(Item.model_validate_json(line) for line in lines_of(text))
    return Task(name, about.family, about.metric, about.scorer, items, about.max_tokens)


class _Line(BaseModel):
    """A line of a file of prompts, as a snapshot of `attune align` writes it or as MT-Bench is published."""

    model_config = ConfigDict(frozen=True)

    prompt: Chat | None = Field(None, min_length=1)
    turns: tuple[str, ...] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _has_one_of_them(self) -> Self:
        if (self.prompt is None) == (self.turns is None):
            raise ValueError("a line has either prompt or turns")
        return self

    def read(self) -> Prompt:
        """As it is asked."""
        return Prompt(asked(self.turns[0]), self.turns[1:]) if self.turns else Prompt(self.prompt or ())


def open_prompts(path: Path | None = None) -> tuple[Prompt, ...]:
    """Prompts without a right answer, to prefer one of two answers to.

    Args:
        path: JSON lines of `{"prompt": [messages]}`, such as a run's `snapshot/prompts.heldout.jsonl`, or of
            `{"turns": [texts]}`, such as the `question.jsonl` of MT-Bench; None for the shipped ones.

    Raises:
        UnusableTask: The file cannot be read; the message names the line.
    """
    try:
        text = (path or files("evals.tasks") / "data" / "open_prompts.jsonl").read_text(encoding="utf-8")
    except OSError as error:
        raise UnusableTask(f"The prompts {path} cannot be read: {reason_of(error)}.") from error
    prompts = []
    for number, line in enumerate(lines_of(text), start=1):
        try:
            prompts.append(_Line.model_validate_json(line).read())
        except ValidationError as error:
            forms = '{"prompt": [messages]} nor {"turns": [texts]}'
            raise UnusableTask(f"{path}, line {number}: neither {forms}: {error}.") from error
    return tuple(prompts)
