"""What is old goes, in small steps; what a person gave, and what somebody still needs, stays."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from ledger import conversations, erase, exports, feedback, runs, snapshots, trials, vacuums
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Busy, NotFound
from ledger.records import Choice, Completion, Json, NewFeedback, NewMessage
from ledger.retention import record, run_files, space, steps
from ledger.retention.amount import Amount
from ledger.retention.rules import RetentionRules
from ledger.retention.steps import Plan
from ledger.schema import alignment_runs, completions, messages, model_versions, users
from ledger.trials import Trial
from server.canary.rules import CanaryRules
from server.evidence import gather

NOW = utc_now()
NEVER = RetentionRules(0, 0, 0, 0, 0, 0, 0)
Store = Callable[..., Completion]


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def prune(database: Database, home: Path | None = None, *, dry_run: bool = False, **rules: float) -> dict[str, int]:
    """What was pruned, by its kind; a dry run must say the same."""
    plan = Plan(replace(NEVER, **rules), home, NOW, dry_run)  # type: ignore[arg-type]
    foretold = steps.run(database, replace(plan, dry_run=True))
    found = foretold if dry_run else steps.run(database, plan)
    assert found == foretold
    return {kind: amount.count for kind, amount in found.items() if amount.count}


def left(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(completions.c.id)).scalars())


def vote(database: Database, completion: Completion, *, days: float, **fields: Any) -> str:
    given = {"value": 1, **fields}
    with database.write() as connection:
        new = NewFeedback(completion.id, completion.owner, completion.user, created_at=days_ago(days), **given)
        return feedback.add(connection, new).id


def test_nothing_goes_unless_a_rule_says_so(database: Database, stored: Store) -> None:
    stored(created_at=days_ago(9_000))
    assert prune(database) == {}
    assert prune(database, unrated_answers_days=1e300) == {}
    assert len(left(database)) == 1


def test_answers_that_nobody_rated_go_when_they_are_old(database: Database, stored: Store) -> None:
    stored(created_at=days_ago(31))
    stored(created_at=days_ago(31), model_version=None)
    kept = {stored(created_at=days_ago(29)).id}
    for value in (1, 0):  # a vote that was taken back is a vote too
        rated = stored(created_at=days_ago(500))
        vote(database, rated, days=499)
        vote(database, rated, days=498, value=value)
        kept.add(rated.id)
    assert prune(database, unrated_answers_days=30) == {"unrated answers": 2}
    assert left(database) == kept
    assert prune(database, unrated_answers_days=30) == {}


def test_an_answer_that_another_was_preferred_over_is_rated(database: Database, stored: Store) -> None:
    better, worse = stored(created_at=days_ago(40)), stored(created_at=days_ago(40))
    vote(database, better, days=39, preferred_over=worse.id)
    assert prune(database, unrated_answers_days=30) == {}


def test_so_many_newer_answers_push_an_old_one_out(database: Database, stored: Store) -> None:
    answers = [stored(created_at=days_ago(10 - n)) for n in range(8)]
    vote(database, answers[0], days=1)
    assert prune(database, unrated_answers_kept=5) == {"unrated answers": 2}
    assert left(database) == {answers[0].id, *(answer.id for answer in answers[3:])}


def test_many_pages_are_gone_through_once(database: Database, stored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PAGE", 3)
    monkeypatch.setattr(steps, "BATCH", 2)
    for n in range(20):  # of the same moment, some
        answer = stored(created_at=days_ago(40 + n // 4))
        if n % 5 == 0:
            vote(database, answer, days=1)
    assert prune(database, unrated_answers_days=30) == {"unrated answers": 16}


def test_what_was_passed_over_for_a_rated_answer_stays(database: Database, key: object, answer: Store) -> None:
    talk, asked = conversation(database, days=60)
    passed_over, liked = (replace_in(answer(created_at=days_ago(60)), talk, asked) for _ in range(2))
    _, alone = conversation(database, days=60)
    store(database, passed_over, liked)
    vote(database, liked, days=59)
    assert prune(database, unrated_answers_days=30) == {}
    assert {passed_over.id, liked.id} == left(database)
    assert alone is not None


def test_a_conversation_keeps_what_was_said_in_it(database: Database, key: object, answer: Store) -> None:
    talk, asked = conversation(database, days=60)
    store(database, replace_in(answer(created_at=days_ago(60)), talk, asked))
    assert prune(database, unrated_answers_days=30) == {"unrated answers": 1}
    with database.read() as connection:
        said = conversations.get(connection, talk, "acme", "ann").messages
    assert [(message.content, message.completion_id) for message in said] == [
        ("What is a ledger?", None),
        ("A book of accounts.", None),
    ]


def test_a_vote_on_what_has_gone_is_refused(database: Database, stored: Store) -> None:
    gone = stored(created_at=days_ago(60))
    prune(database, unrated_answers_days=30)
    with pytest.raises(NotFound):
        vote(database, gone, days=0)


def test_a_vote_that_comes_while_it_is_pruned_keeps_its_answer(database: Database, stored: Store) -> None:
    rated, _ = stored(created_at=days_ago(60)), stored(created_at=days_ago(60))
    todo = steps.steps(Plan(replace(NEVER, unrated_answers_days=30), None, NOW))
    result = None
    while not isinstance(step := todo.send(result), steps.Write):
        result = steps.perform(database, step)
    vote(database, rated, days=0)
    assert steps.perform(database, step) == Amount(1, 160)
    assert left(database) == {rated.id}


def test_a_person_who_was_known_stays_known(database: Database, stored: Store) -> None:
    stored(created_at=days_ago(60))
    with database.write() as connection:
        known_since = connection.execute(select(users.c.created_at)).scalar_one()
    prune(database, unrated_answers_days=30)
    with database.read() as connection:
        assert connection.execute(select(users.c.created_at)).scalar_one() == known_since
    assert left(database) == set()


def test_rated_answers_go_with_their_votes_only_where_that_is_asked_for(database: Database, stored: Store) -> None:
    old, young, changed, newest = (stored(created_at=days_ago(100)) for _ in range(4))
    vote(database, old, days=95, idempotency_key="a")
    vote(database, changed, days=95)
    vote(database, changed, days=10, value=-1)
    vote(database, young, days=20)
    vote(database, newest, days=99)
    assert prune(database, unrated_answers_days=1) == {}
    assert prune(database, rated_answers_days=90) == {"rated answers": 1}
    assert left(database) == {young.id, changed.id, newest.id}, "the newest vote stays: votes are counted from it"
    with database.read() as connection:
        assert sum(1 for _ in exports.export_unpaired(connection)) == 3


def test_an_answer_of_a_comparison_goes_with_the_other_or_not_at_all(database: Database, stored: Store) -> None:
    better, worse, newest = (stored(created_at=days_ago(100)) for _ in range(3))
    vote(database, better, days=99, preferred_over=worse.id)
    vote(database, newest, days=0)
    assert prune(database, rated_answers_days=90) == {"rated answers": 2}
    assert left(database) == {newest.id}


@pytest.mark.parametrize(("state", "stays"), [("live", True), ("retired", True), ("rejected", False)])
def test_votes_that_taught_a_version_stay_as_long_as_it_may_be_served(
    database: Database, stored: Store, state: str, stays: bool
) -> None:
    taught, newest = (stored(created_at=days_ago(100)) for _ in range(2))
    held = vote(database, taught, days=99)
    vote(database, newest, days=0)
    with database.write() as connection:
        run = learned(connection, held, finished=days_ago(90))
        number = adapter(connection, run, parent=1)
        child = adapter(connection, "run_later", parent=number)
        states = {number: "rejected" if state == "live" else state, child: state}
        for version, now in states.items():  # the live version's parent counts too, whatever became of it
            connection.execute(update(model_versions).where(model_versions.c.number == version).values(state=now))
    assert prune(database, rated_answers_days=90) == ({} if stays else {"rated answers": 1})
    with database.read() as connection:
        assert snapshots.feedback_by_kind(connection, "snap_" + "5" * 32) == {"thumb" if stays else "erased": 1}


def test_a_run_that_goes_on_keeps_votes_and_files(database: Database, stored: Store, tmp_path: Path) -> None:
    old, newest = (stored(created_at=days_ago(100)) for _ in range(2))
    vote(database, old, days=99)
    vote(database, newest, days=0)
    folder = files_of_a_run(database, tmp_path, ended=days_ago(99))
    rules = {"rated_answers_days": 90, "runs_days": 1}
    with database.exclusive(runs.LOCK):
        assert prune(database, tmp_path, **rules) == {}
    assert (folder / "reward-model/model/model.safetensors").exists()
    assert prune(database, tmp_path, **rules) == {"rated answers": 1, "runs": 6}


def test_the_verdict_on_a_canary_is_the_same_before_and_after(database: Database, stored: Store) -> None:
    with database.write() as connection:
        number = adapter(connection, "run_1", parent=1)
    trial = Trial(1, number, days_ago(20))
    for n in range(40):
        moment = days_ago(19 if n % 2 else 25)
        answer = stored(user=f"user-{n}", model_version=trial.live if n % 4 < 2 else trial.canary, created_at=moment)
        if n % 3 == 0:
            vote(database, answer, days=18, value=1 if n % 2 else -1)

    def evidence() -> Any:
        with database.read() as connection:
            return gather(connection, trial, CanaryRules(), NOW)

    before = evidence()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trials, "current", lambda _: trial)
        patched.setattr(trials, "USUAL_ANSWERS", 5)
        assert 0 < prune(database, unrated_answers_days=1, rated_answers_days=1)["unrated answers"] < 20
        assert evidence() == before


def test_a_conversation_that_nobody_touched_goes_and_rated_answers_in_it_stay(
    database: Database, key: object, answer: Store
) -> None:
    old, asked = conversation(database, days=400)
    young, _ = conversation(database, days=10)
    rated = replace_in(answer(created_at=days_ago(400)), old, asked)
    store(database, rated)
    vote(database, rated, days=300)
    assert prune(database, conversations_days=365) == {"conversations": 1}
    with database.read() as connection:
        assert [talk.id for talk in conversations.search(connection, owner="acme", user="ann").items] == [young]
        assert connection.execute(select(func.count()).select_from(messages)).scalar_one() == 1
        assert sum(1 for _ in exports.export_unpaired(connection)) == 1
        assert connection.execute(select(completions.c.conversation_id)).scalars().all() == [None]


def test_tombstones_and_the_audit_stay(database: Database, stored: Store) -> None:
    stored(created_at=days_ago(900), user="bob")
    with database.write() as connection:
        erase.erase_user(connection, "acme", "bob", now=days_ago(800))
    everything = dict.fromkeys(RetentionRules.__dataclass_fields__, 1.0)
    assert prune(database, **everything) == {}
    with database.read() as connection:
        assert len(erase.tombstones_since(connection, None)) == 1


def test_a_run_that_ended_long_ago_keeps_its_story_and_loses_its_weights(database: Database, tmp_path: Path) -> None:
    folder = files_of_a_run(database, tmp_path, ended=days_ago(31))
    young = files_of_a_run(database, tmp_path, ended=days_ago(29))
    before = sum(1 for path in young.rglob("*") if path.is_file())
    assert prune(database, tmp_path, runs_days=30) == {"runs": 6}
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "config.json",
        "gate/report.md",
        "ppo/kl.png",
        "ppo/metrics.jsonl",
        "ppo/report.json",
        "pruned.json",
        "reward-model/report.json",
        "snapshot/manifest.json",
        "snapshot/prompts.heldout.jsonl",
    ]
    assert json.loads((folder / "pruned.json").read_text())["reason"] == "runs_days = 30"
    with pytest.raises(run_files.Pruned, match="Start a new run"):
        run_files.require_whole(folder)
    run_files.require_whole(young)
    assert sum(1 for path in young.rglob("*") if path.is_file()) == before
    assert prune(database, tmp_path, runs_days=30) == {}


def test_only_the_newest_runs_have_weights(database: Database, tmp_path: Path) -> None:
    folders = [files_of_a_run(database, tmp_path, ended=days_ago(9 - n)) for n in range(4)]
    assert prune(database, tmp_path, runs_kept=3) == {"runs": 6}
    assert [(folder / "ppo/adapter/adapter_model.safetensors").exists() for folder in folders] == [
        False,
        True,
        True,
        True,
    ]


def test_one_prunes_at_a_time(database: Database) -> None:
    with database.exclusive(steps.LOCK), pytest.raises(Busy):
        prune(database)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_of_the_ledger_becomes_smaller(database: Database, answer: Store) -> None:
    fill(database, answer, 600)
    file = Path(str(database._engine.url.database))
    before = file.stat().st_size
    assert prune(database, unrated_answers_days=30) == {"unrated answers": 600}
    checkpoint(database)
    assert before > 5_000_000 and file.stat().st_size < before / 4
    database.verify()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_ledger_of_the_version_before_is_rewritten_once(
    database: Database, answer: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "_REWRITE_BYTES", 2**20)
    fill(database, answer, 300)
    pragma(database, "auto_vacuum = NONE", "VACUUM")
    prune(database, unrated_answers_days=30)
    with database.read() as connection:
        assert vacuums.waiting_since(connection) is not None
    vacuums.fulfil(database)
    assert pragma(database, "auto_vacuum") == 2
    file = Path(str(database._engine.url.database))
    assert file.stat().st_size < 1_000_000


def test_what_was_last_pruned_is_noted(tmp_path: Path) -> None:
    assert record.read(tmp_path).looked_at is None
    record.write(tmp_path, {"runs": Amount(3, 100), "backups": Amount()}, days_ago(2))
    record.write(tmp_path, {"runs": Amount(), "backups": Amount(1, 7)}, days_ago(1))
    found = record.read(tmp_path)
    assert found.looked_at == days_ago(1)
    assert {kind: (last.at, last.amount) for kind, last in found.kinds.items()} == {
        "runs": (days_ago(2), Amount(3, 100)),
        "backups": (days_ago(1), Amount(1, 7)),
    }
    (tmp_path / "pruned.json").write_text("[]")
    assert record.read(tmp_path).kinds == {}


def conversation(database: Database, *, days: float) -> tuple[str, str]:
    """A conversation with one question; its id and the question's."""
    with database.write() as connection:
        talk = conversations.create(connection, owner="acme", user="ann", now=days_ago(days))
        new = NewMessage(talk.id, "acme", "ann", "What is a ledger?", created_at=days_ago(days))
        return talk.id, conversations.add_message(connection, new).id


