"""Adapters on the running engine of a real vLLM: the right one is opened, and a wrong one under its name is caught.

The engine answers nobody else meanwhile: on CPU a probe beside other requests would end it, which is why
`python -m server.controller` refuses `loaded` there. So the controller runs in here.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from ledger import audit, deployments, engines
from ledger.database import Database
from ledger.deployments import Change
from ledger.records import AuditEntry
from server.controller.controller import Controller
from server.controller.processes import kill_inhabitants
from server.controller.settings import EngineSettings
from tests.processes import ROOT
from tests.random_adapter import register_passed
from tests.stack import model_folder

WHY = Change("op", "a test")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a short path, because of the socket's."""
    with tempfile.TemporaryDirectory(prefix="attune-") as folder:
        (Path(folder) / "home").mkdir()
        yield Path(folder) / "home"
        kill_inhabitants(Path(folder) / "home" / "run")


@asynccontextmanager
async def loading(home: Path, database: Database, model: Path) -> AsyncIterator[None]:
    """Runs a controller that loads adapters on the running engine."""
    stop = asyncio.Event()
    settings = EngineSettings(model=str(model), adapter_form="loaded")
    running = asyncio.create_task(Controller(settings, home, database, stop).run())
    try:
        yield
    finally:
        stop.set()
        await running


async def until(condition: Callable[[], bool], timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.1)


def ready(database: Database) -> set[int]:
    with database.read() as connection:
        return {row.version_number for row in engines.serving(connection)}


def newest(database: Database, number: int) -> list[AuditEntry]:
    with database.read() as connection:
        return audit.latest(connection, number)


@pytest.mark.engine
@pytest.mark.timeout(600)
async def test_an_adapter_is_attested_on_the_running_engine_and_another_under_its_name_is_caught(
    home: Path, tmp_path: Path
) -> None:
    model = model_folder(tmp_path)
    made = [sys.executable, "-m", "tests.random_adapter", str(model), str(tmp_path), "2"]
    subprocess.run(made, check=True, cwd=ROOT, capture_output=True)
    right, wrong = tmp_path / "adapter0", tmp_path / "adapter1"
    shutil.copyfile(right / "probe.json", wrong / "probe.json")  # as if the files had been mixed up
    with closing(Database.open(f"sqlite:///{home / 'ledger.db'}")) as database:
        async with loading(home, database, model):
            await until(lambda: ready(database) == {1}, 240)
            tried, mixed_up = (register_passed(database, folder, 1) for folder in (right, wrong))
            with database.write() as connection:
                deployments.start_canary(connection, tried, 0.1, WHY)
            await until(lambda: ready(database) == {1, tried}, 30)
            with database.write() as connection:
                deployments.withdraw(connection, tried, WHY)
                deployments.start_canary(connection, mixed_up, 0.1, WHY)
            await until(lambda: newest(database, 1)[0].action == "roll_back", 60)
            entries = newest(database, 4)
            assert [entry.action for entry in entries] == ["roll_back"] + ["probe_failed"] * 3
            assert "does not serve attune@v3" in entries[-1].reason
            await until(lambda: ready(database) == {1}, 30)
