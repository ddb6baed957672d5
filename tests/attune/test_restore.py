"""A restore erases again what was erased since, takes nothing for granted, and leaves nothing half-done."""

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from attune import archive as archive_module
from attune import cli
from ledger import completions, conversations, engines, erase, keys, person, runs, tombstone_list, versions
from ledger.database import Database
from ledger.records import Choice, Completion, Engine, Tombstone

MARK = "Marmeladenbaum"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    """A home with two people's answers in its ledger."""
    place = ledger_path.parent
    monkeypatch.setenv("ATTUNE_HOME", str(place))
    (place / "ui.secret").write_text("signs cookies\n")
    database = Database.open(f"sqlite:///{ledger_path}")
    with database.write() as connection:
        key, _ = keys.create(connection, name="app", owner="acme", scopes=("inference",))
        for user in ("zed", "ada"):
            conversations.create(connection, owner="acme", user=user, title=f"{MARK} of {user}")
            store(connection, key.id, user, f"chatcmpl-{user}")
    database.close()
    return place


def store(connection: Any, key_id: str, user: str, completion_id: str) -> None:
    messages, choices = [{"role": "user", "content": f"{MARK} {user}"}], (Choice(0, f"{MARK} {user}", "stop"),)
    completions.insert(
        connection,
        Completion(completion_id, "/v1/chat/completions", "acme", key_id, user, messages, {}, choices, "complete"),
    )


@pytest.fixture
def backup(home: Path, tmp_path: Path) -> Path:
    """A backup of the home, in a folder of its own."""
    folder = tmp_path / "backups"
    folder.mkdir()
    assert cli.run(["backup", str(folder / "a.zip")]) == 0
    return folder / "a.zip"


@pytest.fixture
def elsewhere(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another home, which does not exist yet; the commands use it from here on."""
    place = tmp_path / "elsewhere" / "home"
    monkeypatch.setenv("ATTUNE_HOME", str(place))
    return place


def users_of(home: Path) -> list[str]:
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    try:
        with database.read() as connection:
            return [row["user"] for row in person.list_all(connection)]
    finally:
        database.close()


def test_a_restore_erases_again_who_was_erased_after_the_backup(
    home: Path, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["users", "erase", "zed", "--yes"]) == 0
    lists = (home / "tombstones.jsonl").read_bytes()
    assert MARK.encode() not in lists and b"zed" not in lists
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "list").write_bytes(lists)
    place = tmp_path / "new" / "home"
    monkeypatch.setenv("ATTUNE_HOME", str(place))
    assert cli.run(["restore", str(backup), "--tombstones", str(tmp_path / "new" / "list")]) == 0
    assert "1 users, conversations and answers were erased again" in capsys.readouterr().out
    assert users_of(place) == ["ada"]
    assert all(f"{MARK} of zed".encode() not in path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert tombstone_list.read(place / "tombstones.jsonl") == tombstone_list.read(home / "tombstones.jsonl")


def test_the_list_beside_the_backup_is_used_and_a_later_backup_brings_it_up_to_date(
    home: Path, backup: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(home))
    assert cli.run(["users", "erase", "zed", "--yes"]) == 0
    assert cli.run(["backup", str(backup.with_name("b.zip"))]) == 0
    monkeypatch.setenv("ATTUNE_HOME", str(elsewhere))
    assert cli.run(["restore", str(backup)]) == 0
    assert users_of(elsewhere) == ["ada"]


def test_without_any_list_a_restore_is_refused_unless_asked_for(
    backup: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup.with_name("tombstones.jsonl").unlink()
    assert cli.run(["restore", str(backup)]) == 64
    assert "--no-tombstones" in capsys.readouterr().err
    assert not elsewhere.parent.exists()
    assert cli.run(["restore", str(backup), "--no-tombstones"]) == 0
    assert users_of(elsewhere) == ["zed", "ada"]


def test_what_ran_when_the_backup_was_made_does_not_run_in_the_restored_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    with database.write() as connection:
        versions.register_base(connection, path="/base", sha256="a" * 64)
        engines.upsert(connection, Engine("eng_1", "unix:///x", 1, "ready", "answers"))
        runs.create(connection, stage="snapshot", config={})
    database.close()
    assert cli.run(["backup", str(tmp_path / "b.zip")]) == 0
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "there"))
    assert cli.run(["restore", str(tmp_path / "b.zip")]) == 0
    capsys.readouterr()
    assert cli.run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["engines"] == []
    assert cli.run(["align", "status", "--json"]) == 0
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["state"] == "failed" and run["error"].startswith("It was not finished when the backup was made")


def test_someone_who_came_back_after_the_erasing_stays(home: Path, tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    with database.write() as connection:
        assert erase.erase_user(connection, "acme", "zed")
        [key] = keys.list_all(connection)
        store(connection, key.id, "zed", "chatcmpl-again")
        listed = erase.tombstones_since(connection, None)
        assert erase.replay(connection, listed) == 0
    database.close()
    assert users_of(home) == ["ada", "zed"]


def rewritten(backup: Path, change: Callable[[dict[str, bytes]], None], about: Any = ...) -> None:
    """Writes a backup's files anew, after a change; its `backup.json` fits them unless another is given."""
    with zipfile.ZipFile(backup) as found:
        files = {name: found.read(name) for name in found.namelist()}
    described = json.loads(files.pop("backup.json"))
    change(files)
    described["files"] = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    with zipfile.ZipFile(backup, "w", zipfile.ZIP_DEFLATED) as to:
        if about is not None:
            to.writestr("backup.json", json.dumps(described if about is ... else about))
        for name, content in files.items():
            to.writestr(name, content)


def without_ledger(files: dict[str, bytes]) -> None:
    del files["ledger.db"]


def with_file(name: str, content: bytes = b"x") -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({name: content})


def unchanged(files: dict[str, bytes]) -> None:
    """Leaves everything as it is."""


@pytest.mark.parametrize(
    ("change", "about", "said"),
    [
        (without_ledger, ..., "no ledger.db"),
        (unchanged, None, "no backup.json"),
        *((unchanged, value, "in backup.json") for value in ([1], 1, "x", {}, {"format": []}, [[{}]])),
        (unchanged, {"format": 1, "home": 7}, "home"),
        (unchanged, {"format": 99, "home": "/"}, "format 99"),
        (unchanged, {"format": 1, "home": "/", "files": {}}, "not those"),
        (unchanged, {"format": 1, "home": "/", "files": [1]}, "files"),
        (with_file("../evil"), ..., "'../evil'"),
        (with_file("/etc/evil"), ..., "evil"),
        (with_file("admin.key"), ..., "admin.key"),
        (with_file("versions/run/../../evil"), ..., "evil"),
        (with_file("versions/run"), ..., "versions/run"),
        (with_file("ledger.db-wal"), ..., "ledger.db-wal"),
        (with_file("ui.secret", b"x" * 5000), ..., "5000 bytes"),
        (with_file("versions/run/bomb", bytes(70 * 2**20)), ..., "no backup does"),
        (with_file("ledger.db", b"no database" * 100), ..., "cannot be restored"),
    ],
)
def test_an_archive_that_no_backup_wrote_is_refused_with_a_sentence(
    backup: Path,
    elsewhere: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, bytes]], None],
    about: Any,
    said: str,
) -> None:
    rewritten(backup, change, about)
    assert cli.run(["restore", str(backup)]) == (1 if said == "cannot be restored" else 64)  # a ledger is opened
    error = capsys.readouterr().err
    assert said in error and error.startswith("attune: ") and error.count("\n") == 1 and "Traceback" not in error
    assert not elsewhere.parent.exists(), "nothing is left of it"


