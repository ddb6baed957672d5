"""Importing feedback: the same rows once, the same bytes exported again, and nothing that counts as given here."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from alignment.snapshot.collect import from_ledger
from alignment.snapshot.config import SnapshotConfig
from ledger import erase, exports, feedback, trials, versions, vote_statistics
from ledger.database import Database
from ledger.errors import Misconfigured
from ledger.importing.load import Imported, load
from ledger.records import Completion, NewFeedback
from ledger.schema import api_keys, completions
from ledger.schema import feedback as votes
from tests import databases, every_kind

KINDS = exports.export_unpaired, exports.export_preference


@pytest.fixture
def full(database: Database) -> Database:
    every_kind.fill(database)
    return database


@pytest.fixture
def other(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Another, empty ledger of the same kind."""
    if database.dialect_name == "sqlite":
        opened = Database.open(f"sqlite:///{tmp_path}/other/ledger.db")
        yield opened
        opened.close()
        return
    server, template = request.getfixturevalue("postgresql_server"), request.getfixturevalue("migrated_postgresql")
    with databases.new_database(server, template) as url:
        opened = Database.open(url, migrate=False)
        yield opened
        opened.close()


def exported(database: Database, kind: Callable[..., Iterator[dict[str, Any]]], comments: bool) -> bytes:
    with database.read() as connection:
        return b"".join(exports.line(row) for row in kind(connection, comments=comments))


def imported(database: Database, path: Path, content: bytes | None = None, **options: Any) -> Imported:
    if content is not None:
        path.write_bytes(content)
    return load(database, path, **{"owner": "import"} | options)


