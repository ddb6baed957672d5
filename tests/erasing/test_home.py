"""What is erased is gone: from every byte below the home while a gateway runs over it, and from later backups."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from alignment import run
from alignment.config import parse
from attune import cli
from ledger import completions, conversations, feedback, ratings, vacuums, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.message_tree import answer_message_id
from ledger.ratings import Answered
from ledger.records import Choice, Completion, NewFeedback, NewMessage
from tests.alignment.job_ground import give_feedback, job
from tests.erasing.traces import traces
from tests.processes import FakeEngineProcess, GatewayProcess
from tests.random_model import write_random_model

MARK, NAME = "Marmeladenbaum", "team/zed the person"
CONFIG = parse({"minimum": {"kto_thumbs": 8, "per_label": 4, "ppo_thumbs": 30}, "snapshot": {"heldout_share": 0.3}}, "")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir(mode=0o755)
    return place


@pytest.fixture
def gateway(home: Path) -> Iterator[GatewayProcess]:
    """A gateway over the home, with an engine outside of it."""
    (home.parent / "engine").mkdir()
    with FakeEngineProcess(home.parent / "engine") as engine:
        process = GatewayProcess(home, database_url=f"sqlite:///{home / 'ledger.db'}")
        process.serve(engine.url)
        yield process
        process.stop()


def live_a_life(home: Path, key_id: str) -> dict[str, str]:
    """Stores a person's conversation, answers, votes and ratings, and lets an alignment run and a report be made."""
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    give_feedback(database, write_random_model(home.parent / "model"), home)
    with database.write() as connection:
        number = max(version.number for version in versions.list_all(connection))
        conversation = conversations.create(connection, owner="acme", user=NAME, title=f"On {MARK}")
        asked = conversations.add_message(connection, NewMessage(conversation.id, "acme", NAME, f"What is {MARK}?"))
        conversations.share(connection, conversation.id, "acme", NAME)
        ids = []
        for index in range(12):
            text = f"{MARK} number {index} " * (400 if index == 3 else 5)  # one needs overflow pages
            of_conversation = {"conversation_id": conversation.id, "parent_id": asked.id} if index == 0 else {}
            answer = Completion(
                id=f"chatcmpl-zed{index:04}",
                endpoint="/v1/chat/completions",
                owner="acme",
                key_id=key_id,
                user=NAME,
                messages=[{"role": "user", "content": f"{MARK} question {index}, like no other: {index * 7}?"}],
                params={"metadata": {"note": MARK}},
                choices=(Choice(0, text, "stop"),),
                status="complete",
                model_version=number,
                **of_conversation,
            )
            completions.insert(connection, answer)
            ids.append(answer.id)
            said = {"comment": MARK, "correction": f"Better: {MARK}"} if index % 2 else {"comment": f"no, {MARK}"}
            vote = NewFeedback(
                answer.id, "acme", NAME, 1 if index % 2 else -1, idempotency_key=f"{MARK}-{index}", **said
            )
            feedback.add(connection, vote)
        followed = NewMessage(conversation.id, "acme", NAME, f"And {MARK}?", answer_message_id(ids[0]))
        conversations.add_message(connection, followed)
        ratings.begin_study(connection, [Answered(0, ({"role": "user", "content": "Hi"},), "Hello", number)], seed=1)
        item = ratings.next_item(connection, "acme", NAME)
        assert item is not None
        ratings.rate(connection, item.id, "acme", NAME, {"fluency": 3, "coherence": 3, "relevance": 3})
    run.start(job(database, home), CONFIG)
    database.close()
    return {"conversation": conversation.id, "completion": ids[5]}


def leave_reports(home: Path) -> None:
    """A gate's report, an evaluation's and a trace, as they lie beside a run's snapshot."""
    import json

    [folder] = (home / "runs").iterdir()
    prompt = json.loads((folder / "snapshot" / "prompts.train.jsonl").read_text().splitlines()[0])["prompt"]
    for report in (folder / "gate", home / "evals" / "v2-against-v1"):
        report.mkdir(parents=True)
        (report / "answers.json").write_text(json.dumps({"pairs": [{"prompt": prompt}], "more": MARK}))
        (report / "report.html").write_text(f"<p>{MARK}</p>")
    (folder / "traceback.txt").write_text(f"ValueError: {MARK}")
    (folder / "reward-model" / "features.npy").write_bytes(MARK.encode("utf-16-le"))
    abandoned = home / ".attune-backup-abandoned"
    abandoned.mkdir()
    (abandoned / "ledger.db").write_text(MARK)


