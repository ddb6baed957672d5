"""SIGKILL at random moments: the run finishes when it is resumed, and no version is ever half-made."""

import random
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from alignment import manifest, run
from ledger import runs, versions
from ledger.database import Database
from tests.alignment import job_process
from tests.alignment.forks import FORKS
from tests.alignment.job_ground import give_feedback


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_that_is_killed_again_and_again_gives_what_an_undisturbed_one_gives(
    database: Database, database_url: str, tiny_chat_model: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    give_feedback(database, tiny_chat_model, home)
    finish(start(database_url, home))  # whose imports make the next ones fast
    began = time.monotonic()
    finish(start(database_url, home))
    length_s = time.monotonic() - began
    undisturbed = candidates(database)[-1]
    moments = random.Random(3)
    killed: str | None = None
    for _ in range(8):
        process = start(database_url, home, *([killed] if killed else []))
        time.sleep(moments.uniform(0.05, 1.0) * length_s)
        process.kill()
        process.join()
        assert not run.running(database), "a dead run gives up its lock"
        with database.read() as connection:
            newest = runs.latest(connection)[0]
        killed = newest.id if newest.id != undisturbed[0] else None
        for _, path, _ in candidates(database):
            manifest.verify(path)
    finish(start(database_url, home, *([killed] if killed else [])))
    _, first, second = candidates(database)
    weights = [(path / "adapter_model.safetensors").read_bytes() for _, path, _ in (first, second)]
    assert weights[0] == weights[1]
    assert first[2] == second[2]
    with database.read() as connection:
        assert [runs.get(connection, run_id).done for run_id, _, _ in (first, second)] == [True, True]
        snapshots = {runs.get(connection, run_id).snapshot_id for run_id, _, _ in (first, second)}
    assert len(snapshots) == 1, "the same feedback is the same snapshot"


def start(url: str, home: Path, *resumed: str) -> ForkServerProcess:
    """A run as a process of its own."""
    process = FORKS.Process(target=job_process.main, args=(url, str(home), *resumed))
    process.start()
    return process


def finish(process: ForkServerProcess) -> None:
    process.join(120)
    assert process.exitcode == 0


def candidates(database: Database) -> list[tuple[str, Path, object]]:
    """Run, folder and probe of each version that a run made."""
    with database.read() as connection:
        rows = versions.list_all(connection)
    return [(row.run_id, Path(row.path), row.probe) for row in rows if row.run_id is not None]
