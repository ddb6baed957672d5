"""Moving a ledger: every row of every table arrives, whenever it is interrupted, and nothing is overwritten."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger import feedback
from ledger.clock import utc_now
from ledger.database import Database
from ledger.dialects import dialect_of
from ledger.errors import Busy, LedgerError, Misconfigured, NoLedger
from ledger.moving.move import Changed, Moved, move
from ledger.records import NewFeedback
from ledger.schema import erased_names, feedback_latest, metadata
from tests import databases
from tests.ledger.old_ledger import Rows, rows_of, write_sqlite
from tests.processes import ROOT

MOVER = ROOT / "tests" / "ledger" / "mover_process.py"
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with rows in every table; it is copied, never changed."""
    path = write_sqlite(tmp_path_factory.mktemp("full") / "ledger.db", "0002")
    database = Database.open(f"sqlite:///{path}", back_up=False)
    with database.write() as connection:
        connection.execute(erased_names.insert(), {"name_sha256": "ab" * 32, "erased_at": utc_now()})
    database.close()
    return path


@pytest.fixture
def source(full: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(full, tmp_path / 'ledger.db')}"


@pytest.fixture
def elsewhere(postgresql_server: str) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with databases.new_database(postgresql_server, "template0") as url:
        yield url


def moved(source: str, target: str, **options: bool) -> Moved:
    return move(source, target, lambda *_: None, **options)


def ledger_of(url: str) -> Rows:
    """Every row of every table that a reflection finds, and of the view of the latest votes."""
    found = rows_of(url)
    database = Database.open(url)
    with database.read() as connection:
        found["feedback_latest"] = [dict(row) for row in connection.execute(feedback_latest.select()).mappings()]
    database.close()
    return found


def test_a_row_of_every_table_is_in_the_ledger_that_these_tests_move(full: Path) -> None:
    rows = rows_of(f"sqlite:///{full}")
    assert set(rows) == {*metadata.tables, "alembic_version"}
    empty = [name for name, found in rows.items() if not found]
    assert empty == [], "store a row of each new table in the fixture `full`, so that its move is tested"


@pytest.mark.postgres
def test_a_ledger_goes_to_postgresql_and_back_with_every_row(source: str, elsewhere: str, tmp_path: Path) -> None:
    before = ledger_of(source)
    there = moved(source, elsewhere)
    assert {name: digest.rows for name, digest in there.digests.items()} == {
        table: len(before[table]) for table in metadata.tables
    }
    back = f"sqlite:///{tmp_path}/back/ledger.db"
    assert moved(elsewhere, back).digests == there.digests
    assert ledger_of(back) == before == ledger_of(source)
    assert {name: len(rows) for name, rows in ledger_of(elsewhere).items()} == {
        name: len(rows) for name, rows in before.items()
    }


@pytest.mark.postgres
def test_counters_go_on_after_the_last_row(source: str, elsewhere: str) -> None:
    moved(source, elsewhere)
    database = Database.open(elsewhere)
    with database.write() as connection:
        largest = connection.execute(text("select max(sequence) from feedback")).scalar_one()
        vote = connection.execute(
            text("select f.completion_id, f.owner, u.external_id from feedback f join users u on u.id = f.user_id")
        ).first()
        assert vote is not None
        given = feedback.add(connection, NewFeedback(vote[0], vote[1], vote[2], 1))
        assert connection.execute(text("select max(sequence) from feedback")).scalar_one() == largest + 1
        newest = text("select id from feedback order by sequence desc limit 1")
        assert connection.execute(newest).scalar_one() == given.id
    database.close()


class Interrupted(BaseException):
    """Stands for the end of the process: whatever is not committed is gone."""


@pytest.mark.parametrize("step", range(1, 60, 8))
def test_a_move_that_is_interrupted_goes_on_where_it_was(source: str, tmp_path: Path, step: int) -> None:
    target, steps = f"sqlite:///{tmp_path}/new/ledger.db", iter(range(1, 1000))
    done: list[tuple[str, int]] = []

    def interrupt(what: str, table: str, rows: int, _total: int) -> None:
        if next(steps) == step:
            raise Interrupted
        done.append((table, rows))

    with pytest.raises(Interrupted):
        move(source, target, interrupt, batch_rows=5)
    with pytest.raises(Misconfigured, match="part of a ledger"):
        Database.open(target)
    again: dict[str, int] = {}
    assert not move(source, target, lambda _, table, rows, __: again.setdefault(table, rows) and None).before
    assert all(again[table] >= rows for table, rows in done)
    assert ledger_of(target) == ledger_of(source)
    assert moved(source, target).before  # killed after its last step, and so run once more


