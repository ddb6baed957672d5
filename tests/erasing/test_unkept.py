"""Text that is not kept is nowhere: in no byte of the home, the ledger, its log of writes or PostgreSQL's own files."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from ledger import keys, users
from ledger.database import Database
from ledger.schema import completions
from tests import databases
from tests.erasing.traces import traces
from tests.processes import FakeEngineProcess, GatewayProcess

MARK, KEPT_MARK = "Quittenmus", "Mirabelle"
NOBODY = "nobody-of-note"
"""A user of whom nothing is kept."""
TOOL = {"type": "function", "function": {"name": MARK, "description": MARK, "parameters": {"type": "object"}}}
SCHEMA = {"type": "object", "properties": {MARK: {"type": "string", "enum": [MARK]}}}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    return place


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngineProcess]:
    (tmp_path / "engine").mkdir()
    with FakeEngineProcess(tmp_path / "engine") as running:
        yield running


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Requests with the mark wherever a text can stand; the engine says back what it was told."""
    chat, asked = "/v1/chat/completions", [{"role": "system", "content": MARK}, {"role": "user", "content": MARK}]
    yield chat, {"messages": asked, "metadata": {"note": MARK, MARK: "x"}, "stop": [f"{MARK}!"], "seed": 7}
    yield chat, {"messages": asked, "stream": True, "stream_options": {"include_usage": True}, "n": 2}
    yield chat, {"messages": asked, "tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": MARK}}}
    schema = {"type": "json_schema", "json_schema": {"name": MARK, "schema": SCHEMA}}
    yield chat, {"messages": asked, "response_format": schema, "logit_bias": {"5": 1}, MARK: MARK}
    yield "/v1/completions", {"prompt": [MARK, f"{MARK} again"]}
    yield "/v1/completions", {"prompt": MARK, "stream": True}
    yield "/v1/responses", {"input": MARK, "instructions": MARK}
    yield "/v1/responses", {"input": [{"role": "user", "content": MARK}], "stream": True}


FAILURES: tuple[dict[str, Any], ...] = (
    {"die_after": 2},
    {"error_after": 2},
    {"status": 500, "message": MARK},
    {"status": 400, "message": MARK},
)
"""What the engine does of which nothing but the echo comes; all but the last leave a row of status error."""


def ask_all(client: httpx.Client, engine: FakeEngineProcess, more: dict[str, Any]) -> list[str]:
    """Send every request, whole, broken off by the engine and hung up; returns the ids of those that came whole."""
    found = []
    engine.behave(echo=True)
    for path, body in bodies():
        answer = client.post(path, json={"model": "attune", **body, **more})
        assert answer.status_code == 200, answer.text
        assert MARK in answer.text
        prefix = {"/v1/chat/completions": "chatcmpl-", "/v1/completions": "cmpl-", "/v1/responses": "resp_"}[path]
        unkept = "unkept-" if answer.headers["x-attune-kept"] == "nothing" else ""
        found.append(prefix + unkept + answer.headers["x-request-id"])
    [(path, body), *_] = bodies()
    for behaviour in FAILURES:
        engine.behave(text=f"{MARK} {MARK} {MARK} {MARK}", **behaviour)
        client.post(path, json={"model": "attune", **body, **more})
    engine.behave(text=f"{MARK} {MARK} {MARK}", hang_after=2)
    with (
        suppress(httpx.ReadTimeout),
        client.stream("POST", path, json={"model": "attune", "stream": True, **body, **more}, timeout=0.5) as answer,
    ):
        for _ in answer.iter_bytes():
            pass
    return found


def rows_of(database: Database, owner: str) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(completions).where(completions.c.owner == owner)).mappings())


@contextmanager
def running(home: Path, engine: FakeEngineProcess, database_url: str) -> Iterator[GatewayProcess]:
    gateway = GatewayProcess(home, database_url=database_url)
    (home / "tmp").mkdir()
    gateway.environment["TMPDIR"] = str(home / "tmp")
    gateway.serve(engine.url)
    gateway.run()
    try:
        yield gateway
    finally:
        gateway.stop()


