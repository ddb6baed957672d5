"""A running gateway prunes by itself, in steps between the writes of requests."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.records import ApiKey, Completion
from ledger.retention import record, steps
from ledger.retention.rules import RetentionRules
from ledger.schema import completions
from server import pruning
from server.ledger_access import LedgerAccess
from server.pruning import Pruning
from tests.ledger.conftest import answer as answer
from tests.ledger.conftest import key as key
from tests.ledger.conftest import stored as stored

OLD = utc_now() - timedelta(days=40)


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[LedgerAccess]:
    access = LedgerAccess(database)
    yield access
    access.close()


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(completions)).scalar_one())


async def test_it_prunes_and_notes_it(
    database: Database, ledger: LedgerAccess, stored: Callable[..., Completion], tmp_path: Path
) -> None:
    for moment in (OLD, OLD, utc_now()):
        stored(created_at=moment)
    found = await Pruning(ledger, RetentionRules(), every_s=1, home=tmp_path).prune()
    assert found["unrated answers"].count == 2 and count(database) == 1
    assert record.read(tmp_path).kinds["unrated answers"].amount == found["unrated answers"]


async def test_requests_are_written_between_its_steps(
    ledger: LedgerAccess, stored: Callable[..., Completion], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "BATCH", 1)
    monkeypatch.setattr(pruning, "_SHORTEST_PAUSE_S", 0.0)
    for _ in range(8):
        stored(created_at=OLD)
    task = asyncio.create_task(Pruning(ledger, RetentionRules(), every_s=1, home=None).prune())
    seen = []
    while not task.done():
        seen.append(await ledger.write(lambda connection: connection.scalar(select(func.count(completions.c.id)))))
    assert len(set(seen)) > 4, "each batch is a transaction of its own"
    assert (await task)["unrated answers"].count == 8


async def test_it_goes_on_after_a_failure_and_where_another_prunes(
    database: Database,
    ledger: LedgerAccess,
    stored: Callable[..., Completion],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "server.pruning")
    stored(created_at=OLD)
    failing, write = [Unavailable("The disk is full.")], ledger.write

    async def once_full(*arguments: object) -> object:
        if failing:
            raise failing.pop()
        return await write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "write", once_full)
    task = asyncio.create_task(Pruning(ledger, RetentionRules(), every_s=0.01, home=None).run())
    with database.exclusive(steps.LOCK):
        await _until(lambda: "Another process prunes" in caplog.text)
    await _until(lambda: count(database) == 0)
    await _until(lambda: "Pruned: 1 unrated answers" in caplog.text)
    assert "Pruning goes on in 0.01 s: The disk is full." in caplog.text
    task.cancel()


async def test_it_leaves_it_to_the_command_where_that_is_asked_for(ledger: LedgerAccess, key: ApiKey) -> None:
    await asyncio.wait_for(Pruning(ledger, RetentionRules(), every_s=0, home=None).run(), 1)
    assert key


async def _until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():
            await asyncio.sleep(0.01)
