"""`attune users`: listing, showing and erasing people; and a home that other users cannot enter."""

import json
import stat
from pathlib import Path

import pytest

from attune import cli, doctor, exit_status
from ledger import conversations, keys
from ledger.database import Database
from ledger.home_rights import close_to_others

NAMES = ["team/ada", "..", "", "--help", "https://idp.example/u/1"]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    place = ledger_path.parent
    monkeypatch.setenv("ATTUNE_HOME", str(place))
    database = Database.open(f"sqlite:///{ledger_path}")
    with database.write() as connection:
        keys.create(connection, name="app", owner="acme", scopes=("inference",))
        for owner, user in [*(("acme", name) for name in NAMES), ("acme", "bob"), ("other", "bob")]:
            conversations.create(connection, owner=owner, user=user, title="Marmeladenbaum")
    database.close()
    return place


def listed(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    capsys.readouterr()
    assert cli.run(["users", "list", "--json"]) == 0
    return [(row["owner"], row["user"]) for row in json.loads(capsys.readouterr().out)]


def test_any_name_can_be_erased(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        assert cli.run(["users", "erase", "--yes", "--", name]) == 0
    assert listed(capsys) == [("acme", "bob"), ("other", "bob")]
    assert cli.run(["users", "erase", "--yes", "ada"]) == exit_status.WRONG_USAGE
    assert "Nothing is stored" in capsys.readouterr().err


def test_a_name_of_two_owners_needs_the_owner(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["users", "erase", "bob", "--yes"]) == exit_status.WRONG_USAGE
    assert "acme, other" in capsys.readouterr().err
    assert cli.run(["users", "show", "bob", "--owner", "other"]) == 0
    assert json.loads(capsys.readouterr().out)["conversations"][0]["title"] == "Marmeladenbaum"
    assert cli.run(["users", "erase", "bob", "--owner", "other", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["erased"] is True
    assert ("other", "bob") not in listed(capsys) and ("acme", "bob") in listed(capsys)


def test_nothing_is_erased_without_a_yes(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typer.confirm", lambda *_, abort: (_ for _ in ()).throw(cli.typer.Abort()))
    assert cli.run(["users", "erase", ".."]) == 130
    assert ("acme", "..") in listed(capsys)


def test_doctor_says_whether_bytes_of_something_erased_are_left(home: Path) -> None:
    checks = {check.name: check for check in doctor.examine()}
    assert checks["erasing"].ok
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    with database.write() as connection:
        connection.exec_driver_sql("update vacuums set requested = requested + 1")
    database.close()
    found = {check.name: check for check in doctor.examine()}["erasing"]
    assert not found.ok and "not rewritten" in found.found


def test_a_home_that_is_open_is_closed_with_a_sentence(home: Path) -> None:
    home.chmod(0o755)
    for name in ("admin.key", "ui.secret", "ledger.db"):
        (home / name).touch()
        (home / name).chmod(0o644)
    found = {check.name: check for check in doctor.examine()}["home"]
    assert found.ok and "mode 0755" in found.found
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE((home / name).stat().st_mode) for name in ("admin.key", "ui.secret", "ledger.db")} == {0o600}
    assert close_to_others(home) == []


def test_a_folder_that_everybody_shares_is_left_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    [said] = close_to_others(tmp_path)
    assert "shared" in said and stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777
    tmp_path.chmod(0o700)
