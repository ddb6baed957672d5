"""Opening, transactions, outages."""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from ledger import dialects, keys, users
from ledger.database import Database
from ledger.errors import LedgerError, Misconfigured, Unavailable
from ledger.records import Completion
from ledger.schema import api_keys, conversations
from ledger.schema import users as users_table
from ledger.settings import LedgerSettings


def count_users(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(users_table)).scalar_one()


def setting(database: Database, query: str) -> object:
    with database.read() as connection:
        return connection.execute(text(query)).scalar()


def test_a_transaction_is_stored_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        users.resolve(connection, "acme", "ann")
        raise ZeroDivisionError
    assert count_users(database) == 0
    with database.write() as connection:
        users.resolve(connection, "acme", "ann")
    assert count_users(database) == 1


def test_a_reader_sees_one_moment_and_does_not_wait_for_a_writer(database: Database) -> None:
    query = select(func.count()).select_from(users_table)
    with database.read() as reader:
        assert reader.execute(query).scalar() == 0
        with database.write() as writer:
            users.resolve(writer, "acme", "ann")
        assert reader.execute(query).scalar() == 0
    assert count_users(database) == 1


def test_foreign_keys_and_checks_hold(database: Database) -> None:
    row = {"id": "c", "owner": "acme", "user_id": "nobody", "title": "", "title_folded": "", "settings": {}}
    key = keys.ApiKey("k", "p", "h", "n", "o", (), None, created_at=keys.utc_now())
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(
            insert(conversations).values(row | {"created_at": key.created_at, "updated_at": key.created_at})
        )
    with pytest.raises(IntegrityError), database.write() as connection:
        values = {"id": "k", "prefix": "p", "secret_sha256": "h", "name": "n", "owner": "o", "scopes": []}
        for key_id in ("k1", "k2"):
            connection.execute(insert(api_keys).values(values | {"id": key_id, "created_at": key.created_at}))


def test_commits_are_synced_to_disk(database: Database) -> None:
    if database.dialect_name == "sqlite":
        assert setting(database, "PRAGMA synchronous") == 2
        assert setting(database, "PRAGMA journal_mode") == "wal"
        assert setting(database, "PRAGMA foreign_keys") == 1
        assert setting(database, "PRAGMA busy_timeout") == 10_000
    else:
        assert setting(database, "show synchronous_commit") == "on"
        assert setting(database, "show lock_timeout") == "10s"


def test_a_sound_database_verifies(database: Database, stored: Callable[..., Completion]) -> None:
    stored()
    database.verify()
    database.ping()


def test_threads_share_a_database(database: Database) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            with database.write() as connection:
                users.resolve(connection, "acme", f"{number}-{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_users(database) == 40


def test_files_are_readable_to_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "ledger.db"
    old = os.umask(0)
    try:
        database = Database.open(f"sqlite:///{path}")
        with database.write() as connection:
            users.resolve(connection, "acme", "ann")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert set(modes.values()) == {0o600}, modes
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    database.close()


def test_too_old_a_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialects.pysqlite3, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(LedgerError, match=r"3\.51\.3 or newer is needed"):
        Database.open(f"sqlite:///{tmp_path}/ledger.db")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://127.0.0.1/x", "does not speak to mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("://secret", "malformed"),
        ("", "malformed"),
    ],
)
def test_an_unusable_url_is_refused_without_repeating_it(url: str, reason: str) -> None:
    with pytest.raises(LedgerError, match=reason) as caught:
        Database.open(url)
    assert "secret" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="ATTUNE_HOME"):
        Database.open(f"sqlite:///{tmp_path}/file/ledger.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("Dear diary, " * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        Database.open(f"sqlite:///{tmp_path}/ledger.db")


@pytest.mark.postgres
def test_a_server_that_is_away_is_unavailable_and_the_password_stays_secret() -> None:
    with pytest.raises(Unavailable) as caught:
        Database.open("postgresql://ann:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_closed_is_replaced(database: Database) -> None:
    with database.write() as connection:
        users.resolve(connection, "acme", "ann")
    _kill_connections(database)
    assert count_users(database) == 1


def _kill_connections(database: Database) -> None:
    with database.read() as connection:
        others = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        connection.execute(text(others + " and datname = current_database()"))


def test_a_locked_database_is_unavailable(migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialects, "LOCK_TIMEOUT_S", 0)
    database = Database.open(f"sqlite:///{migrated_sqlite}", migrate=False)
    with database.write():
        other = Database.open(f"sqlite:///{migrated_sqlite}", migrate=False)
        with pytest.raises(Unavailable, match="locked"), other.write():
            pass
        other.close()
    database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_damage_is_found(database: Database, stored: Callable[..., Completion]) -> None:
    stored()
    path = str(setting(database, "select file from pragma_database_list"))
    database.close()
    plain = sqlite3.connect(path)
    plain.execute("delete from users")  # the standard library's connection does not enforce foreign keys
    plain.commit()
    plain.close()
    with pytest.raises(LedgerError, match="completions row 1 refers to no users"):
        database.verify()  # connects again


def test_settings_name_the_file_in_home_unless_a_url_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATTUNE_DATABASE_URL", raising=False)
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "a b#c?d"))
    url = LedgerSettings().resolved_database_url
    Database.open(url).close()
    assert (tmp_path / "a b#c?d" / "ledger.db").exists()
    monkeypatch.setenv("ATTUNE_DATABASE_URL", "postgresql://127.0.0.1/x")
    assert LedgerSettings().resolved_database_url == "postgresql://127.0.0.1/x"
