"""A ledger of an older Attune: backed up, migrated with all its rows, and whole after kill -9 at any step of that."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections import namedtuple
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from attune import cli
from ledger import conversations, feedback, migration_backups
from ledger.database import Database
from ledger.dialects import dialect_of
from ledger.erase import erase_completion, erase_conversation, erase_user
from ledger.errors import Unavailable
from ledger.migration_backups import KEPT, BackupFolder
from ledger.records import FeedbackFilter, NewFeedback
from ledger.retention.rules import RetentionRules
from ledger.retention.steps import Plan
from ledger.retention.steps import run as prune
from ledger.schema import completions
from tests.ledger.old_ledger import rows_of, write_postgresql, write_sqlite
from tests.processes import ROOT

# The way back, as docs/operations.md shows it.
DOCUMENTED_BACKUP = "ledger-before-0003-20261130T120000Z.db"
DOCUMENTED = (
    "mkdir ~/.attune/newer && mv ~/.attune/ledger.db* ~/.attune/newer",
    f"cp ~/.attune/backups/{DOCUMENTED_BACKUP} ~/.attune/ledger.db",
)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)

KILLED = """
import os, signal, sys
from pathlib import Path
from alembic import command
from ledger import migration_backups
from ledger.database import Database
from ledger.dialects import Sqlite

def killed(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)

def half_a_copy(self: Sqlite, path: Path) -> None:
    copy(self, path)
    path.write_bytes(path.read_bytes()[:5000])
    killed()

def upgraded(*arguments: object) -> None:
    upgrade(*arguments)
    killed()

copy, upgrade = Sqlite.copy_to, command.upgrade
match sys.argv[2]:
    case "in the copy": Sqlite.copy_to = half_a_copy
    case "after the copy": command.upgrade = killed
    case "before the commit": command.upgrade = upgraded
Database.open(sys.argv[1])
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A ledger that is at least one migration behind, in a home of its own."""
    return write_sqlite(tmp_path / "ledger.db", "0001")


def opened(path: Path) -> None:
    Database.open(f"sqlite:///{path}").close()


def backups(path: Path) -> list[Path]:
    return [backup for _, backup in BackupFolder(path).finished()]


@pytest.mark.parametrize("migration", ["0001", "0002"])
def test_every_row_of_an_old_ledger_is_there_after_the_migration(
    empty_database_url: str, tmp_path: Path, migration: str
) -> None:
    old = write_sqlite(tmp_path / "old.db", migration)
    before, url = rows_of(f"sqlite:///{old}"), empty_database_url
    if url.startswith("sqlite"):
        url = f"sqlite:///{old}"
    else:
        write_postgresql(url, old, migration)
    with closing(Database.open(url)) as database:
        database.verify()
        with database.read() as connection:
            votes = feedback.search(connection, FeedbackFilter(), limit=1000).items
            talks = conversations.search(connection, owner="acme", user="person-0").items
            (talk,) = (conversations.get(connection, found.id, "acme", "person-0") for found in talks)
    assert {(vote.kind, vote.value) for vote in votes} >= {
        ("thumb", 1),
        ("thumb", 0),
        ("thumb", -1),
        ("comparison", 1),
        ("correction", -1),
    }
    assert len(talk.messages) == 3
    after = rows_of(url)
    for table in set(before) - {"alembic_version"}:
        assert len(after[table]) == len(before[table]), table
    assert {row["kept"] for row in after["completions"]} == {row["keep"] for row in after["api_keys"]} == {"full"}
    for table in ("conversations", "messages", "completions", "feedback"):
        for was, now in zip(before[table], after[table], strict=True):
            assert {name: text_of(now[name]) for name in was} == {name: text_of(was[name]) for name in was}


def text_of(value: object) -> object:
    """A time without its offset, which SQLite does not keep: all are UTC."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def test_a_ledger_is_copied_before_it_is_migrated_and_the_log_names_the_copy(
    old: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = rows_of(f"sqlite:///{old}")
    opened(old)
    (backup,) = backups(old)
    assert rows_of(f"sqlite:///{backup}") == before
    assert str(backup) in caplog.text
    assert [stat.S_IMODE(path.stat().st_mode) for path in (backup, backup.parent)] == [0o600, 0o700]
    opened(old)
    assert backups(old) == [backup], "a ledger that is up to date is not copied"