def replace_in(completion: Completion, talk: str, asked: str) -> Completion:
    return replace(completion, conversation_id=talk, parent_id=asked)


def store(database: Database, *answers: Completion) -> None:
    from ledger import completions as stored_completions

    with database.write() as connection:
        for one in answers:
            stored_completions.insert(connection, one)


def fill(database: Database, answer: Store, count: int) -> None:
    text = "A book of accounts. " * 400
    store(database, *(answer(choices=(Choice(0, text, "stop"),), created_at=days_ago(60)) for _ in range(count)))


def learned(connection: Any, vote_id: str, *, finished: datetime) -> str:
    run = runs.create(connection, stage="snapshot", config={})
    snapshot = snapshots.add(
        connection, content_sha256="5" * 64, path="/x", filters={}, counts={}, feedback_ids=[vote_id]
    )
    runs.built_on(connection, run.id, parent=1, snapshot_id=snapshot.id)
    connection.execute(update(alignment_runs).where(alignment_runs.c.id == run.id).values(finished_at=finished))
    return run.id


def adapter(connection: Any, run: str, *, parent: int) -> int:
    probe: Json = {}
    numbers = connection.execute(select(func.max(model_versions.c.number))).scalar_one()
    row = {"number": numbers + 1, "parent_number": parent, "form": "adapter", "path": f"/v/{run}", "sha256": run}
    rest = {"run_id": run, "probe": probe, "state": "candidate", "created_at": NOW}
    connection.execute(insert(model_versions).values(**row, **rest))
    return int(numbers) + 1


