"""kill -9 of the gateway at random moments: what it acknowledged is in the ledger, once.

Clients chat (every second one with a stream) and vote, each vote with an Idempotency-Key and again until it is
answered. Meanwhile the gateway is killed and started again. At the end every acknowledged completion and vote is looked
up: 0 may be lost, 0 doubled, and the database must be whole. `python -m benchmarks.crash --help`.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from sqlalchemy import func, select, text
from tqdm import tqdm

from benchmarks import results
from ledger.database import Database
from ledger.schema import completions, feedback, users
from tests import databases
from tests.processes import FakeEngineProcess, GatewayProcess

ANSWER = "Every word of this answer must survive."


@dataclass(frozen=True)
class Plan:
    """How hard to try.

    Attributes:
        kills: Of the gateway, at least.
        acknowledged: Completions and votes each, at least.
        clients: At once.
        seed: Of the moments.
        longest_life_s: The gateway is killed at a uniformly random moment up to this after it is ready.
    """

    kills: int = 20
    acknowledged: int = 500
    clients: int = 8
    seed: int = 1
    longest_life_s: float = 3.0


@dataclass
class Acknowledged:
    """What clients were told is stored: completion ids; and votes, by Idempotency-Key, with the id of their row."""

    completions: set[str] = field(default_factory=set)
    votes: dict[str, str] = field(default_factory=dict)
    broken_requests: int = 0


@dataclass(frozen=True)
class Outcome:
    """What the ledger held at the end."""

    database: str
    kills: int
    completions_acknowledged: int
    votes_acknowledged: int
    broken_requests: int
    completions_lost: int
    completions_damaged: int
    votes_lost: int
    votes_doubled: int
    integrity: str
    seconds: float

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, nothing damaged."""
        wrong = self.completions_lost + self.completions_damaged + self.votes_lost + self.votes_doubled
        return wrong == 0 and self.integrity == "ok"


async def soak(plan: Plan, folder: Path, database_url: str) -> Outcome:
    """Run the clients and the killing until the plan is fulfilled, then look into the ledger."""
    started = time.monotonic()
    told, kills = Acknowledged(), 0
    stop = asyncio.Event()
    with FakeEngineProcess(folder) as engine:
        engine.behave(text=ANSWER, first_token_delay_s=0.02, token_delay_s=0.005)
        gateway = GatewayProcess(folder, database_url=database_url, user_requests_per_minute=0)
        gateway.serve(engine.url)
        gateway.run()
        moments = random.Random(plan.seed)
        clients = [asyncio.create_task(_client(gateway, told, stop)) for _ in range(plan.clients)]
        progress = tqdm(total=plan.kills, desc=f"kills ({database_url.split(':')[0]})", unit="kill", leave=False)
        try:
            while kills < plan.kills or min(len(told.completions), len(told.votes)) < plan.acknowledged:
                await asyncio.sleep(moments.uniform(0, plan.longest_life_s))
                gateway.kill()
                kills += 1
                progress.update()
                progress.set_postfix(acknowledged=len(told.votes))
                await asyncio.to_thread(gateway.run)
        finally:
            progress.close()
            stop.set()
            await asyncio.gather(*clients)
            gateway.kill()
    return _outcome(database_url, told, kills, time.monotonic() - started)


async def _client(gateway: GatewayProcess, told: Acknowledged, stop: asyncio.Event) -> None:
    """One client: ask, then vote, until it is told to stop."""
    user, number = f"user-{uuid4()}", 0
    headers = {"Authorization": f"Bearer {gateway.secrets.app}", "X-Attune-User": user}
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        while not stop.is_set():
            number += 1
            try:
                completion_id = await _chat(session, gateway.base_url, stream=number % 2 == 0)
            except (aiohttp.ClientError, TimeoutError, _NotAcknowledged):
                told.broken_requests += 1
                await asyncio.sleep(0.05)
                continue
            told.completions.add(completion_id)
            await _vote(session, gateway.base_url, completion_id, told, stop)


class _NotAcknowledged(Exception):
    """The answer broke off, or was a refusal."""


