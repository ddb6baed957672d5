"""A model answers tasks and open prompts over HTTP."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from evals.chat import Prompt, Reply
from evals.endpoint import Endpoint, Sampling, Served, ask, converse
from evals.tasks.task import Item, Task, TaskResult, score


async def run_task(endpoint: Endpoint, model: str, task: Task, answered: Callable[[], None]) -> TaskResult:
    """Asks everything of a task greedily, and scores the answers.

    Args:
        endpoint: Where the model is served.
        model: The name it is served under.
        task: What is asked.
        answered: Called after each answer.
    """
    chats = [chat for item in task.items for chat in item.prompts]
    answers = await ask(endpoint, model, chats, Sampling(task.max_tokens), answered)
    texts = iter(answer.text for answer in answers)
    items = tuple(score(task, item, _next(texts, item)) for item in task.items)
    return TaskResult(task=task.name, family=task.family, metric=task.metric, model=model, items=items)


async def run_tasks(
    endpoint: Endpoint, model: str, tasks: Sequence[Task], answered: Callable[[], None]
) -> tuple[TaskResult, ...]:
    """Runs tasks one after the other, each with all of the endpoint's concurrency."""
    return tuple([await run_task(endpoint, model, task, answered) for task in tasks])


async def answer_prompts(
    model: Served, prompts: Sequence[Prompt], sampling: Sampling, answered: Callable[[], None]
) -> list[Reply | None]:
    """Replies in the order of the prompts; None where a turn got no answer."""
    given = await converse(model.endpoint, model.name, prompts, sampling, answered)
    texts = [tuple(answer.text for answer in answers if answer.text is not None) for answers in given]
    return [
        Reply(prompt, found) if len(found) == prompt.turns else None
        for prompt, found in zip(prompts, texts, strict=True)
    ]


async def answer_both(
    models: tuple[Served, Served], prompts: Sequence[Prompt], sampling: Sampling, answered: Callable[[], None]
) -> tuple[list[Reply | None], list[Reply | None]]:
    """Two models answer the same prompts at the same time, so that a slow minute hits both."""
    first, second = await asyncio.gather(*(answer_prompts(model, prompts, sampling, answered) for model in models))
    return first, second


def requests_of(tasks: Sequence[Task], prompts: Sequence[Prompt] = ()) -> int:
    """How many answers tasks and open prompts need of a model."""
    asked = sum(len(item.prompts) for task in tasks for item in task.items)
    return asked + sum(prompt.turns for prompt in prompts)


def _next(texts: Iterator[str | None], item: Item) -> tuple[str | None, ...]:
    return tuple(next(texts) for _ in item.prompts)
