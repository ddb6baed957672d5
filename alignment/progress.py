"""What a run shows and writes while it goes: a bar with the time left, a JSON line per logged step, and TensorBoard."""

import json
import math
import time
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter
from tqdm.auto import tqdm
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from alignment.checkpoints import MarkComplete


class MetricsFile:
    """`metrics.jsonl`: one object a line, each with its `step`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, step: int, metrics: dict[str, Any]) -> None:
        """Adds a line; figures that are not finite are written as null, which JSON has."""
        clean = {name: None if _not_finite(value) else value for name, value in metrics.items()}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **clean}) + "\n")

    def cut(self, step: int) -> None:
        """Removes what a killed run wrote after `step`, and a line that it did not finish."""
        if self.path.exists():
            kept = [json.dumps(row) + "\n" for row in self.rows() if row["step"] <= step]
            self.path.write_text("".join(kept), encoding="utf-8")

    def rows(self) -> list[dict[str, Any]]:
        """All complete lines."""
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8").split("\n"):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def seconds(self) -> float:
        """Of training up to the last line, over all starts of the run. What a killed start lost is not counted."""
        return float(max((row.get("seconds") or 0.0 for row in self.rows()), default=0.0))


class WriteMetrics(TrainerCallback):
    """Passes what the trainer logs to the file, with the seconds since training began."""

    def __init__(self, file: MetricsFile) -> None:
        self.file = file
        self._before, self._started = file.seconds(), time.monotonic()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Writes the step's figures, on the first process only."""
        if state.is_world_process_zero and logs:
            seconds = round(self._before + time.monotonic() - self._started, 3)
            self.file.append(state.global_step, {**logs, "seconds": seconds})


class WriteTensorBoard(TrainerCallback):
    """Writes the same figures, under the same names, where TensorBoard shows them; on the first process only.

    Of a run that was killed and resumed, TensorBoard leaves out what will be done again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Opens a file of events, from the first step of this start on."""
        if state.is_world_process_zero:
            first = state.global_step + 1
            # The suffix keeps apart two starts within one second.
            self._writer = SummaryWriter(
                str(self._folder), purge_step=first, flush_secs=10, filename_suffix=f".from-{first}"
            )

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Writes the step's numbers."""
        for name, value in (logs or {}).items():
            if self._writer is not None and isinstance(value, int | float):
                self._writer.add_scalar(name, value, state.global_step)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Closes the file; what is logged after training is in the report."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class ProgressBar(TrainerCallback):
    """A bar with the time left and the figures that say whether it goes well; nothing where there is no terminal."""

    def __init__(self, name: str, shown: tuple[str, ...]) -> None:
        self._name, self._shown = name, shown
        self._bar: Any = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Opens the bar where a resumed run goes on."""
        hidden = None if state.is_world_process_zero else True  # None: hidden unless it goes to a terminal
        self._bar = tqdm(total=state.max_steps, initial=state.global_step, desc=self._name, disable=hidden, unit="step")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Moves it."""
        self._bar.update(state.global_step - self._bar.n)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Shows the figures."""
        known = {name: logs[name] for name in self._shown if logs and name in logs}
        if known and self._bar is not None:
            self._bar.set_postfix({name.rsplit("/", 1)[-1]: f"{value:.3g}" for name, value in known.items()})

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Closes it."""
        self._bar.close()


def watching(metrics: MetricsFile, name: str, shown: tuple[str, ...]) -> list[TrainerCallback]:
    """What every trainer here is given: whole checkpoints, metrics in files, and a bar.

    Args:
        metrics: The file, with nothing in it that will be done again; TensorBoard's folder is put beside it.
        name: Shown beside the bar.
        shown: Metrics shown behind it.
    """
    board = WriteTensorBoard(metrics.path.parent / "tensorboard")
    return [MarkComplete(), WriteMetrics(metrics), board, ProgressBar(name, shown)]


def quiet(trainer: Trainer) -> None:
    """Leaves the screen to our bar: the metrics are in the file."""
    trainer.remove_callback(PrinterCallback)


def _not_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
