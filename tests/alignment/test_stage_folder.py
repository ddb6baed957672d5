"""A stage on several processes: all train, one writes. A stage that is done is not done again."""

import json
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from alignment.stage_folder import reported
from tests.alignment import two_processes
from tests.alignment.forks import FORKS
from tests.alignment.synthetic import write_snapshot
from tests.processes import free_port


class Report(BaseModel):
    steps: int


def test_of_two_processes_the_main_one_writes_and_both_get_its_report(tiny_chat_model: Path, tmp_path: Path) -> None:
    snapshot, out, port = write_snapshot(tmp_path / "s", pairs=16, votes=16, heldout=8), tmp_path / "out", free_port()
    where = (str(tiny_chat_model), str(snapshot), str(out))
    processes = [FORKS.Process(target=two_processes.main, args=(rank, port, *where)) for rank in (0, 1)]
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
        assert [process.exitcode for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    main, other = (json.loads(Path(f"{out}.{rank}.json").read_text()) for rank in (0, 1))
    assert main["report"] == other["report"]
    assert main["report"]["shuffled"]["accuracy"]["n"] == 4
    assert {"model.new", "control", "report.json.tmp"} <= set(main["changed"])
    # Each process adds its random numbers to a checkpoint: that is how transformers resumes.
    assert [path for path in other["changed"] if "checkpoints" not in Path(path).parts] == []
    assert (out / "model" / "reward.json").exists()


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
