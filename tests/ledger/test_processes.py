"""Several processes on one ledger, and processes that are killed while they write."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from ledger import feedback, versions
from ledger.database import Database
from ledger.records import Completion, FeedbackFilter
from ledger.schema import completions, model_versions
from ledger.schema import feedback as feedback_table
from ledger.schema import users as users_table

WRITER = Path(__file__).parent / "writer_process.py"
ROUNDS = 4


def start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(WRITER), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def start_together(*commands: tuple[str, ...]) -> list[list[str]]:
    """Runs processes that begin their work at the same moment; returns the lines that each printed."""
    processes = [start(*command) for command in commands]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return printed


def test_processes_that_write_at_once_lose_and_double_nothing(
    database_url: str, database: Database, stored: Callable[..., Completion]
) -> None:
    rated = stored().id
    acknowledged = start_together(*[("vote", database_url, rated, f"p{number}", "100") for number in range(2)])
    with database.read() as connection:
        rows = connection.execute(select(feedback_table.c.idempotency_key)).scalars().all()
    assert Counter(rows) == Counter(key for keys in acknowledged for key in keys)
    assert len(rows) == 200
    database.verify()


def test_the_same_vote_from_two_processes_at_once_is_one_row(
    database_url: str, database: Database, stored: Callable[..., Completion]
) -> None:
    rated = stored().id
    start_together(*[("vote", database_url, rated, "same", "50")] * 2)
    with database.read() as connection:
        page = feedback.search(connection, FeedbackFilter(), limit=100)
    assert len(page.items) == len({row.idempotency_key for row in page.items}) == 50


def test_a_user_whom_two_processes_meet_at_once_is_one_row(database_url: str, database: Database) -> None:
    first, second = start_together(*[("meet", database_url, "50")] * 2)
    assert first == second
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(users_table)).scalar() == 50


def test_a_base_that_two_processes_register_at_once_is_one_version(database_url: str, database: Database) -> None:
    start_together(*[("register", database_url, "10")] * 2)
    with database.read() as connection:
        assert [version.number for version in versions.list_all(connection)] == list(range(1, 11))
        live = select(func.count()).select_from(model_versions).where(model_versions.c.state == "live")
        assert connection.execute(live).scalar() == 1


def test_what_was_acknowledged_before_kill_9_is_there_exactly_once(
    database_url: str, database: Database, stored: Callable[..., Completion]
) -> None:
    seed = stored()
    chance = random.Random(20260101)
    acknowledged: list[str] = []
    for round_number in range(ROUNDS):
        process = start("store", database_url, seed.key_id, f"r{round_number}")
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        time.sleep(chance.uniform(0.2, 0.8))
        os.killpg(process.pid, signal.SIGKILL)
        printed = process.stdout.read()
        process.wait()
        process.stdin.close()
        process.stdout.close()
        acknowledged += printed[: printed.rfind("\n") + 1].split()  # a last line without its end was cut off
        database.verify()
    with database.read() as connection:
        ids = connection.execute(select(completions.c.id)).scalars().all()
        votes = connection.execute(select(feedback_table.c.completion_id)).scalars().all()
    assert len(acknowledged) >= 50
    assert set(acknowledged) <= set(ids) and set(acknowledged) <= set(votes)
    assert max(Counter(votes).values()) == 1
