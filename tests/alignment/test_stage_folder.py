"""A stage on several processes: all train, one writes. A stage that is done is not done again."""

from functools import partial
from pathlib import Path

import pytest
import torch
from pydantic import BaseModel

from alignment import stage_folder
from alignment.progress import MetricsFile
from alignment.stage_folder import reported, resume_point, save_trained
from alignment.training_arguments import flushed_denormals


class Report(BaseModel):
    steps: int


class OtherProcess:
    """One that is not the main process; while it waits, the main one does its part."""

    is_main_process = False

    def __init__(self, out: Path) -> None:
        self._out = out

    def wait_for_everyone(self) -> None:
        self._out.mkdir(exist_ok=True)
        (self._out / "report.json").write_text('{"steps": 7}')


class Trainer:
    """Stands in for one of transformers'."""

    def __init__(self, process: OtherProcess) -> None:
        self.accelerator, self.saved_to = process, ""

    def save_model(self, folder: str, _internal_call: bool) -> None:
        self.saved_to = folder


def test_another_process_trains_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    process = OtherProcess(out)
    trainer = Trainer(process)
    monkeypatch.setattr(stage_folder, "this_process", lambda: process)
    half = out / "checkpoints" / "checkpoint-4"
    half.mkdir(parents=True)
    metrics = MetricsFile(out / "metrics.jsonl")
    metrics.append(5, {"loss": 1.0})

    def never(*_: object) -> Report:
        raise AssertionError("only the main process does this")

    def train() -> partial[Report]:
        save_trained(trainer, out / "model", never)
        return partial(never)

    assert reported(out, Report, train, resume=False) == Report(steps=7)
    assert trainer.saved_to == str(out / "model.new"), "weights that are shared out are gathered from all processes"
    assert half.exists() and not (out / "model").exists()
    with monkeypatch.context() as patched:
        patched.setattr(stage_folder, "newest", lambda folder: None)
        assert resume_point(out, metrics) is None
    assert [row["step"] for row in metrics.rows()] == [5], "the main process cuts the metrics"


def test_a_stage_that_has_its_report_is_not_done_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = reported(out, Report, lambda: partial(Report, steps=3), resume=False)
    again = reported(out, Report, lambda: partial(Report, steps=4), resume=True)
    anew = reported(out, Report, lambda: partial(Report, steps=5), resume=False)
    assert (first.steps, again.steps, anew.steps) == (3, 3, 5)


def test_what_a_stage_left_behind_goes_unless_it_is_resumed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "left").write_text("")
    left = []

    def train() -> partial[Report]:
        left.append((out / "left").exists())
        return partial(Report, steps=1)

    for resume in (True, False):
        (out / "report.json").unlink(missing_ok=True)
        reported(out, Report, train, resume=resume)
    assert left == [True, False]


def test_denormals_are_flushed_while_it_trains_and_only_then() -> None:
    with flushed_denormals():
        assert torch.tensor(1e-40) * 1.0 == 0
    assert torch.tensor(1e-40) * 1.0 > 0
