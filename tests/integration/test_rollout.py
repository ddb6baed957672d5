"""A registered version goes canary, live and back on a real vLLM, and nobody's request fails."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from ledger import deployments, engines
from ledger.database import Database
from ledger.records import Deployment, Engine
from tests.constant_load import ConstantLoad, Openings, last_before
from tests.random_adapter import register_passed
from tests.stack import Stack


@pytest.mark.engine
@pytest.mark.timeout(600)
async def test_a_version_is_tried_promoted_and_rolled_back_without_a_failed_request(
    stack: Stack, random_adapters: tuple[Path, Path, Path]
) -> None:
    database = stack.open_ledger()
    try:
        with database.read() as connection:
            live = deployments.current(connection).live_version
        assert live is not None
        number = register_passed(database, random_adapters[1], live)
        openings = Openings()
        openings.now(live)
        async with ConstantLoad(stack.base_url, stack.secrets.app, concurrency=4, pause_s=0.5) as load:
            await change(stack, "canary", version=number, share=0.5)
            openings.now(live, number, since=await last_before(lambda: ready_with(database, number), 300, 0.5))
            await asyncio.sleep(3)
            await change(stack, "promote", version=number)
            openings.now(number)
            await asyncio.sleep(3)
            began = time.monotonic()
            openings.now(live, number)  # it may answer again before the command has
            await change(stack, "rollback", version=number)
            openings.now(live)
            await last_before(lambda: all(row.version_number == live for row in rows(database)), 60, 0.5)
            await asyncio.sleep(1)
        assert load.failures == []
        assert [answer for answer in load.answers if answer.mixed] == []
        assert [answer for answer in load.answers if not openings.may_answer(answer)] == []
        by_version = {answer.version for answer in load.answers}
        assert by_version == {live, number}
        last = max(answer.began for answer in load.answers if answer.version == number)
        assert last - began < 2
        with database.read() as connection:
            now: Deployment = deployments.current(connection)
        assert (now.live_version, now.canary_version) == (live, None)
    finally:
        database.close()


async def change(stack: Stack, action: str, **body: object) -> None:
    headers = {"Authorization": f"Bearer {stack.secrets.admin}"}
    async with httpx.AsyncClient(base_url=stack.base_url, headers=headers, timeout=20, trust_env=False) as client:
        answer = await client.post(f"/deployments/{action}", json={"reason": "a test", **body})
        assert answer.status_code == 200, answer.text


def rows(database: Database) -> list[Engine]:
    with database.read() as connection:
        return engines.list_all(connection)


def ready_with(database: Database, number: int) -> bool:
    return any(row.version_number == number and row.state == "ready" for row in rows(database))