def test_processes_that_start_together_on_an_old_ledger_make_one_backup(old: Path) -> None:
    command = [sys.executable, "-c", "import sys; from ledger.database import Database; Database.open(sys.argv[1])"]
    started = [subprocess.Popen([*command, f"sqlite:///{old}"], cwd=ROOT, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0] * 3
    assert len(backups(old)) == 1


def test_a_new_ledger_is_not_copied(tmp_path: Path) -> None:
    opened(tmp_path / "ledger.db")
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize("moment", ["in the copy", "after the copy", "before the commit"])
def test_a_migration_that_was_killed_starts_again_whole(old: Path, moment: str) -> None:
    before = rows_of(f"sqlite:///{old}")
    killed = subprocess.run([sys.executable, "-c", KILLED, f"sqlite:///{old}", moment], cwd=ROOT, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert rows_of(f"sqlite:///{old}") == before
    with closing(Database.open(f"sqlite:///{old}")) as database:
        database.verify()
    assert {name: len(rows) for name, rows in rows_of(f"sqlite:///{old}").items() if name in before} == {
        name: len(rows) for name, rows in before.items()
    }
    assert {path.suffix for path in BackupFolder(old).files()} == {".db"}
    assert rows_of(f"sqlite:///{backups(old)[-1]}") == before


def test_without_space_for_the_backup_nothing_is_migrated_and_the_command_says_why(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, usage = rows_of(f"sqlite:///{old}"), namedtuple("usage", "total used free")
    monkeypatch.setenv("ATTUNE_HOME", str(old.parent))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 5 * 2**20, 5 * 2**20))
    assert cli.run(["status"]) == 1
    said = capsys.readouterr().err
    assert "is at migration 0001" in said and "5 MiB are free" in said and "Nothing was changed." in said
    assert rows_of(f"sqlite:///{old}") == before
    assert BackupFolder(old).files() == []


def test_a_backup_that_cannot_be_written_keeps_the_ledger_as_it_was(old: Path) -> None:
    (old.parent / "backups").write_text("a file where the folder belongs")
    with pytest.raises(Unavailable, match=r"cannot be made: .*Nothing was changed"):
        opened(old)
    assert rows_of(f"sqlite:///{old}")["alembic_version"] == [{"version_num": "0001"}]


def test_the_newest_backups_are_kept_and_retention_takes_the_old_ones_alone(old: Path) -> None:
    dialect = dialect_of(f"sqlite:///{old}")
    for day in range(KEPT + 2):
        migration_backups.back_up(dialect, "0001", "0002", now=NOW + timedelta(days=day))
    kept = [taken_at for taken_at, _ in BackupFolder(old).finished()]
    assert kept == [NOW + timedelta(days=day) for day in range(2, KEPT + 2)]
    mine = old.parent / "backups" / "before the move.db"
    mine.write_text("an operator's own")
    with closing(Database.open(f"sqlite:///{old}", back_up=False)) as database:
        plan = Plan(RetentionRules(backups_days=5), None, kept[1] + timedelta(days=5, seconds=1))
        found = prune(database, replace(plan, dry_run=True))
        assert found["backups"].count == 2 and len(backups(old)) == 3
        assert prune(database, plan) == found
    assert [taken_at for taken_at, _ in BackupFolder(old).finished()] == kept[2:]
    assert mine.exists()


@pytest.mark.parametrize("erased", ["user", "conversation", "completion"])
def test_what_is_erased_is_in_no_automatic_backup(old: Path, erased: str) -> None:
    opened(old)
    (old.parent / "backups" / "ledger-before-0002-20261101T000000Z.db.partial").write_text("left by a killed process")
    with closing(Database.open(f"sqlite:///{old}")) as database, database.write() as connection:
        (talk,) = conversations.search(connection, owner="acme", user="person-0").items
        assert len(BackupFolder(old).files()) == 2
        if erased == "user":
            erase_user(connection, "acme", "person-0")
        elif erased == "conversation":
            erase_conversation(connection, talk.id, "acme", "person-0")
        else:
            erase_completion(connection, connection.execute(select(completions.c.id)).scalars().first() or "")
    assert BackupFolder(old).files() == []


def test_what_cannot_be_deleted_from_a_backup_is_not_called_erased(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(old)

    def refused(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    with closing(Database.open(f"sqlite:///{old}")) as database:
        monkeypatch.setattr(Path, "unlink", refused)
        with pytest.raises(Unavailable, match="Nothing was erased"), database.write() as connection:
            erase_user(connection, "acme", "person-0")
        with database.read() as connection:
            assert conversations.search(connection, owner="acme", user="person-0").items


def test_the_commands_of_the_docs_lead_back_to_the_ledger_from_before(tmp_path: Path) -> None:
    home = tmp_path / ".attune"
    home.mkdir()
    old = write_sqlite(home / "ledger.db", "0001")
    before = rows_of(f"sqlite:///{old}")
    opened(old)
    commands = "\n".join(DOCUMENTED).replace(DOCUMENTED_BACKUP, backups(old)[0].name)
    subprocess.run(["sh", "-ec", commands], env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, check=True)
    assert rows_of(f"sqlite:///{old}") == before
    assert (home / "newer" / "ledger.db").exists()


def test_a_vote_can_be_given_on_an_answer_from_before(old: Path) -> None:
    with closing(Database.open(f"sqlite:///{old}")) as database, database.write() as connection:
        answer = "chatcmpl-0000000a"
        feedback.add(connection, NewFeedback(answer, "acme", "person-0", 1))
        votes = connection.execute(select(func.count()).where(completions.c.id == answer)).scalar_one()
        assert votes == 1
        assert feedback.latest_for(connection, [answer], owner="acme", user="person-0")[-1].value == 1


def test_a_comparison_from_before_is_replaced_by_one_that_names_the_two_the_other_way(old: Path) -> None:
    with closing(Database.open(f"sqlite:///{old}")) as database, database.write() as connection:
        (vote, *_) = feedback.search(connection, FeedbackFilter(kind="comparison")).items
        assert vote.preferred_over is not None
        turned = NewFeedback(vote.preferred_over, vote.owner, vote.user, 1, preferred_over=vote.completion_id)
        feedback.add(connection, turned)
        two = [vote.completion_id, vote.preferred_over]
        latest = feedback.latest_for(connection, two, owner=vote.owner, user=vote.user)
    assert [found.completion_id for found in latest if found.kind == "comparison"] == two[1:]


@pytest.mark.postgres
def test_on_postgresql_the_log_says_whose_the_backup_is(
    postgresql_server: str, caplog: pytest.LogCaptureFixture
) -> None:
    migration_backups.back_up(dialect_of(postgresql_server), "0001", "0002")
    assert "whose backups are its operator's" in caplog.text