@pytest.mark.parametrize(("kind", "said"), [(stat.S_IFLNK, "is a link"), (stat.S_IFREG, "another SHA-256")])
def test_a_link_and_a_file_with_another_hash_are_refused(
    backup: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str], kind: int, said: str
) -> None:
    with zipfile.ZipFile(backup) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(files.pop("backup.json"))
    about["files"]["versions/run/file"] = {"bytes": 11, "sha256": "0" * 64}
    with zipfile.ZipFile(backup, "w") as archive:
        for name, content in (files | {"backup.json": json.dumps(about)}).items():
            archive.writestr(name, content)
        entry = zipfile.ZipInfo("versions/run/file")
        entry.external_attr = (kind | 0o600) << 16
        archive.writestr(entry, "/etc/passwd")
    assert cli.run(["restore", str(backup)]) == 64
    assert said in capsys.readouterr().err
    assert not elsewhere.parent.exists()


def test_an_archive_of_too_many_files_is_refused(
    backup: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "MOST_FILES", 2)
    assert cli.run(["restore", str(backup)]) == 64
    assert "2 are allowed" in capsys.readouterr().err
    assert not elsewhere.parent.exists()


def test_a_backup_that_does_not_fit_the_disk_is_refused_before_anything_is_written(
    backup: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = archive_module.shutil.disk_usage(backup.parent)
    monkeypatch.setattr(archive_module.shutil, "disk_usage", lambda _: usage._replace(free=2**20))
    assert cli.run(["restore", str(backup)]) == 1
    assert "MiB are free" in capsys.readouterr().err
    assert not elsewhere.parent.exists()


def test_a_secret_that_is_there_already_is_never_overwritten(
    backup: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "runs" / "run_x").mkdir(parents=True)
    (elsewhere / "ui.secret").write_text("another\n")
    (elsewhere / "admin.key").write_text("a key\n")
    assert cli.run(["restore", str(backup)]) == 64
    assert "ui.secret is there already" in capsys.readouterr().err
    left = {path.name: path.read_text() for path in elsewhere.iterdir() if path.is_file()}
    assert left == {"ui.secret": "another\n", "admin.key": "a key\n"}
    (elsewhere / "ui.secret").write_text("signs cookies\n")
    assert cli.run(["restore", str(backup)]) == 0
    assert (elsewhere / "admin.key").read_text() == "a key\n"
    assert "run_x is of no run in the backup" in capsys.readouterr().err


def test_a_backup_from_before_the_hashes_is_restored(backup: Path, elsewhere: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        home = json.loads(archive.read("backup.json"))["home"]
    rewritten(backup, unchanged, {"format": 1, "home": home})
    assert cli.run(["restore", str(backup)]) == 0
    assert users_of(elsewhere) == ["zed", "ada"]


def test_a_list_of_tombstones_survives_a_crash_and_refuses_what_is_none(tmp_path: Path) -> None:
    path, at = tmp_path / "list", datetime(2026, 1, 1, tzinfo=UTC)
    first, second = Tombstone("user", "usr_1", at), Tombstone("completion", "chatcmpl-1", at)
    tombstone_list.add(path, [first])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open("a") as file:
        file.write('{"kind": "us')
    assert tombstone_list.read(path) == {first}
    tombstone_list.add(path, [second])
    assert tombstone_list.read(path) == {first, second}
    for line in ("[1]", "7", '{"kind": "user"}', '{"kind": "king", "id": "a", "erased_at": "2026-01-01"}', "{"):
        path.write_text(line + "\n")
        with pytest.raises(tombstone_list.UnreadableList, match="line 1"):
            tombstone_list.read(path)