def count(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        return tuple(connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (completions, votes))  # type: ignore[return-value]


@pytest.mark.parametrize("comments", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_an_export_that_is_imported_elsewhere_is_exported_with_the_same_bytes(
    full: Database, other: Database, tmp_path: Path, comments: bool, kind: Callable[..., Iterator[dict[str, Any]]]
) -> None:
    file = tmp_path / "export.jsonl"
    first = exported(full, kind, comments)
    found = imported(other, file, first)
    assert found.outcomes == {"stored": first.count(b"\n")} and found.skipped == {}
    assert exported(other, kind, comments) == first
    before = count(other)
    assert imported(other, file).outcomes == {"there before": first.count(b"\n")}
    assert count(other) == before and exported(other, kind, comments) == first
    other.verify()


@pytest.mark.parametrize("order", [KINDS, KINDS[::-1]])
def test_both_formats_together_give_both_again(
    full: Database, other: Database, tmp_path: Path, order: tuple[Callable[..., Iterator[dict[str, Any]]], ...]
) -> None:
    first = [exported(full, kind, True) for kind in order]
    for content in first:
        imported(other, tmp_path / "export.jsonl", content)
    assert [exported(other, kind, True) for kind in order] == first
    assert imported(full, tmp_path / "export.jsonl").outcomes == {"there before": first[-1].count(b"\n")}


def test_a_change_of_mind_and_a_comparison_the_other_way_round_stay_what_they_are(
    database: Database, other: Database, stored: Callable[..., Completion], tmp_path: Path
) -> None:
    a, b, c = stored(), stored(), stored()
    with database.write() as connection:
        for on, value, fields in (
            (a, 1, {}),
            (a, -1, {"correction": "Better.", "reasons": ("wrong", "rude"), "comment": "no"}),
            (a, -1, {"preferred_over": b.id}),
            (b, 1, {"preferred_over": c.id}),
            (c, 1, {"preferred_over": b.id, "source": "app"}),
            (b, 1, {}),
            (b, 0, {}),
        ):
            feedback.add(connection, NewFeedback(on.id, "acme", "ann", value, **fields))  # type: ignore[arg-type]
    for kind in KINDS:
        first = exported(database, kind, True)
        imported(other, tmp_path / "export.jsonl", first)
        assert exported(other, kind, True) == first


def test_what_is_imported_is_learned_from_and_counts_nowhere_else(
    full: Database, other: Database, tmp_path: Path
) -> None:
    with other.write() as connection:
        versions.register_base(connection, path="/base", sha256="base")
    for kind in KINDS:
        imported(other, tmp_path / "export.jsonl", exported(full, kind, True))
    with other.read() as connection, full.read() as original:
        learned = {c.row.id: c.row for c in from_ledger(connection, SnapshotConfig(), base=1).candidates}
        there = {c.row.id: c.row for c in from_ledger(original, SnapshotConfig(), base=1).candidates}
        assert there and all(learned[vote] == row for vote, row in there.items())
        assert trials.count_established(connection, 0) == 0
        assert vote_statistics.votes_since(connection, every_kind.LONG_AGO).counts == ()
        rows = connection.execute(select(completions.c.model_version, completions.c.route).distinct()).all()
        assert [tuple(row) for row in rows] == [(None, "pinned")]
        (key,) = connection.execute(select(api_keys)).all()
        assert key.name == "imported feedback" and key.revoked_at is not None


def test_erasing_reaches_what_was_imported_and_a_file_does_not_bring_it_back(
    full: Database, other: Database, tmp_path: Path
) -> None:
    file = tmp_path / "export.jsonl"
    imported(other, file, exported(full, KINDS[0], False))
    rater = json.loads(file.read_text().split("\n")[0])["rater"]
    of_theirs = sum(json.loads(line)["rater"] == rater for line in file.read_text().split("\n")[:-1])
    with other.write() as connection:
        assert erase.erase_user(connection, "import", rater)
    assert rater.encode() not in exported(other, KINDS[0], False)
    assert imported(other, file).outcomes["erased here"] == of_theirs
    assert rater.encode() not in exported(other, KINDS[0], False)


def test_a_tombstone_of_the_ledger_that_was_exported_erases_what_was_imported(
    full: Database, other: Database, tmp_path: Path
) -> None:
    imported(other, tmp_path / "export.jsonl", exported(full, KINDS[0], False))
    with full.write() as connection:
        erase.erase_user(connection, "acme", "ann")
        erased = erase.tombstones_since(connection, None)
    with other.write() as connection:
        assert erase.replay(connection, set(erased)) == 1
    for kind in KINDS:
        assert b'"rater": "' + erased[0].id.encode() not in exported(other, kind, False)
    assert exported(other, KINDS[0], False) == exported(full, KINDS[0], False)


def test_answers_of_this_ledger_take_no_votes_from_a_file(
    database: Database, stored: Callable[..., Completion], tmp_path: Path
) -> None:
    mine = stored()
    row = {
        "prompt": "q",
        "completion": "a",
        "label": False,
        "id": "forged",
        "completion_from": {"completion_id": mine.id},
    }
    found = imported(database, tmp_path / "f.jsonl", (json.dumps(row) + "\n").encode())
    assert found.outcomes == {"answer of this ledger": 1}
    assert count(database) == (1, 0)
    with pytest.raises(Misconfigured, match="'acme' is the owner of keys that are in use"):
        imported(database, tmp_path / "f.jsonl", owner="acme")


BAD = [
    {"prompt": "q", "completion": "half \ud800", "label": True},
    {"prompt": "q", "completion": "nul \0", "label": True},
    {"prompt": "q", "completion": "a", "label": "yes"},
    "{",
    {"prompt": "q", "completion": "a", "label": True, "id": "v", "votes": [{"id": "w", "value": 1}]},
    {"prompt": "q", "completion": "a", "label": True, "completion_from": {"status": "odd"}},
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_bad_rows_are_named_and_nothing_is_stored_unless_they_are_to_be_skipped(
    database: Database, tmp_path: Path
) -> None:
    good = {"prompt": "q", "chosen": "yes", "rejected": "no"}
    lines = [row if isinstance(row, str) else json.dumps(row) for row in [good, *BAD]]
    (tmp_path / "f.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(Misconfigured, match=r"cannot be read: 6 \(line 2: .*surrogate.*line 5: .*and 1 more"):
        imported(database, tmp_path / "f.jsonl")
    assert count(database) == (0, 0)
    found = imported(database, tmp_path / "f.jsonl", skip_bad=True)
    assert found.outcomes == {"stored": 1} and list(found.skipped) == [f"line {n}" for n in range(2, 8)]
    assert imported(database, tmp_path / "f.jsonl", skip_bad=True).outcomes == {"there before": 1}
    again = exported(database, KINDS[1], True)
    with database.read() as connection:
        (row,) = exports.export_preference(connection)
    assert (row["chosen"][0]["content"], row["rater"], row["source"]) == ("yes", "", "preferred_over")
    assert imported(database, tmp_path / "again.jsonl", again).outcomes == {"there before": 1}
