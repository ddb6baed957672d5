"""64 is a mistake in what a command was given, 1 what the state of a thing forbids: docs/operations.md, Commands."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from attune import cli, exit_status, settings
from ledger import keys, versions
from ledger.database import Database


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    """A home in which v1 is live, with a key of an app; the current folder holds files that are no backups."""
    for name in [name for name in os.environ if name.startswith("ATTUNE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(ledger_path.parent)
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    monkeypatch.setenv("GOMP_SPINCOUNT", "10000")
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    with database.write() as connection:
        versions.register_base(connection, path="/base", sha256="base")
        keys.create(connection, name="my-app", owner="acme", scopes=("inference",))
    database.close()
    Path("README.md").write_text("# Not a backup\n")
    with zipfile.ZipFile("other.zip", "w") as archive:
        archive.writestr("photo.jpg", "x")
    return ledger_path.parent


MISTAKES = {
    "versions show v9": "There is no model version 9.",
    "versions show nonsense": "'nonsense' is no version",
    "align show x": "There is no alignment run x.",
    "align run --resume x": "There is no alignment run x.",
    "align run --config /no/align.toml": "/no/align.toml cannot be read: No such file or directory.",
    "keys revoke x": "There is no key x.",
    "keys revoke my-app": "my-app is the name of a key, and names can repeat: give its prefix, ",
    "users erase nobody --yes": "Nothing is stored for a user 'nobody'.",
    "users erase nobody --owner acme --yes": "Nothing is stored for the user 'nobody' of 'acme'.",
    "users show nobody": "Nothing is stored for a user 'nobody'.",
    "users show nobody --owner acme": "Nothing is stored for the user 'nobody'.",
    "users replay README.md": "README.md, line 1, is no tombstone",
    "eval run nonsense": "There is no task 'nonsense'.",
    "eval run --url nonsense": "'nonsense' is no address",
    "eval run --url http://x --key-file /no/key": "The key file /no/key cannot be read: No such file or directory.",
    "eval end-study nonsense": "There is no study nonsense.",
    "eval override v9 --reason x": "There is no model version 9.",
    "audit --version v9": "There is no model version 9.",
    "canary v9": "There is no model version 9.",
    "promote v9": "There is no model version 9.",
    "backup README.md": "README.md is there already",
    "backup /no/folder/x.zip": "The backup /no/folder/x.zip cannot be written: No such file or directory.",
    "restore other.zip --no-tombstones": "ledger.db is there already, and a restore overwrites nothing.",
}

IN_ANOTHER_HOME = {
    "restore /no/such.zip --no-tombstones": "/no/such.zip cannot be restored: No such file or directory.",
    "restore . --no-tombstones": "cannot be restored: Is a directory.",
    "restore README.md --no-tombstones": "README.md cannot be restored: it is no backup, or a damaged one",
    "restore other.zip --no-tombstones": "so `attune backup` has not written it.",
    "restore other.zip": "There is no list of tombstones in ",
}

STATES = {
    "canary v1": "Version 1 is live; only one that has passed the gate can be a canary.",
    "promote v1": "Version 1 is not the canary now.",
    "rollback": "there is no version before it to go back to",
    "versions show v1 --report": "v1 has no verdict",
    "eval rank": "No comparison is stored yet",
    "status --check": "No engine is ready",
}


def said(capsys: pytest.CaptureFixture[str], command: str, status: int) -> str:
    """What a command says that ends with `status`."""
    capsys.readouterr()
    assert cli.run(command.split()) == status
    complaint = " ".join(capsys.readouterr().err.split())
    assert "Traceback" not in complaint and "[Errno" not in complaint
    return complaint


@pytest.mark.parametrize(("command", "words"), MISTAKES.items())
def test_a_mistake_in_an_argument_ends_with_64(command: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in said(capsys, command, exit_status.WRONG_USAGE)


@pytest.mark.parametrize(("command", "words"), IN_ANOTHER_HOME.items())
def test_what_is_no_backup_ends_with_64_and_makes_nothing(
    command: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "another"))
    assert words in said(capsys, command, exit_status.WRONG_USAGE)
    assert not (tmp_path / "another").exists()


@pytest.mark.parametrize(("command", "words"), STATES.items())
def test_what_a_state_forbids_ends_with_1(command: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in said(capsys, command, exit_status.FAILED)


@pytest.mark.parametrize(("place", "why"), [("/no/file", "No such file or directory"), (".", "Is a directory")])
def test_a_settings_file_that_cannot_be_read_is_a_sentence(
    place: str, why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_CONFIG", place)
    expected = f"The settings file {place} cannot be used: {why}. Correct it, or point ATTUNE_CONFIG at another."
    assert expected in said(capsys, "status", exit_status.WRONG_USAGE)


def test_settings_are_listed_as_they_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ATTUNE_ALLOWED_HOSTS": '["a.example", "b"]', "ATTUNE_EXTRA_ENGINE_ARGS": "[]"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    shown = {row.variable: json.loads(row.value) for row in settings.resolved(os.environ) if row.variable in given}
    assert shown == {name: json.loads(value) for name, value in given.items()}
