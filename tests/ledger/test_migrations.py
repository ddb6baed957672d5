"""Migrations: complete, safe to run at once, and honest about newer databases."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from ledger import vacuums
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.migrations import versions
from ledger.schema import feedback, feedback_latest, metadata

OPEN_AT_ONCE = """
import sys
from ledger.database import Database
import ledger.migrations.upgrade
print("ready", flush=True)
sys.stdin.readline()
database = Database.open(sys.argv[1])
database.verify()
"""


def test_migrations_make_exactly_the_tables_of_the_schema(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_view_has_the_columns_of_its_table(database: Database) -> None:
    with database.read() as connection:
        columns = list(connection.execute(text("select * from feedback_latest")).keys())
    assert columns == feedback.columns.keys() == feedback_latest.columns.keys()


def test_opening_again_changes_nothing(database_url: str, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("insert into tombstones values ('user', 'x', '2026-01-01 00:00:00')"))
    Database.open(database_url).close()
    with database.read() as connection:
        assert connection.execute(text("select count(*) from tombstones")).scalar() == 1
        assert connection.execute(text("select count(*) from deployments")).scalar() == 1


def test_processes_that_start_together_all_get_a_migrated_database(empty_database_url: str) -> None:
    command = [sys.executable, "-c", OPEN_AT_ONCE, empty_database_url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [subprocess.Popen(command, text=True, **pipes) for _ in range(4)]
    assert [process.stdout.readline() for process in started if process.stdout] == ["ready\n"] * 4
    for process in started:  # all of them before waiting for any, else they would take turns
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0] * 4, errors
    database = Database.open(empty_database_url)
    with database.read() as connection:
        assert connection.execute(text("select count(*) from deployments")).scalar() == 1
    database.close()


def test_a_database_of_a_newer_attune_is_refused(database_url: str, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(LedgerError, match=r"migration 9999.*newer Attune"):
        Database.open(database_url)


def test_a_migration_that_fails_leaves_nothing_behind(empty_database_url: str) -> None:
    before = Database.open(empty_database_url, migrate=False)
    with before.write() as connection:
        connection.execute(text("create table tombstones (id integer)"))  # in the way of the last table
    with pytest.raises(Exception, match="already exists"):
        Database.open(empty_database_url)
    with before.write() as connection:
        connection.execute(text("drop table tombstones"))
    before.close()
    Database.open(empty_database_url).close()


def test_migrations_are_numbered_without_gaps() -> None:
    names = sorted(path.stem for path in Path(str(versions.__file__)).parent.glob("[0-9]*.py"))
    assert names and [name.split("_")[0] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]


def test_a_ledger_with_people_from_before_is_to_be_rewritten_once(database_url: str, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("drop table vacuums"))
        connection.execute(text("drop table erased_names"))
        for column in ("users.counts_as", "api_keys.keep", "completions.kept", "completions.refused"):
            connection.execute(text("alter table {} drop column {}".format(*column.split("."))))
        connection.execute(text("update alembic_version set version_num = '0002'"))
        connection.execute(text("insert into users values ('usr_1', 'acme', 'ann', '2026-01-01 00:00:00')"))
    Database.open(database_url).close()
    with database.read() as connection:
        assert vacuums.waiting_since(connection) is not None
    vacuums.fulfil(database)
    Database.open(database_url).close()
    with database.read() as connection:
        assert vacuums.waiting_since(connection) is None
        assert connection.execute(text("select external_id from users")).scalar() == "ann"
