"""Which recorded requests may have ended an engine."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from ledger import completions, keys
from ledger.clock import utc_now
from ledger.database import Database
from ledger.ids import new_id
from ledger.records import Completion, Status
from ledger.schema import model_versions
from server.controller.heavy_requests import ended_one

SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {}}}


@pytest.fixture
def database(ledger_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    row = {"number": 2, "form": "base", "path": "/m", "sha256": "0", "state": "live", "created_at": utc_now()}
    with opened.write() as connection:
        connection.execute(insert(model_versions).values(row))
    yield opened
    opened.close()


def broken_off(
    database: Database, version: int, params: dict[str, Any] = SCHEMA, status: Status = "error", ended_s_ago: float = 0
) -> None:
    """Stores what a gateway stores of a request that took two seconds, and was not answered."""
    with database.write() as connection:
        if not keys.list_all(connection):
            keys.create(connection, name="app", owner="app", scopes=("inference",))
        [key] = keys.list_all(connection)
        row = Completion(
            id=new_id("chatcmpl"),
            endpoint="/v1/chat/completions",
            owner="app",
            key_id=key.id,
            user="",
            messages=[],
            params=params,
            choices=(),
            status=status,
            model_version=version,
            duration_ms=2000,
            created_at=utc_now() - timedelta(seconds=2 + ended_s_ago),
        )
        completions.insert(connection, row)


@pytest.mark.parametrize(
    "params",
    [
        SCHEMA,
        {"response_format": {"type": "json_object"}},
        {"text": {"format": {"type": "json_schema", "schema": {}}}},
        {"tools": [{}], "tool_choice": "required"},
        {"tools": [{}], "tool_choice": {"type": "function", "function": {"name": "f"}}},
    ],
)
def test_a_request_for_a_grammar_may_have_ended_its_engine(database: Database, params: dict[str, Any]) -> None:
    broken_off(database, 2, params)
    assert ended_one(database, (2,), 120)
    assert ended_one(database, None, 120)
    assert not ended_one(database, (1,), 120)


@pytest.mark.parametrize("params", [{}, {"response_format": {"type": "text"}}, {"tools": [{}]}, {"text": {}}])
def test_a_request_without_one_has_not(database: Database, params: dict[str, Any]) -> None:
    broken_off(database, 2, params)
    assert not ended_one(database, (2,), 120)


def test_a_schema_may_be_compiled_on_after_its_sender_has_hung_up_but_not_for_ever(database: Database) -> None:
    broken_off(database, 2, status="partial", ended_s_ago=100)
    assert ended_one(database, (2,), 120)
    assert not ended_one(database, (2,), 90)


def test_an_answered_request_has_ended_nobody(database: Database) -> None:
    broken_off(database, 2, status="complete")
    assert not ended_one(database, (2,), 120)
