"""The shipped tasks and prompts cut down, so that a comparison takes no time."""

from dataclasses import replace
from functools import cache

import pytest

from evals.chat import Prompt, asked
from evals.tasks import shipped


def few_items(monkeypatch: pytest.MonkeyPatch, *tasks: str) -> None:
    """Leaves `tasks` alone to be asked, with 40 items each, and 40 prompts."""
    whole = cache(shipped.load)
    monkeypatch.setattr(shipped, "names", lambda: tasks)
    monkeypatch.setattr(shipped, "load", lambda name: replace(whole(name), items=whole(name).items[:40]))
    monkeypatch.setattr(
        shipped, "open_prompts", lambda path=None: tuple(Prompt(asked(f"{path or 'open'} {i}")) for i in range(40))
    )