def everywhere(home: Path, database: Database, mark: str) -> list[str]:
    """The files with a mark: in the home, and of PostgreSQL in its own folder, with all of its memory written out."""
    with database.read() as connection:
        if connection.dialect.name == "sqlite":
            return traces(home, mark)
        folder = connection.execute(text("show data_directory")).scalar_one()
        url = connection.engine.url.render_as_string(hide_password=False)
    databases.execute(url, "checkpoint")
    return traces(home, mark) + traces(Path(folder), mark)


WAYS: tuple[tuple[str, str, dict[str, str], dict[str, Any]], ...] = (
    ("metadata", "full", {}, {"store": False}),
    ("metadata", "metadata", {}, {"store": True}),
    ("nothing", "full", {"x-attune-keep": "nothing"}, {}),
    ("nothing", "nothing", {"x-attune-keep": "full"}, {}),
)
"""What is kept; what the key keeps; headers; and fields."""


def test_text_that_is_not_kept_is_in_no_file(home: Path, engine: FakeEngineProcess, empty_database_url: str) -> None:
    url = empty_database_url if "postgresql" in empty_database_url else f"sqlite:///{home / 'ledger.db'}"
    with running(home, engine, url) as gateway:
        database = Database.open(url)
        for number, (kept, ceiling, headers, more) in enumerate(WAYS):
            owner, user = f"owner-{number}", NOBODY if kept == "nothing" else f"zed-{number}"
            with database.write() as connection:
                scopes = ("inference", "feedback")
                _, secret = keys.create(connection, name=owner, owner=owner, scopes=scopes, keep=ceiling)
            who = {"authorization": f"Bearer {secret}", "x-attune-user": user, **headers}
            with httpx.Client(base_url=gateway.root_url, headers=who, timeout=20) as client:
                answered = ask_all(client, engine, more)
                refused = [
                    client.post("/v1/feedback", json={"completion_id": answered[0], "value": -1, field: MARK})
                    for field in ("comment", "correction")
                ]
                assert {(one.status_code, one.json()["error"]["code"]) for one in refused} == {(422, "not_kept")}
                if ceiling != "full":
                    assert client.post("/v1/conversations", json={"title": MARK}).status_code == 422
            check_rows(database, owner, kept)
        assert everywhere(home, database, MARK) == []
        assert everywhere(home, database, NOBODY) == []
        show_that_what_is_kept_is_found(gateway, engine, database, home)
    assert everywhere(home, database, MARK) == []
    database.close()


def check_rows(database: Database, owner: str, kept: str) -> None:
    """The rows that there should be, within a moment, and that the person can be erased."""
    whole, failed = len(list(bodies())), len(FAILURES) - 1
    expected = {"complete": whole, "error": failed, "partial": 1} if kept == "metadata" else {}
    deadline = time.monotonic() + 10
    while len(found := rows_of(database, owner)) < sum(expected.values()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    assert {status: sum(row["status"] == status for row in found) for status in {row["status"] for row in found}} == (
        expected
    )
    assert {row["kept"] for row in found} <= {"metadata"}
    assert all(row["messages"] == [] and row["error"] is None for row in found)
    with database.read() as connection:
        assert (users.find(connection, owner, NOBODY) is None) or kept == "metadata"


def show_that_what_is_kept_is_found(
    gateway: GatewayProcess, engine: FakeEngineProcess, database: Database, home: Path
) -> None:
    """Else the search could be blind: the same request, kept, stands in the ledger's files."""
    engine.behave(echo=True)
    who = {"authorization": f"Bearer {gateway.secrets.app}"}
    with httpx.Client(base_url=gateway.root_url, headers=who, timeout=20) as client:
        [(path, body), *_] = bodies()
        body = json.loads(json.dumps(body).replace(MARK, KEPT_MARK))
        answer = client.post(path, json={"model": "attune", **body, "store": True})
        assert (answer.status_code, answer.headers["x-attune-kept"]) == (200, "full")
    assert everywhere(home, database, KEPT_MARK) != []
