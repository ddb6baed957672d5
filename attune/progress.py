"""Showing how a start comes along: a bar on a terminal, a line for each stage elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class StartDisplay:
    """Shows the stages of a start; use it as a context manager.

    Args:
        console: Where to.
        stages: All stages in their order, for the length of the bar. One that is not among them leaves the bar alone.
    """

    def __init__(self, console: Console, stages: list[str]) -> None:
        self._console = console
        self._stages = stages
        self._started = time.monotonic()
        self._shown = ""
        columns = (BarColumn(bar_width=30), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("starting", total=len(stages))

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the display was made."""
        return time.monotonic() - self._started

    def show(self, stage: str) -> None:
        """Shows that a stage is reached; nothing if it is the one shown already."""
        if stage == self._shown:
            return
        self._shown = stage
        done = self._stages.index(stage) if stage in self._stages else None
        self._progress.update(self._task, description=stage, completed=done)
        if not self._console.is_terminal:
            self._console.print(f"{self.elapsed_s:5.0f} s  {stage}", highlight=False)