async def _chat(session: aiohttp.ClientSession, base_url: str, *, stream: bool) -> str:
    """Ask, and return the id once the answer is complete: only then the gateway has promised that it is stored."""
    body = {"model": "attune", "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    async with session.post(f"{base_url}/chat/completions", json=body) as answer:
        content = await answer.read()
        whole = content.endswith(b"data: [DONE]\n\n") if stream else content.endswith(b"}")
        if answer.status != 200 or not whole:
            raise _NotAcknowledged
        return f"chatcmpl-{answer.headers['x-request-id']}"


async def _vote(
    session: aiohttp.ClientSession, base_url: str, completion_id: str, told: Acknowledged, stop: asyncio.Event
) -> None:
    """Vote, with the same Idempotency-Key until an answer says that it is stored."""
    key = str(uuid4())
    body = {"completion_id": completion_id, "value": 1, "comment": key}
    while not stop.is_set():
        try:
            async with session.post(f"{base_url}/feedback", json=body, headers={"Idempotency-Key": key}) as answer:
                if answer.status == 200:
                    told.votes[key] = (await answer.json())["id"]
                    return
                if answer.status < 500:
                    raise AssertionError(f"a vote on {completion_id} got {answer.status}: {await answer.text()}")
        except (aiohttp.ClientError, TimeoutError):
            pass
        told.broken_requests += 1
        await asyncio.sleep(0.05)


def _outcome(database_url: str, told: Acknowledged, kills: int, seconds: float) -> Outcome:
    database = Database.open(database_url, migrate=False)
    try:
        with database.read() as connection:
            rows = connection.execute(select(completions.c.id, completions.c.status, completions.c.choices)).all()
            stored = {row.id: row for row in rows}
            votes = connection.execute(select(feedback.c.idempotency_key, feedback.c.id)).all()
            integrity = _integrity(connection, database.dialect_name)
    finally:
        database.close()
    found = [stored[completion_id] for completion_id in told.completions if completion_id in stored]
    intact = [row for row in found if row.status == "complete" and row.choices[0]["text"] == ANSWER]
    ids = {row.idempotency_key: row.id for row in votes}
    return Outcome(
        database=database.dialect_name,
        kills=kills,
        completions_acknowledged=len(told.completions),
        votes_acknowledged=len(told.votes),
        broken_requests=told.broken_requests,
        completions_lost=len(told.completions) - len(found),
        completions_damaged=len(found) - len(intact),
        votes_lost=sum(ids.get(key) != row_id for key, row_id in told.votes.items()),
        votes_doubled=len(votes) - len(ids),
        integrity=integrity,
        seconds=round(seconds, 1),
    )


def _integrity(connection: Any, dialect: str) -> str:
    """`ok`, or what is wrong: the database's own check of its file, and rows that point nowhere."""
    if dialect == "sqlite":
        found = [row[0] for row in connection.execute(text("pragma integrity_check"))]
        found += [str(tuple(row)) for row in connection.execute(text("pragma foreign_key_check"))]
        return ", ".join(found)
    orphans = select(func.count()).select_from(
        feedback.outerjoin(completions, completions.c.id == feedback.c.completion_id)
    )
    strangers = select(func.count()).select_from(completions.outerjoin(users, users.c.id == completions.c.user_id))
    without_completion = connection.execute(orphans.where(completions.c.id.is_(None))).scalar()
    without_user = connection.execute(strangers.where(users.c.id.is_(None))).scalar()
    return "ok" if without_completion == without_user == 0 else f"orphans: {without_completion}, {without_user}"


@contextmanager
def database_for(name: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of that kind."""
    if name == "sqlite":
        yield f"sqlite:///{folder / 'ledger.db'}"
        return
    with databases.postgresql_server() as server, databases.new_database(server) as url:
        yield url


def run(plan: Plan, names: Sequence[str]) -> list[Outcome]:
    """One soak on each of the databases."""
    outcomes = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="attune-") as folder, database_for(name, Path(folder)) as url:
            outcomes.append(asyncio.run(soak(plan, Path(folder), url)))
    return outcomes


def report(outcomes: Sequence[Outcome]) -> list[str]:
    """The outcomes as Markdown."""
    lines = ["| | " + " | ".join(outcome.database for outcome in outcomes) + " |", "| --- |" + " --- |" * len(outcomes)]
    for name in asdict(outcomes[0]):
        if name != "database":
            cells = " | ".join(str(asdict(outcome)[name]) for outcome in outcomes)
            lines.append(f"| {name.replace('_', ' ')} | {cells} |")
    return [*lines, "", "All good." if all(outcome.good for outcome in outcomes) else "**Not good.**"]


def main() -> int:
    """Exit status 0 if nothing was lost, doubled or damaged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=Plan.kills)
    parser.add_argument("--acknowledged", type=int, default=Plan.acknowledged)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    plan = Plan(kills=options.kills, acknowledged=options.acknowledged, seed=options.seed)
    outcomes = run(plan, options.database or ["sqlite", "postgresql"])
    lines = report(outcomes)
    figures = {"plan": asdict(plan), "outcomes": [asdict(outcome) for outcome in outcomes]}
    print("\n".join([*lines, "", f"written to {results.write('crash', figures, lines)}"]))
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
