"""What tests share: databases (SQLite files, and a real PostgreSQL server), and Attune with a real vLLM.

The server and Attune are started when a test first asks for them, once per run.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url
from xdist.scheduler import LoadScopeScheduling

from ledger.database import Database
from tests import databases
from tests.processes import ROOT
from tests.stack import Stack, model_folder

# Both judge by the clock, and beside a real engine a drawn example can wait a second for a core.
settings.register_profile(
    "beside an engine", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("beside an engine")


_SHARING = {"integration": "a real vLLM", "contract": "a real vLLM", "chat_ui": "a chat"}
"""Folders of tests that share what takes long to start: each is run whole by one process."""


class TogetherScheduling(LoadScopeScheduling):
    """Gives each process whole files, and all that share a fixture that takes long to start.

    It stands in for `--dist loadgroup`, whose marks xdist 3.8 writes into node ids that pytest 9 does not send.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        folder = "integration" if path.name == "test_real_model.py" else path.parent.name
        return _SHARING.get(folder, str(path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling:
    return TogetherScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of engines start first, for they mostly wait; then those of the docs, which run whole jobs.

    At the end a long file would leave a core without work.
    """
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("engine") is not None:
        return 0
    return 1 if item.path.name.startswith("test_docs") else 2


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server on a unix socket, stopped at the end of the run."""
    with databases.postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> str:
    """The name of an empty, migrated database on the server, to copy from."""
    databases.execute(postgresql_server, "create database migrated")
    url = make_url(postgresql_server).set(database="migrated").render_as_string(hide_password=False)
    Database.open(url).close()
    return "migrated"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated database file, to copy from: tests take `ledger_path`."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    Database.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def ledger_path(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """An empty, migrated SQLite ledger of this test's own: `ledger.db` in its folder."""
    return shutil.copy(migrated_sqlite, tmp_path / "ledger.db")


KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty, migrated database; every test that uses it runs on SQLite and on PostgreSQL.

    A test for one of them says `@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
    """
    if request.param == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('ledger_path')}"
        return
    server, template = request.getfixturevalue("postgresql_server"), request.getfixturevalue("migrated_postgresql")
    with databases.new_database(server, template) as url:
        yield url


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new/ledger.db"
        return
    with databases.new_database(request.getfixturevalue("postgresql_server"), "template0") as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, empty ledger, on SQLite and on PostgreSQL."""
    opened = Database.open(database_url, migrate=False)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`attune up` with a real vLLM, the gateway and the chat."""
    # A unix socket's path is limited to 107 bytes, and pytest's folders are deep.
    folder = Path(tempfile.mkdtemp(prefix="attune-"))
    running = Stack(folder)
    running.run()
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def random_adapters(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A model, the one of `stack`, and two adapters over it, as an alignment run would leave them.

    They are made by another process: torch would stay in memory for the whole run. Who changes them takes a copy.
    """
    folder = tmp_path_factory.mktemp("adapters")
    model = model_folder(folder)
    made = [sys.executable, "-m", "tests.random_adapter", str(model), str(folder), "2"]
    subprocess.run(made, check=True, cwd=ROOT, capture_output=True)
    return model, folder / "adapter0", folder / "adapter1"


@pytest.fixture
def real_engine(stack: Stack) -> Path:
    """The unix socket of the real vLLM."""
    return stack.engine_socket()