def files_of_a_run(database: Database, home: Path, *, ended: datetime) -> Path:
    with database.write() as connection:
        run = runs.create(connection, stage="done", config={})
        times = {"created_at": ended, "updated_at": ended, "finished_at": ended}
        connection.execute(update(alignment_runs).where(alignment_runs.c.id == run.id).values(**times))
    folder = home / "runs" / run.id
    for name in (
        *("config.json", "snapshot/manifest.json", "snapshot/prompts.heldout.jsonl", "snapshot/thumbs.train.jsonl"),
        *("reward-model/manifest.json", "reward-model/report.json", "reward-model/model/model.safetensors"),
        *("ppo/report.json", "ppo/metrics.jsonl", "ppo/kl.png", "ppo/tensorboard/events", "gate/report.md"),
        *("ppo/adapter/adapter_model.safetensors", "ppo/checkpoint-5/optimizer.pt"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("weights " * 100)
    return folder


def pragma(database: Database, *statements: str) -> Any:
    connection = database._engine.raw_connection()
    try:
        for statement in statements:
            sql = statement if statement == "VACUUM" else f"PRAGMA {statement}"
            row = connection.cursor().execute(sql).fetchone()
        return row[0] if row else None
    finally:
        connection.close()


def checkpoint(database: Database) -> None:
    pragma(database, "wal_checkpoint(TRUNCATE)")
