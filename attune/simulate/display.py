"""Showing how a simulation comes along: bars on a terminal, a line for each step elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Display:
    """Use it as a context manager.

    Args:
        console: Where to.
        rounds: How many there will be, for the upper bar.
    """

    def __init__(self, console: Console, rounds: int) -> None:
        self._console = console
        self._began = time.monotonic()
        columns = (
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._rounds = self._progress.add_task("rounds", total=rounds)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def round_done(self) -> None:
        """Moves the upper bar."""
        self._progress.advance(self._rounds)

    @contextmanager
    def step(self, what: str, total: int | None) -> Iterator["Step"]:
        """Shows a step while the block runs.

        Args:
            what: It is, in a few words.
            total: Of its parts; None where they cannot be counted.
        """
        if not self._console.is_terminal:
            self._console.print(f"{time.monotonic() - self._began:5.0f} s  {what}", highlight=False)
        task = self._progress.add_task(what, total=total)
        try:
            yield Step(self._progress, task, what)
        finally:
            self._progress.remove_task(task)


class Step:
    """A step that is shown."""

    def __init__(self, progress: Progress, task: TaskID, what: str) -> None:
        self._progress, self._task, self._what = progress, task, what

    def advance(self) -> None:
        """One part is done."""
        self._progress.advance(self._task)

    def tell(self, state: str) -> None:
        """Shows what it does now."""
        self._progress.update(self._task, description=f"{self._what}: {state}")
