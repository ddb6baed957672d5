"""What should be live, said on the command line."""

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from attune import cli
from attune.errors import WrongUsage
from attune.rollout import parse_share
from ledger import audit, completions, deployments, engines, feedback, keys, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.records import Choice, Completion, Engine, NewFeedback
from ledger.schema import model_versions


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    """A home in which v1 is live, v2 has passed the gate, v3 was refused, and engines are ready with the first two."""
    monkeypatch.chdir(ledger_path.parent)
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    with database.write() as connection:
        versions.register_base(connection, path="/base", sha256="base")
        for number in (2, 3):
            row = {"number": number, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": str(number)}
            connection.execute(insert(model_versions).values(row | {"state": "candidate", "created_at": utc_now()}))
            versions.store_verdict(connection, number, report={}, passed=number == 2, actor="gate")
            engines.upsert(connection, Engine(f"eng_{number - 1}", "unix:///x", number - 1, "ready"))
    database.close()
    return ledger_path.parent


def ledger(home: Path) -> closing[Database]:
    return closing(Database.open(f"sqlite:///{home}/ledger.db", migrate=False))


def deployed(home: Path) -> tuple[int | None, int | None, float]:
    database = Database.open(f"sqlite:///{home}/ledger.db", migrate=False)
    with database.read() as connection:
        now = deployments.current(connection)
    database.close()
    return now.live_version, now.canary_version, now.canary_share


def test_a_version_is_tried_promoted_and_rolled_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["canary", "v2", "--share", "25%"]) == 0
    assert deployed(home) == (1, 2, 0.25)
    assert cli.run(["status"]) == 0
    assert "attune@v2 for 25%" in capsys.readouterr().out
    assert cli.run(["promote", "v2", "--reason", "people like it"]) == 0
    assert deployed(home) == (2, None, 0.0)
    assert cli.run(["rollback"]) == 0
    assert deployed(home) == (1, None, 0.0)


def test_the_audit_and_the_version_tell_what_happened(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    override = ["eval", "override", "v3", "--reason"]
    assert cli.run([*override, "the judge was down"]) == 0
    assert cli.run(["canary", "v3"]) == 0
    with ledger(home) as database, database.write() as connection:
        engines.upsert(connection, Engine("eng_3", "unix:///x", 3, "ready"))
    assert cli.run(["promote", "v3"]) == 0
    assert cli.run(["rollback", "--reason", "people complain"]) == 0
    capsys.readouterr()
    assert cli.run([*override, "again"]) == 1
    assert "rolled back by" in capsys.readouterr().err
    assert cli.run(["versions", "list"]) == 0
    assert "rolled back" in capsys.readouterr().out
    assert cli.run(["versions", "show", "v3", "--json"]) == 0
    told = [event["what"] for event in json.loads(capsys.readouterr().out)["history"]]
    assert told[:2] == ["refused by the gate", "the gate's verdict overridden"] and told[-1] == "rolled back"
    assert cli.run(["audit", "--version", "v3", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["action"] for entry in entries] == ["roll_back", "promote", "canary", "override_gate", "gate"]
    assert cli.run(["audit", "--limit", "1"]) == 0
    shown = capsys.readouterr().out
    assert "people complain" in shown and "override_gate" not in shown
    assert cli.run(["audit", "--version", "v9"]) == 64


def test_where_raters_are_new_a_person_is_told_to_look(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Thumbs are looked at when a day has passed since their answers.
    monkeypatch.setattr("server.canary_look.utc_now", lambda: utc_now() + timedelta(days=1, minutes=1))
    assert cli.run(["canary", "v2"]) == 0
    assert "Undecided, look yourself: 0 established raters are known" in capsys.readouterr().out
    vote(home, people=24, scopes=("feedback",))
    assert cli.run(["status"]) == 0
    said = capsys.readouterr().out
    assert "undecided, look yourself: Of all raters, new ones too, thumbs up came from" in said
    assert "canary 0 of 0, live 24 of 24." in said
    vote(home, people=24, scopes=("feedback", "vouch"))
    assert cli.run(["status"]) == 0
    assert "continue: Only 0 established raters have rated one of the versions" in capsys.readouterr().out
    assert cli.run(["canary", "v2", "--share", "20%"]) == 0
    assert "look yourself" not in capsys.readouterr().out


def vote(home: Path, people: int, scopes: tuple[str, ...]) -> None:
    """Lets so many people who were never here like an answer of the live version, through a key with these scopes."""
    database = Database.open(f"sqlite:///{home}/ledger.db", migrate=False)
    with database.write() as connection:
        key, _ = keys.create(connection, name="app", owner=" ".join(scopes), scopes=scopes)
        for number in range(people):
            answer = Completion(
                id=f"chatcmpl-{key.id}-{number}",
                endpoint="/v1/chat/completions",
                owner=key.owner,
                key_id=key.id,
                user=f"person {number}",
                messages=(),
                params={},
                choices=(Choice(0, "Well."),),
                status="complete",
                model_version=1,
            )
            completions.insert(connection, answer)
            feedback.add(connection, NewFeedback(answer.id, answer.owner, answer.user, 1))
    database.close()


def test_a_rollback_without_a_name_means_the_canary_first(home: Path) -> None:
    cli.run(["canary", "v2"])
    assert cli.run(["rollback"]) == 0
    assert deployed(home) == (1, None, 0.0)
    assert cli.run(["rollback"]) == 1


def test_a_withdrawn_canary_may_be_tried_again(home: Path) -> None:
    cli.run(["canary", "v2"])
    assert cli.run(["withdraw", "v2"]) == 0
    assert cli.run(["canary", "v2", "--share", "0.5"]) == 0
    assert deployed(home) == (1, 2, 0.5)


def test_what_the_gate_refused_ends_with_2_and_says_how_to_override(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["canary", "v3"]) == 2
    assert "attune eval override v3" in capsys.readouterr().err
    cli.run(["eval", "override", "v3", "--reason", "the judge was wrong"])
    assert cli.run(["canary", "v3"]) == 0


def test_the_audit_names_the_reason(home: Path) -> None:
    cli.run(["canary", "v2", "--reason", "a new taste"])
    database = Database.open(f"sqlite:///{home}/ledger.db", migrate=False)
    with database.read() as connection:
        assert audit.latest(connection, 1)[0].reason == "a new taste"
    database.close()


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0.1", 0.1), ("100%", 1.0), ("1", 1.0), ("0.5%", 0.005)])
def test_a_share_is_a_percentage_or_a_fraction(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["0", "0%", "101%", "10", "-5%", "nan", "many", ""])
def test_no_share_is_wrong_usage(text: str) -> None:
    with pytest.raises(WrongUsage, match="share"):
        parse_share(text)
    assert cli.run(["canary", "v2", f"--share={text}"]) == 64
