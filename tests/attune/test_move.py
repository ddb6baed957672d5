"""`attune move` at the front door: who uses the ledger, what is said, and what is never said."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from attune import cli, output
from attune.move import MoveDisplay
from ledger.database import Database
from ledger.moving.move import COPYING
from server.controller.lock import only_controller
from tests.processes import GatewayProcess


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    monkeypatch.delenv("ATTUNE_DATABASE_URL", raising=False)
    monkeypatch.chdir(ledger_path.parent)
    return ledger_path.parent


def test_it_says_which_setting_to_change_and_that_the_old_ledger_is_left(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["move", f"sqlite:///{home}/elsewhere/ledger.db"]) == 0
    said = capsys.readouterr()
    assert "set ATTUNE_DATABASE_URL, or database_url in [ledger] of attune.toml (not set now)" in said.out
    assert f"{home / 'ledger.db'} is as it was" in said.out
    assert "copying vacuums: 1 rows" in said.err
    assert "\x1b" not in said.err + said.out


def test_a_controller_in_the_home_keeps_it_from_moving(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with only_controller(home):
        assert cli.run(["move", f"sqlite:///{home}/new.db"]) == 64
    assert "Attune already runs in" in capsys.readouterr().err
    assert not (home / "new.db").exists()


def test_a_gateway_keeps_it_from_moving(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = GatewayProcess(home, database_url=f"sqlite:///{home}/ledger.db")
    gateway.serve("http://127.0.0.1:9")
    gateway.run()
    try:
        assert cli.run(["move", f"sqlite:///{home}/new.db"]) == 64
    finally:
        gateway.stop()
    assert "The ledger is in use: Another process has" in capsys.readouterr().err
    assert cli.run(["move", f"sqlite:///{home}/new.db"]) == 0


def test_what_is_not_empty_is_refused_in_one_sentence(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Database.open(f"sqlite:///{home}/other.db").close()
    with (home / "ledger.db").open("rb"):
        assert cli.run(["move", f"sqlite:///{home}/ledger.db"]) == 64
    assert "give another database" in capsys.readouterr().err


def test_a_password_is_never_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["move", "postgresql://ann:hunter2secret@127.0.0.1:1/attune"]) == 1
    assert cli.run(["move", "postgresql://ann:hunter2secret@127.0.0.1:port/attune"]) == 64
    assert cli.run(["move", "mysql://ann:hunter2secret@127.0.0.1/attune"]) == 64
    said = capsys.readouterr()
    assert "hunter2secret" not in said.out + said.err
    assert "Traceback" not in said.err


def test_a_terminal_sees_a_bar_and_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(output, "err", Console(file=shown, force_terminal=True, width=80))
    with MoveDisplay(quiet=False) as display:
        for done in (0, 5, 10):
            display.show(COPYING, "votes", done, 10)
    assert "copying votes" in shown.getvalue() and "10/10" in shown.getvalue()
    assert "copying votes: 10 rows" not in shown.getvalue()
