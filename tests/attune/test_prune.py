"""`attune prune` removes what the settings give up, and says what went or would go; `attune status` shows sizes."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from attune import cli, doctor, sizes
from ledger.clock import utc_now
from ledger.database import Database
from ledger.records import Completion
from ledger.schema import completions
from server.retention_settings import RetentionSettings
from tests.ledger.conftest import answer as answer
from tests.ledger.conftest import key as key
from tests.ledger.conftest import stored as stored

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def home(
    monkeypatch: pytest.MonkeyPatch, database_url: str, ledger_path: Path, stored: Callable[..., Completion]
) -> Path:
    """A home with two old answers and a young one."""
    monkeypatch.chdir(ledger_path.parent)
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    for days in (41, 40, 1):
        stored(created_at=utc_now() - timedelta(days=days))
    return ledger_path.parent


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert cli.run(list(arguments)) == 0
    return capsys.readouterr().out


def answers(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(completions)).scalar_one())


def test_a_dry_run_says_what_would_go_and_why(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(capsys, "prune", "--dry-run").splitlines()
    assert said[0].split() == ["what", "would", "go", "holds", "because"]
    assert "unrated answers  2" in said[1] and "unrated_answers_days = 30, unrated_answers_kept = 1000000" in said[1]
    assert "kept for ever" in said[2]
    assert answers(database) == 3 and not (home / "pruned.json").exists()


def test_what_has_gone_is_in_the_status(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert "never, on this machine" in printed(capsys, "status")
    kinds = json.loads(printed(capsys, "prune", "--json"))["kinds"]
    assert kinds["unrated answers"]["count"] == 2 and kinds["unrated answers"]["bytes"] > 100
    assert answers(database) == 1
    said = printed(capsys, "status")
    assert f"pruned    2 unrated answers on {utc_now():%Y-%m-%d}" in said and "disk      ledger 0." in said
    assert json.loads(printed(capsys, "status", "--json"))["sizes"]["bytes"]["ledger"] > 100_000


def test_settings_and_their_file_decide(
    database: Database, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "attune.toml").write_text("[retention]\nunrated_answers_days = 0\n")
    printed(capsys, "prune")
    assert answers(database) == 3
    monkeypatch.setenv("ATTUNE_UNRATED_ANSWERS_KEPT", "1")
    printed(capsys, "prune")
    assert answers(database) == 1


def test_a_mistake_in_a_setting_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_RUNS_DAYS", "-1")
    assert cli.run(["prune"]) == 64
    assert "ATTUNE_RUNS_DAYS is '-1'" in capsys.readouterr().err


def test_a_short_disk_is_a_warning(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(home)._replace(free=2**30)
    monkeypatch.setattr(sizes.shutil, "disk_usage", lambda _: usage)
    assert "Only 1.0 GiB are free: make room, lower" in printed(capsys, "status")
    [disk] = [check for check in doctor.examine() if check.name == "disk"]
    assert not disk.ok and "attune prune" in disk.found


def test_the_rules_are_the_settings() -> None:
    made = RetentionSettings(log_mib=0.5, logs_kept=1, runs_days=2)
    assert made.rules.runs_days == 2 and made.rules.unrated_answers_days == 30
    assert (made.logs.file_bytes, made.logs.kept, made.logs.engine_files) == (2**19, 1, 10)