@pytest.mark.postgres
def test_kill_9_at_any_moment_loses_and_doubles_nothing(source: str, elsewhere: str) -> None:
    for steps in (1, 30, 55):
        command, pipe = [sys.executable, str(MOVER), source, elsewhere], subprocess.PIPE
        environment = {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as run:
            assert run.stdin is not None and run.stdout is not None
            for _ in range(steps):
                assert run.stdout.readline()
                run.stdin.write("\n")
                run.stdin.flush()
            run.send_signal(signal.SIGKILL)
    digests = moved(source, elsewhere).digests
    before = rows_of(source)
    assert {name: digest.rows for name, digest in digests.items()} == {t: len(before[t]) for t in metadata.tables}


@pytest.mark.parametrize("kind", ["sqlite", POSTGRESQL])
def test_a_target_that_holds_something_is_refused(
    source: str, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    target = request.getfixturevalue("elsewhere") if kind == "postgresql" else f"sqlite:///{tmp_path}/new.db"
    database = Database.open(target)
    with pytest.raises(Misconfigured, match="is not empty: it holds a ledger at migration"):
        moved(source, target)
    with database.write() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))
    with pytest.raises(Misconfigured, match="is not empty: it holds a ledger at migration 0001"):
        moved(source, target)
    with database.write() as connection:
        connection.execute(text("drop table alembic_version"))
    with pytest.raises(Misconfigured, match="is not empty: it holds the tables alignment_runs, api_keys, audit"):
        moved(source, target)
    database.close()


def started(source: str, target: str, steps: int = 40) -> None:
    """Leaves an unfinished move."""
    count = iter(range(steps))

    def stop(*_: object) -> None:
        if next(count, None) is None:
            raise Interrupted

    with pytest.raises(Interrupted):
        move(source, target, stop, batch_rows=5)


def test_an_unfinished_move_of_another_ledger_or_release_is_refused_until_it_is_cleared(
    source: str, full: Path, tmp_path: Path
) -> None:
    target = f"sqlite:///{tmp_path}/new.db"
    started(f"sqlite:///{full}", target)
    with pytest.raises(Misconfigured, match=f"unfinished move of {full}"):
        moved(source, target)
    moved(source, target, restart=True)
    other = f"sqlite:///{tmp_path}/other.db"
    started(source, other)
    unfinished = dialect_of(other).create_engine()
    with unfinished.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001-moving'"))
    unfinished.dispose()
    with pytest.raises(Misconfigured, match="unfinished move of a ledger at migration 0001, and"):
        moved(source, other)


def test_a_ledger_of_an_older_release_is_to_be_migrated_first(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "old.db", "0002")
    with pytest.raises(Misconfigured, match=r"is at migration 0002.*attune prepare"):
        moved(f"sqlite:///{path}", f"sqlite:///{tmp_path}/new.db")
    assert not (tmp_path / "new.db").exists()


def test_a_ledger_that_changed_between_two_tries_is_noticed(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/new.db"
    started(source, target)
    database = Database.open(source)
    with database.write() as connection:
        connection.execute(text("update users set external_id = 'somebody' where external_id = 'person-1'"))
    database.close()
    with pytest.raises(Changed, match=r"has changed since the move into .* the table users differs from the key usr_"):
        moved(source, target)
    moved(source, target, restart=True)
    assert ledger_of(target) == ledger_of(source)


def test_a_ledger_that_somebody_has_open_is_not_moved(source: str, tmp_path: Path) -> None:
    database = Database.open(source)
    with pytest.raises(Busy, match=r"Another process has .*ledger\.db open"):
        moved(source, f"sqlite:///{tmp_path}/new.db")
    database.close()
    assert not (tmp_path / "new.db").exists()


@pytest.mark.postgres
def test_a_ledger_in_postgresql_that_somebody_has_open_is_not_moved(elsewhere: str, tmp_path: Path) -> None:
    database = Database.open(elsewhere)
    with pytest.raises(Busy, match="Other sessions of its role"):
        moved(elsewhere, f"sqlite:///{tmp_path}/new.db")
    database.close()


def test_nobody_opens_a_ledger_while_it_moves(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.dialects.LOCK_TIMEOUT_S", 0.1)
    seen: list[str] = []

    def look(*_: object) -> None:
        if not seen:
            with pytest.raises(LedgerError) as refused:
                Database.open(source)
            seen.append(str(refused.value))

    move(source, f"sqlite:///{tmp_path}/new.db", look)
    assert "locked" in seen[0]


def test_a_ledger_is_not_moved_into_itself_nor_out_of_nothing(source: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"is in .* already"):
        moved(source, source)
    with pytest.raises(NoLedger):
        moved(f"sqlite:///{tmp_path}/none.db", f"sqlite:///{tmp_path}/new.db")
    assert sorted(path.name for path in tmp_path.glob("n*")) == []
