"""Pruning as a sequence of small steps, so that nobody waits long for it.

`steps` yields what is to be done next and is sent what came of it. So the same order of things serves a command, which
does one after the other (`run`), and a gateway, which lets others write in between.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ledger import migration_backups, runs
from ledger.database import Database
from ledger.errors import Busy
from ledger.retention import answers, conversations, run_files, space
from ledger.retention.amount import Amount
from ledger.retention.answers import AnswerKind, Pass, Place
from ledger.retention.rules import RetentionRules, days_before

LOCK = "pruning"
"""What `Database.exclusive` is asked for while somebody prunes."""

KINDS = ("unrated answers", "rated answers", "conversations", "runs", "backups")

PAGE = 500
"""Rows that one reading step looks at."""
BATCH = 50
"""Rows that one transaction removes at most: a few milliseconds, for which others wait."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be pruned.

    Attributes:
        home: ATTUNE_HOME, with `runs/`; None where this machine has none.
        dry_run: Whether it is only counted.
    """

    rules: RetentionRules
    home: Path | None
    now: datetime
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A step in a reading transaction."""

    run: Callable[[Connection], Any]


@dataclass(frozen=True, slots=True)
class Write:
    """A step in a writing transaction."""

    run: Callable[[Connection], Any]


@dataclass(frozen=True, slots=True)
class Beside:
    """A step that needs no transaction, or makes its own."""

    run: Callable[[Database], Any]


Step = Read | Write | Beside
Steps = Generator[Step, Any, Amount]


def steps(plan: Plan) -> Generator[Step, Any, Mapping[str, Amount]]:
    """Yields the steps; returns how much was removed of each kind, or would be."""
    found = dict.fromkeys(KINDS, Amount())
    found["unrated answers"] = yield from _answers(plan, "unrated answers")
    aligning = yield Beside(_run_goes_on)  # which may be about to enter a snapshot, or to read its files
    if not aligning:
        found["rated answers"] = yield from _answers(plan, "rated answers")
    found["conversations"] = yield from _conversations(plan)
    if not aligning and plan.home is not None:
        found["runs"] = yield Beside(partial(_runs, plan=plan, home=plan.home))
    found["backups"] = yield Read(partial(_backups, plan=plan))
    if not plan.dry_run:
        yield from _space(rows_removed=any(found[kind].count for kind in KINDS[:3]))
    return found


def run(database: Database, plan: Plan) -> Mapping[str, Amount]:
    """Does all steps one after the other; a dry run goes beside one that prunes.

    Raises:
        Busy: Somebody else prunes this ledger now.
        Unavailable: The database is locked or away; what was removed until then is removed.
        OSError: A file cannot be removed.
    """
    with nullcontext() if plan.dry_run else database.exclusive(LOCK):
        todo = steps(plan)
        result: Any = None
        while True:
            try:
                step = todo.send(result)
            except StopIteration as done:
                return dict(done.value)
            result = perform(database, step)


def perform(database: Database, step: Step) -> Any:
    """Does one step."""
    if isinstance(step, Beside):
        return step.run(database)
    with database.read() if isinstance(step, Read) else database.write() as connection:
        return step.run(connection)


def _answers(plan: Plan, kind: AnswerKind) -> Steps:
    total = Amount()
    which: Pass | None = yield Read(partial(Pass.begin, kind=kind, rules=plan.rules, now=plan.now))
    if which is None:
        return total
    for version in (yield Read(answers.versions)):
        after: Place | None = None
        while page := (yield Read(partial(answers.next_page, version=version, which=which, after=after, limit=PAGE))):
            after, ids = page[-1], [place.id for place in page]
            if plan.dry_run:
                total += yield Read(partial(answers.amount, which=which, ids=ids))
                continue
            due = yield Read(partial(answers.due, which=which, ids=ids))
            for start in range(0, len(due), BATCH):
                total += yield Write(partial(answers.remove, which=which, ids=due[start : start + BATCH]))
    return total


def _conversations(plan: Plan) -> Steps:
    total, after = Amount(), None
    before = days_before(plan.now, plan.rules.conversations_days)
    if before is None:
        return total
    while page := (yield Read(partial(conversations.next_page, before=before, after=after, limit=BATCH))):
        after = page[-1]
        if plan.dry_run:
            total += yield Read(partial(conversations.amount, ids=page))
        else:
            total += yield Write(partial(conversations.remove, ids=page, before=before))
    return total


def _run_goes_on(database: Database) -> bool:
    try:
        with database.exclusive(runs.LOCK):
            return False
    except Busy:
        return True


def _runs(database: Database, plan: Plan, home: Path) -> Amount:
    with database.read() as connection:
        due = run_files.due(connection, home, plan.rules, plan.now)
    if plan.dry_run:
        return sum((run.amount for run in due), Amount())
    return sum((run_files.remove(run, plan.rules.reason("runs"), plan.now) for run in due), Amount())


def _backups(connection: Connection, plan: Plan) -> Amount:
    before = days_before(plan.now, plan.rules.backups_days)
    old = [] if before is None else migration_backups.older_than(connection, before)
    found = Amount(len(old), sum(path.stat().st_size for path in old))
    for path in () if plan.dry_run else old:
        path.unlink(missing_ok=True)
    return found


def _space(*, rows_removed: bool) -> Generator[Step, Any, None]:
    while (yield Write(space.shrink)):
        pass
    if rows_removed:
        yield Beside(_vacuum_postgresql)


def _vacuum_postgresql(database: Database) -> None:
    if database.dialect_name == "postgresql":
        database.vacuum()
