"""A model answers tasks and open prompts over HTTP."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from evals.chat import Chat
from evals.endpoint import Answer, Endpoint, Sampling, Served, ask
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


async def answer_both(
    models: tuple[Served, Served], chats: Sequence[Chat], sampling: Sampling, answered: Callable[[], None]
) -> tuple[list[Answer], list[Answer]]:
    """Two models answer the same prompts at the same time, so that a slow minute hits both."""
    first, second = await asyncio.gather(
        *(ask(model.endpoint, model.name, chats, sampling, answered) for model in models)
    )
    return first, second


def requests_of(tasks: Sequence[Task]) -> int:
    """How many answers the tasks need of a model."""
    return sum(len(item.prompts) for task in tasks for item in task.items)


def _next(texts: Iterator[str | None], item: Item) -> tuple[str | None, ...]:
    return tuple(next(texts) for _ in item.prompts)
