"""Files that Open WebUI and Langfuse write, to learn from and as votes of a ledger. The fixtures are made up."""

import json
from pathlib import Path

import pytest

from alignment.errors import UnusableFeedback
from alignment.snapshot.from_file import from_file, say_dropped
from attune import cli
from ledger import exports
from ledger.database import Database
from ledger.errors import Misconfigured
from ledger.importing.files import Form
from ledger.importing.load import load

FORMS = Path(__file__).with_name("forms")
OPEN_WEBUI, LANGFUSE = FORMS / "open-webui-feedbacks.json", FORMS / "langfuse.jsonl"


@pytest.fixture
def ledger(ledger_path: Path) -> Database:
    return Database.open(f"sqlite:///{ledger_path}", migrate=False)


def rows_of(ledger: Database) -> list[dict[str, object]]:
    with ledger.read() as connection:
        return list(exports.export_unpaired(connection, comments=True))


def test_open_webui_s_votes_have_the_chat_up_to_the_rated_answer(ledger: Database) -> None:
    found = load(ledger, OPEN_WEBUI, owner="import")
    assert found.outcomes == {"stored": 3} and found.skipped == {}
    assert found.ignored == {"a vote without a rating": 1, "a vote without a snapshot of its chat": 1}
    first, second, third = sorted(rows_of(ledger), key=lambda row: str(row["id"]))
    asked = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "What is a ledger?"}]
    assert (first["prompt"], first["label"], first["rater"]) == (asked, True, "user-1")
    assert first["created_at"] == "2025-11-01T10:01:50+00:00"
    assert first["votes"] == [
        {
            "id": "open-webui-f1",
            "value": 1,
            "created_at": "2025-11-01T10:01:50+00:00",
            "correction": None,
            "reasons": ["accurate_information"],
            "comment": "good",
            "given_in": "open-webui",
        }
    ]
    assert (second["label"], second["completion"]) == (False, [{"role": "assistant", "content": "A kind of boat."}])
    assert [message["content"] for message in third["prompt"]][1:] == [  # type: ignore[attr-defined]
        "What is a ledger?",
        "A book of accounts.",
        "And a\u2028journal?",
    ]
    assert third["completion_from"]["status"] == "partial"  # type: ignore[index]
    with ledger.read() as connection:
        (pair,) = exports.export_preference(connection)
    assert (pair["chosen"][0]["content"], pair["rejected"][0]["content"]) == ("A book of accounts.", "A kind of boat.")
    assert load(ledger, OPEN_WEBUI, owner="import").outcomes == {"there before": 3}


def test_langfuse_s_scores_of_people_are_joined_with_their_traces(ledger: Database) -> None:
    found = load(ledger, LANGFUSE, owner="import")
    assert found.outcomes == {"stored": 3} and found.skipped == {}
    assert found.ignored == {"a score of an evaluator, not of a person": 1, "a score of the type CATEGORICAL": 1}
    rows = {str(row["id"]): row for row in rows_of(ledger)}
    said = {
        name: (row["label"], row["rater"], row["completion"][0]["content"], row["votes"][0]["comment"])  # type: ignore[index]
        for name, row in rows.items()
    }
    assert said == {
        "langfuse-s1": (True, "ann", "A book of accounts.", "right"),
        "langfuse-s2": (False, "reviewer", "Accounts.", None),
        "langfuse-s5": (False, "ann", "A day\u2028book.", "too short"),
    }
    assert rows["langfuse-s1"]["created_at"] == "2026-11-01T11:00:00+00:00"
    assert load(ledger, LANGFUSE, owner="import").outcomes == {"there before": 3}


@pytest.mark.parametrize(("file", "thumbs"), [(OPEN_WEBUI, 2), (LANGFUSE, 3)])
def test_a_run_learns_from_them_without_an_import(file: Path, thumbs: int) -> None:
    found = from_file(file)
    assert [type(candidate.row).__name__ for candidate in found.candidates] == ["Thumb"] * thumbs
    assert all(candidate.at is not None for candidate in found.candidates)
    said: list[str] = []
    say_dropped(file, found, said.append)
    assert any("a vote without a rating: item 4" in line or "of an evaluator" in line for line in said)


def test_a_bad_object_is_named_by_its_place(ledger: Database, tmp_path: Path) -> None:
    votes = json.loads(OPEN_WEBUI.read_text())
    votes[1]["data"]["rating"] = 7
    votes[2]["meta"]["message_id"] = "gone"
    (tmp_path / "f.json").write_text(json.dumps(votes))
    with pytest.raises(Misconfigured, match=r"read: 2 \(item 2: the rating 7.*; item 3: the message 'gone'"):
        load(ledger, tmp_path / "f.json", owner="import")
    with pytest.raises(UnusableFeedback, match=r"2 rows are .*: item 2: the rating 7"):
        from_file(tmp_path / "f.json")
    orphan = LANGFUSE.read_text().split("\n")[3:5]
    (tmp_path / "f.jsonl").write_text("\n".join(orphan))
    with pytest.raises(Misconfigured, match=r"cannot be read: 2 \(line 1: the trace 't1' of the score is not in the"):
        load(ledger, tmp_path / "f.jsonl", owner="import", form=Form.LANGFUSE)
    (tmp_path / "f.json").write_text(json.dumps(votes, indent=1))
    with pytest.raises(Misconfigured, match=r"read: 2 \(item 2: the rating 7"):
        load(ledger, tmp_path / "f.json", owner="import")
    (tmp_path / "f.json").write_text("[{]")
    with pytest.raises(Misconfigured, match="begins as a JSON array and is none"):
        load(ledger, tmp_path / "f.json", owner="import")


def test_the_command_says_what_was_stored_ignored_and_left_out(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    monkeypatch.chdir(ledger_path.parent)
    file = tmp_path / "f.jsonl"
    file.write_text(LANGFUSE.read_text() + "{\n")
    assert cli.run(["feedback", "import", str(file)]) == 64
    assert "cannot be read: 1 (line 8: " in capsys.readouterr().err
    assert cli.run(["feedback", "import", str(file), "--skip-bad"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{file}: 3 stored.\n"
    assert "ignored: 1 times a score of the type CATEGORICAL" in said.err and "left out: 1 (line 8" in said.err
    assert cli.run(["feedback", "import", str(file), "--skip-bad", "--json", "--form", "langfuse"]) == 0
    assert json.loads(capsys.readouterr().out)["outcomes"] == {"there before": 3}
    assert cli.run(["feedback", "import", str(tmp_path / "none")]) == 64
    assert "Traceback" not in capsys.readouterr().err
