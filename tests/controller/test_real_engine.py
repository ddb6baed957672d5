"""The controller with a real vLLM: a hang is noticed, and nobody is left behind in the middle of a start.

That a death is noticed is tests/integration/test_engine_death.py.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger import engines
from ledger.database import Database
from ledger.records import Engine
from server.controller.processes import inhabitants, title
from tests.processes import Process, kill_all_in
from tests.stack import model_folder

STALL_TIMEOUT_S = 8


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a short path, because of the socket's."""
    with tempfile.TemporaryDirectory(prefix="attune-") as folder:
        yield Path(folder) / "home"
        kill_all_in(Path(folder) / "home" / "run")


def wait_for(home: Path, condition: Callable[[Engine], bool], timeout_s: float) -> tuple[Engine, float]:
    """The engine's row once it is as wanted, and after how many seconds."""
    began = time.monotonic()
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    try:
        while time.monotonic() - began < timeout_s:
            with database.read() as connection:
                for row in engines.list_all(connection):
                    if condition(row):
                        return row, time.monotonic() - began
            time.sleep(0.05)
    finally:
        database.close()
    raise AssertionError(f"not within {timeout_s} s")


def process_of(folder: Path, words: str) -> int | None:
    """One of the engine's processes; the guardian, whose command line names the server too, is not meant."""
    found = (pid for pid in inhabitants(folder) if words in title(pid) and "guardian" not in title(pid))
    return next(found, None)


@pytest.mark.alone
@pytest.mark.engine
@pytest.mark.timeout(900)
def test_a_real_engine_that_hangs_is_replaced_and_none_outlives_its_controller(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    settings = {
        "ATTUNE_HOME": str(home),
        "ATTUNE_MODEL": str(model_folder(tmp_path)),
        "ATTUNE_STALL_TIMEOUT_S": str(STALL_TIMEOUT_S),
    }
    controller = Process([sys.executable, "-m", "server.controller"], tmp_path / "controller.log", settings)
    controller.start()

    first, _ = wait_for(home, lambda row: row.state == "ready", 300)
    core = process_of(home / "run" / first.id, "VLLM::EngineCore")
    assert core is not None
    os.kill(core, signal.SIGSTOP)
    failed, seconds = wait_for(home, lambda row: row.state == "failed", STALL_TIMEOUT_S + 10)
    assert "hangs" in failed.message
    assert seconds <= STALL_TIMEOUT_S + 10

    second, _ = wait_for(home, lambda row: row.id != first.id, 30)
    began = time.monotonic()
    # Not only the server: a process of its own making.
    while process_of(home / "run" / second.id, "spawn_main") is None:
        assert time.monotonic() - began < 200
        time.sleep(0.1)
    os.kill(controller.pid, signal.SIGKILL)
    time.sleep(2)
    assert inhabitants(home) == []
    controller.kill()
