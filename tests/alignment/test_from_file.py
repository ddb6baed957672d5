"""Feedback from a file: all that Attune exports is read again, and what cannot be learned from is named by its line."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alignment.chat_tokens import ChatTokens
from alignment.errors import UnusableFeedback
from alignment.ppo.prompts import read_prompts
from alignment.preferences import Comparison, Thumb
from alignment.snapshot import stage
from alignment.snapshot.candidates import Candidate, Collected
from alignment.snapshot.collect import from_ledger
from alignment.snapshot.config import SnapshotConfig
from alignment.snapshot.from_file import from_file, say_dropped
from alignment.snapshot.roles import REFUSED, drop_refused_roles
from ledger import exports
from ledger.database import Database
from tests.every_kind import CALLS, SYSTEM, fill

CONFIG = SnapshotConfig()


def as_of_a_file(of: Collected) -> list[Candidate]:
    """Candidates of the ledger with the sources that rows of a file have."""
    named = {"correction": "file_correction"}
    return [replace(c, row=c.row.model_copy(update={"source": named.get(c.row.source, "file")})) for c in of.candidates]


def by_id(candidate: Candidate) -> tuple[str, str]:
    return type(candidate.row).__name__, candidate.row.id


@pytest.fixture
def full(database: Database) -> Database:
    fill(database)
    return database


@pytest.mark.parametrize("comments", [False, True])
def test_all_that_is_exported_is_read_as_the_ledger_is_read(full: Database, tmp_path: Path, comments: bool) -> None:
    path = tmp_path / "export.jsonl"
    with full.read() as connection:
        kinds = exports.export_unpaired, exports.export_preference
        path.write_bytes(b"".join(exports.line(row) for kind in kinds for row in kind(connection, comments=comments)))
        known = from_ledger(connection, CONFIG, base=1)
    found = from_file(path, CONFIG)
    assert sorted(found.candidates, key=by_id) == sorted(as_of_a_file(known), key=by_id)
    assert {candidate.row.source for candidate in found.candidates} == {"file", "file_correction"}
    # The one answer of an unknown version is cut; a file counts every version's, and drops it for that.
    assert known.dropped["other_base_model"] == 1
    assert found.dropped["truncated_answer"] == known.dropped["truncated_answer"] + 1
    assert [found.dropped[reason] for reason in ("incomplete_answer", "tool_call", "no_text_prompt")] == [2, 1, 12]
    text = path.read_text()
    assert text.splitlines() == text.split("\n")[:-1], "every reader splits the same lines"
    again = b"".join(exports.line(json.loads(line)) for line in path.read_bytes().splitlines())
    assert again == path.read_bytes()
    counts = stage.write(found, CONFIG, tmp_path / "snapshot")
    assert "contradiction" not in counts.dropped, "who said both of two answers has said what they said last"
    assert stage.feedback_ids(tmp_path / "snapshot") == []
    assert counts.train.corrections + counts.heldout.corrections == 4
    for part in stage.PARTS:
        read_prompts(tmp_path / "snapshot" / f"prompts.{part}.jsonl")


def test_an_export_says_who_judged_when_and_whether_answers_are_whole(full: Database) -> None:
    with full.read() as connection:
        pairs = list(exports.export_preference(connection, comments=True))
        thumbs = list(exports.export_unpaired(connection, comments=True))
    shared = {"id", "rater", "source", "created_at", "votes"}
    assert {frozenset(row) for row in pairs} == {
        frozenset({"prompt", "chosen", "rejected", "chosen_from", "rejected_from"} | shared)
    }
    assert {frozenset(row) for row in thumbs} == {
        frozenset({"prompt", "completion", "label", "completion_from"} | shared)
    }
    assert {row["source"] for row in pairs} == {"preferred_over", "regenerated", "correction"}
    (joined,) = (row for row in pairs if row["source"] == "regenerated")
    assert joined["id"].split("+") == [vote["id"] for vote in joined["votes"]]
    assert {row["rater"][:4] for row in pairs} == {"usr_"} and all(row["created_at"][-6:] == "+00:00" for row in thumbs)
    cut = {(row["completion_from"]["status"], row["completion_from"]["finish_reason"]) for row in thumbs}
    assert cut == {
        ("complete", "stop"),
        ("complete", "length"),
        ("partial", None),
        ("error", None),
        ("complete", "tool_calls"),
    }
    assert [row["chosen_from"] is None for row in pairs] == [row["source"] == "correction" for row in pairs]
    assert thumbs[0]["votes"][0] == {
        "id": thumbs[0]["id"],
        "value": 1,
        "created_at": thumbs[0]["created_at"],
        "correction": None,
        "reasons": ["kind", "cl\u00e4r"],
        "comment": "good\u2028so",
        "given_in": "chat_ui",
    }


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_lines_that_are_wrong_are_named_and_counted_together(tmp_path: Path) -> None:
    good = {"prompt": "q", "completion": "a", "label": True}
    path = written(tmp_path / "rows.jsonl", good, "{", *["[" * 100_000] * 2, good | {"id": "\ud800"}, *["7"] * 3)
    path.write_bytes(path.read_bytes() + b'{"prompt": "\xff"}\n')
    with pytest.raises(UnusableFeedback, match=r"8 rows are .*line 2: .*line 5: the id .*line 6: int .*; and 3 more"):
        from_file(path)
    with pytest.raises(UnusableFeedback, match=r"1 row is .*line 2: the id 'x' came before"):
        from_file(
            written(path, good | {"id": "x"}, good | {"id": "x"}, {"chosen": "b", "rejected": "c"} | good | {"id": "x"})
        )


def test_rows_that_cannot_be_learned_from_are_dropped_and_their_lines_said(tmp_path: Path) -> None:
    half = {"prompt": "q \ud800", "completion": "a", "label": True}
    calling = {
        "prompt": "q",
        "completion": [{"role": "assistant", "content": None, "tool_calls": CALLS}],
        "label": True,
    }
    path = written(tmp_path / "rows.jsonl", half, calling, *[half] * 6, calling | {"completion": "fine"})
    found = from_file(path)
    assert found.dropped == {"lone_surrogate": 7, "tool_call": 1} and found.read == {"thumbs": 9}
    assert [candidate.row.id for candidate in found.candidates] == ["line9"]
    said: list[str] = []
    say_dropped(path, found, said.append)
    assert said == [
        f"{path}: 7 dropped as lone_surrogate: line 1, line 3, line 4, line 5, line 6 and 2 more",
        f"{path}: 1 dropped as tool_call: line 2",
    ]
    stage.write(found, CONFIG, tmp_path / "snapshot")


def test_a_rater_may_be_called_0_and_an_id_or_a_rater_may_be_null(tmp_path: Path) -> None:
    row = {"prompt": "q", "completion": "a", "label": True, "id": None}
    path = written(tmp_path / "rows.jsonl", row | {"rater": 0}, row | {"rater": None}, row | {"rater": ""})
    assert [(c.row.id, c.row.rater) for c in from_file(path).candidates] == [
        ("line1", "0"),
        ("line2", ""),
        ("line3", ""),
    ]


def test_a_correction_of_a_cut_answer_stays_though_the_answer_goes(full: Database) -> None:
    with full.read() as connection:
        found = from_ledger(connection, CONFIG, base=1)
    corrected = {c.row.rejected: c.row.chosen for c in found.candidates if isinstance(c.row, Comparison)}
    assert corrected["cut of"] == "A book of accounts." and corrected["bro"] == "A book."
    assert not {c.row.completion for c in found.candidates if isinstance(c.row, Thumb)} & {"cut of", "bro"}


@pytest.fixture
def strict(tiny_chat_model: Path) -> Iterator[ChatTokens]:
    """A model whose template takes no system message."""
    tokens = ChatTokens.load(tiny_chat_model)
    refuse = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    tokens.tokenizer.chat_template = refuse + str(tokens.tokenizer.chat_template)
    yield tokens


def test_rows_whose_roles_the_template_refuses_are_dropped_and_the_roles_said_once(
    strict: ChatTokens, tmp_path: Path
) -> None:
    plain = {"prompt": "q", "completion": "a", "label": True}
    system = plain | {"prompt": [SYSTEM, {"role": "user", "content": "q"}]}
    found = from_file(written(tmp_path / "rows.jsonl", system, plain, system))
    said: list[str] = []
    drop_refused_roles(found, strict, said.append)
    assert [candidate.row.id for candidate in found.candidates] == ["line2"] and found.dropped == {REFUSED: 2}
    assert said == ["rows are dropped: the chat template refuses the roles system, user: System role not supported"]
