"""The group-commit writer: few commits, errors kept apart, nothing acknowledged that is not on disk."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.exc import OperationalError

from ledger import completions, dialects, feedback, users
from ledger.database import Database
from ledger.errors import NotFound, Unavailable
from ledger.group_commit import Batch, GroupCommit
from ledger.records import Choice, Completion, NewFeedback
from ledger.schema import completions as completions_table
from ledger.schema import users as users_table

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def batches() -> list[Batch]:
    return []


@pytest.fixture
def writer(database: Database, batches: list[Batch]) -> Iterator[GroupCommit]:
    writer = GroupCommit(database, on_commit=batches.append)
    yield writer
    writer.close()


class Gate:
    """An operation that holds the writer until it is opened, so that others pile up behind it."""

    def __init__(self, writer: GroupCommit) -> None:
        self._running, self._open = threading.Event(), threading.Event()
        self._future = writer.submit(self._wait)
        assert self._running.wait(10)

    def _wait(self, _: Connection) -> None:
        self._running.set()
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()
        self._future.result(10)


def user_ids(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(users_table.c.external_id).order_by(users_table.c.external_id)).scalars())


def add_then_fail(connection: Connection, name: str) -> None:
    users.resolve(connection, "acme", name)
    raise NotFound(name)


def test_operations_that_pile_up_share_a_commit(database: Database, writer: GroupCommit, batches: list[Batch]) -> None:
    gate = Gate(writer)
    waiting = [writer.submit(users.resolve, "acme", f"{number:03}") for number in range(100)]
    gate.open()
    assert [future.result(10).external_id for future in waiting] == [f"{number:03}" for number in range(100)]
    assert [batch.size for batch in batches] == [1, 100]
    assert all(batch.duration_s > 0 for batch in batches)
    assert len(user_ids(database)) == 100


def test_a_batch_has_a_largest_size(database: Database, batches: list[Batch]) -> None:
    writer = GroupCommit(database, max_batch=10, on_commit=batches.append)
    gate = Gate(writer)
    waiting = [writer.submit(users.resolve, "acme", str(number)) for number in range(25)]
    gate.open()
    for future in waiting:
        future.result(10)
    writer.close()
    assert [batch.size for batch in batches] == [1, 10, 10, 5]


def test_a_result_is_on_disk_when_it_is_told(database: Database, writer: GroupCommit) -> None:
    seen: list[list[str]] = []

    def look(_: "Future[object]") -> None:
        seen.append(user_ids(database))

    gate = Gate(writer)
    future = writer.submit(users.resolve, "acme", "ann")
    future.add_done_callback(look)
    gate.open()
    future.result(10)
    writer.close()
    assert seen == [["ann"]]


def test_an_error_takes_only_its_own_changes_with_it(
    database: Database, writer: GroupCommit, batches: list[Batch]
) -> None:
    def break_the_rules(connection: Connection) -> None:
        users.resolve(connection, "acme", "breaker")
        connection.execute(text("insert into tombstones (kind, id) values ('nonsense', 'x')"))

    gate = Gate(writer)
    before = writer.submit(users.resolve, "acme", "before")
    failing = [writer.submit(add_then_fail, "failed"), writer.submit(break_the_rules)]
    after = writer.submit(users.resolve, "acme", "after")
    gate.open()
    before.result(10), after.result(10)
    with pytest.raises(NotFound, match="failed"):
        failing[0].result(10)
    with pytest.raises(Exception, match=r"(?i)constraint"):
        failing[1].result(10)
    assert user_ids(database) == ["after", "before"]
    assert [batch.size for batch in batches] == [1, 4]


def test_feedback_may_follow_its_completion_in_the_same_commit(
    database: Database, writer: GroupCommit, answer: Callable[..., Completion]
) -> None:
    new = answer()
    gate = Gate(writer)
    stored = writer.submit(completions.insert, new)
    rated = writer.submit(feedback.add, NewFeedback(new.id, "acme", "ann", 1))
    gate.open()
    stored.result(10)
    assert rated.result(10).value == 1


@only_sqlite
def test_a_full_disk_fails_what_does_not_fit_and_nothing_else(
    database: Database, writer: GroupCommit, answer: Callable[..., Completion]
) -> None:
    small, big = [answer() for _ in range(3)], answer(choices=(Choice(0, "x" * 3_000_000),))
    with database.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    limit = _limit_pages(database, pages + 100)
    gate = Gate(writer)
    futures = [writer.submit(completions.insert, new) for new in (small[0], big, *small[1:])]
    gate.open()
    with pytest.raises(Unavailable, match="full"):
        futures.pop(1).result(10)
    for future in futures:
        future.result(10)
    limit()
    writer.submit(completions.insert, big).result(10)
    with database.read() as connection:
        stored = connection.execute(select(completions_table.c.id)).scalars().all()
    assert sorted(stored) == sorted(new.id for new in [*small, big])
    database.verify()


def _limit_pages(database: Database, pages: int) -> Callable[[], None]:
    """Makes SQLite answer "disk is full" above a number of pages; returns what lifts the limit."""
    allowed = [pages]

    def set_limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {allowed[0]}")

    event.listen(database._engine, "begin", set_limit)
    return lambda: allowed.__setitem__(0, 2**30)


@only_sqlite
def test_a_commit_that_fails_fails_everybody_in_it(database: Database, writer: GroupCommit) -> None:
    broken = [True]

    def fail(_: Connection) -> None:
        if broken[0]:
            raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    gate = Gate(writer)
    event.listen(database._engine, "commit", fail)
    waiting = [writer.submit(users.resolve, "acme", str(number)) for number in range(3)]
    with pytest.raises(Unavailable):
        gate.open()
    for future in waiting:
        with pytest.raises(Unavailable, match="disk I/O error"):
            future.result(10)
    assert user_ids(database) == []
    broken[0] = False
    assert writer.submit(users.resolve, "acme", "later").result(10).external_id == "later"


def test_a_locked_database_fails_everybody_and_the_writer_goes_on(
    database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "LOCK_TIMEOUT_S", 1)
    impatient = Database.open(database_url, migrate=False)
    writer = GroupCommit(impatient)
    with database.write() as connection:
        users.resolve(connection, "acme", "ann")
        waiting = [writer.submit(users.resolve, "acme", "ann") for _ in range(2)]
        for future in waiting:
            with pytest.raises(Unavailable):
                future.result(20)
    assert writer.submit(users.resolve, "acme", "ann").result(10).external_id == "ann"
    writer.close()
    impatient.close()


@only_postgresql
def test_a_lost_connection_costs_nobody_their_row(database: Database, writer: GroupCommit) -> None:
    gate = Gate(writer)
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = "
    with database.read() as connection:
        connection.execute(text(kill + "current_database()"))
    waiting = [writer.submit(users.resolve, "acme", str(number)) for number in range(5)]
    gate.open()
    for future in waiting:
        future.result(10)
    assert len(user_ids(database)) == 5


@only_postgresql
def test_a_deadlock_costs_nobody_their_row(database: Database, writer: GroupCommit) -> None:
    with database.write() as connection:
        for name in ("a", "b"):
            users.resolve(connection, "acme", name)
    other = GroupCommit(database)
    both, met = threading.Barrier(2), set[str]()

    def update(connection: Connection, name: str) -> None:
        statement = text("update users set created_at = now() where external_id = :name")
        connection.execute(statement, {"name": name})

    def first_then_meet(connection: Connection, name: str) -> None:
        update(connection, name)
        if name not in met:  # the first time, not when the transaction is tried again
            met.add(name)
            both.wait(10)

    def submit(to: GroupCommit, first: str, second: str) -> list["Future[None]"]:
        gate = Gate(to)
        futures = [to.submit(first_then_meet, first), to.submit(update, second)]
        gate.open()
        return futures

    futures = [*submit(writer, "a", "b"), *submit(other, "b", "a")]
    for future in futures:
        future.result(20)
    other.close()


async def test_maintenance_comes_between_commits_and_fails_alone(
    database: Database, writer: GroupCommit, batches: list[Batch]
) -> None:
    gate, order = Gate(writer), list[str]()

    def maintenance(_: Database) -> str:
        order.append(f"maintenance after {len(batches)} commits")
        return "done"

    def broken(_: Database) -> None:
        raise Unavailable("not now")

    before = writer.submit(lambda _: order.append("before"))
    works = [asyncio.create_task(writer.maintain(work)) for work in (maintenance, broken)]
    await asyncio.sleep(0)
    after = writer.submit(lambda _: order.append("after"))
    gate.open()
    assert await works[0] == "done"
    with pytest.raises(Unavailable, match="not now"):
        await works[1]
    await asyncio.gather(*map(asyncio.wrap_future, (before, after)))
    assert order == ["before", "maintenance after 2 commits", "after"]


def test_more_than_may_wait_is_refused_at_once(database: Database) -> None:
    writer = GroupCommit(database, max_pending=3)
    gate = Gate(writer)
    waiting = [writer.submit(users.resolve, "acme", str(number)) for number in range(3)]
    with pytest.raises(Unavailable, match="3 operations wait"):
        writer.submit(users.resolve, "acme", "too many")
    gate.open()
    for future in waiting:
        future.result(10)
    writer.close()
    assert user_ids(database) == ["0", "1", "2"]


def test_closing_writes_what_waits_and_refuses_more(database: Database) -> None:
    writer = GroupCommit(database)
    waiting = [writer.submit(users.resolve, "acme", str(number)) for number in range(20)]
    writer.close()
    writer.close()
    assert all(future.done() for future in waiting)
    assert len(user_ids(database)) == 20
    with pytest.raises(Unavailable, match="shutting down"):
        writer.submit(users.resolve, "acme", "late")


def test_a_cancelled_operation_that_waits_is_not_run(database: Database, writer: GroupCommit) -> None:
    gate = Gate(writer)
    unwanted, wanted = (writer.submit(users.resolve, "acme", name) for name in ("unwanted", "wanted"))
    assert unwanted.cancel()
    gate.open()
    wanted.result(10)
    assert user_ids(database) == ["wanted"]


def test_a_hook_that_fails_does_not_stop_the_writer(database: Database) -> None:
    def fail(_: Batch) -> None:
        raise ZeroDivisionError

    writer = GroupCommit(database, on_commit=fail)
    for name in ("a", "b"):
        writer.submit(users.resolve, "acme", name).result(10)
    writer.close()
    assert user_ids(database) == ["a", "b"]


async def test_coroutines_wait_without_blocking_each_other(
    database: Database, writer: GroupCommit, batches: list[Batch]
) -> None:
    found = await asyncio.gather(*[writer.run(users.resolve, "acme", str(number)) for number in range(50)])
    assert [user.external_id for user in found] == [str(number) for number in range(50)]
    assert len(batches) < 50
    with pytest.raises(NotFound):
        await writer.run(add_then_fail, "failed")


async def test_a_coroutine_that_is_cancelled_leaves_its_row_behind(database: Database, writer: GroupCommit) -> None:
    gate = Gate(writer)
    task = asyncio.create_task(writer.run(users.resolve, "acme", "ann"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.open()
    writer.close()
    assert user_ids(database) == ["ann"]


def test_more_rows_than_commits_under_load(database: Database, writer: GroupCommit, batches: list[Batch]) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            writer.submit(users.resolve, "acme", f"{number}-{turn}").result(10)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(users_table)).scalar() == 320
    assert len(batches) <= 320 / 2