def eventually_clean(home: Path, *texts: str) -> None:
    deadline = time.monotonic() + 20
    while found := [trace for text in texts for trace in traces(home, text)]:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_nothing_of_an_erased_person_is_left_in_the_home_or_in_a_later_backup(
    home: Path, gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = Database.open(gateway.database_url)
    with database.read() as connection:
        key_id = connection.exec_driver_sql("select id from api_keys limit 1").scalar_one()
    database.close()
    live_a_life(home, key_id)
    leave_reports(home)
    before = traces(home, MARK)
    assert {Path(name).name for name in before} >= {"ledger.db", "thumbs.train.jsonl", "answers.json", "features.npy"}
    gateway.start()
    headers = {"authorization": f"Bearer {gateway.secrets.admin}"}
    with httpx.Client(base_url=gateway.root_url, headers=headers, timeout=30) as client:
        gateway.wait_for(client, "/health/live")
        answer = client.delete("/v1/users", params={"user": NAME, "owner": "acme"})
        assert (answer.status_code, answer.json()["deleted"]) == (200, True)
        assert traces(home, MARK) == []
        assert traces(home, NAME) == []
        assert client.get("/v1/users", params={"user": NAME, "owner": "acme"}).status_code == 404
    assert (home.stat().st_mode & 0o777) == 0o700
    [folder] = (home / "runs").iterdir()
    assert {path.name for path in folder.rglob("*") if path.is_file()} <= {"config.json", "metrics.jsonl"}
    monkeypatch.setenv("ATTUNE_HOME", str(home))
    (tmp_path / "backups").mkdir()
    assert cli.run(["backup", str(tmp_path / "backups" / "a.zip")]) == 0
    assert traces(tmp_path / "backups", MARK) + traces(tmp_path / "backups", NAME) == []


def test_an_erased_conversation_and_an_erased_answer_leave_nothing_either(home: Path, gateway: GatewayProcess) -> None:
    gateway.run()
    headers = {"authorization": f"Bearer {gateway.secrets.inference}", "x-attune-user": "ada"}
    with httpx.Client(base_url=gateway.root_url, headers=headers, timeout=30) as client:
        made = client.post("/v1/conversations", json={"title": f"{MARK} one"}).json()["id"]
        asked = client.post(
            f"/v1/conversations/{made}/messages", json={"role": "user", "content": f"{MARK} two"}
        ).json()
        body = {"model": "attune", "messages": [{"role": "user", "content": f"{MARK} three"}]}
        placed = body | {"metadata": {"conversation_id": made, "parent_id": asked["id"]}}
        assert client.post("/v1/chat/completions", json=placed).status_code == 200
        alone = client.post("/v1/chat/completions", json=body).json()["id"]
        assert client.delete(f"/v1/conversations/{made}").status_code == 200
        assert client.delete(f"/v1/chat/completions/{alone}").status_code == 200
        eventually_clean(home, MARK)


def test_pages_that_an_older_attune_freed_are_cleaned_at_the_first_start(home: Path, gateway: GatewayProcess) -> None:
    import pysqlite3.dbapi2 as sqlite

    old = sqlite.connect(home / "ledger.db", isolation_level=None)  # without secure_delete, as it was
    old.execute("create table notes (text)")
    old.executemany("insert into notes values (?)", [(f"{MARK} {index} " * 300,) for index in range(50)])
    old.execute("drop table notes")
    old.execute("update vacuums set requested = 1")  # as migration 0003 leaves it for a ledger with people in it
    old.close()
    assert traces(home, MARK) != []
    gateway.run()
    eventually_clean(home, MARK)


def test_a_reader_delays_the_cleaning_and_does_not_prevent_it(ledger_path: Path) -> None:
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    with database.write() as connection:
        vacuums.request(connection, utc_now())
    with database.read() as reader:
        reader.exec_driver_sql("select count(*) from users").scalar()
        with pytest.raises(Unavailable, match="reader"):
            vacuums.fulfil(database)
        with database.read() as connection:
            assert vacuums.waiting_since(connection) is not None
    vacuums.fulfil(database)
    with database.read() as connection:
        assert vacuums.waiting_since(connection) is None
    database.close()
