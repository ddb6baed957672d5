"""A week's traffic in short, through the ledger's own code: answers, votes, a canary, alignment runs, and a log."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, update

from ledger import completions, deployments, feedback, keys, runs, users, versions
from ledger.database import Database
from ledger.deployments import Change
from ledger.records import ApiKey, Choice, Completion, NewFeedback
from ledger.schema import alignment_runs, audit, model_versions
from ledger.schema import completions as completions_table
from server.controller import log_writer
from server.ledger_access import LedgerAccess

DAYS = 7
RATED_SHARE = 0.1
CANARY_FROM_DAY = 4
RUN_MIB = 22
_USERS = 1_000
_CLIENTS = 16
_WORDS = ("ledger", "answer", "account", "vote", "model", "canary", "people", "version", "prompt", "token", "gateway")
_REQUEST_LINE_BYTES = 298
_ONE_BY_ONE = 1_000
_BULK = 500


@dataclass(slots=True)
class Week:
    """One week on one ledger.

    Attributes:
        began: When its first day begins; the last ends now.
        answers_per_day: How many.
        logs: Arguments of the log's writer, size and number of files; None for a file that only grows.
        latencies_s: What each write of the traffic took, by whether something was pruned meanwhile.
    """

    database: Database
    ledger: LedgerAccess
    home: Path
    began: datetime
    answers_per_day: int
    logs: Sequence[str] | None
    latencies_s: dict[bool, list[float]] = field(default_factory=lambda: {False: [], True: []})
    votes: int = 0
    _key: ApiKey | None = None

    def prepare(self) -> None:
        """Makes the key, the live version, and the one that will be tried."""
        with self.database.write() as connection:
            versions.register_base(connection, path="/models/base", sha256="a" * 64)
            row = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/versions/2", "sha256": "b" * 64}
            rest = {"state": "passed", "created_at": self.began, "probe": {}, "gate_report": {}}
            connection.execute(insert(model_versions).values(**row, **rest))
            deployments.set_live(connection, 1, Change("benchmark", "the week begins"))
            scopes = ("inference", "feedback", "vouch")
            self._key, _ = keys.create(connection, name="app", owner="acme", scopes=scopes)
        (self.home / "logs").mkdir()

    def day_begins(self, day: int) -> datetime:
        """When a day begins; 0 is the first."""
        return self.began + timedelta(days=day)

    async def live_through(self, day: int, pruning: "asyncio.Task[Any] | None") -> None:
        """A day's answers and votes, the same in every week of the same size; and what its end brings."""
        if day == CANARY_FROM_DAY:
            with self.database.write() as connection:
                _start_canary(connection, self.day_begins(day))
        todo = iter(range(self.answers_per_day))
        votes: dict[int, NewFeedback] = {}
        await asyncio.gather(*(self._client(day, todo, votes, pruning) for _ in range(_CLIENTS)))
        rest = list(todo)
        for start in range(0, len(rest), _BULK):
            both = [self._answer(day, number) for number in rest[start : start + _BULK]]
            await self.ledger.write(_store, [answer for answer, _ in both])
            given = zip(rest[start : start + _BULK], both, strict=True)
            votes |= {number: vote for number, (_, vote) in given if vote is not None}
        for number in sorted(votes):  # in the same order in every week, which the canary's evidence depends on
            await self.ledger.write(feedback.add, votes[number])
        self.votes += len(votes)
        self._align(day)
        self._log(self.answers_per_day)

    async def _client(
        self, day: int, todo: Iterator[int], votes: dict[int, NewFeedback], pruning: "asyncio.Task[Any] | None"
    ) -> None:
        """Writes answers one by one, as a gateway does: so many, and on while somebody prunes."""
        for number in todo:
            answer, vote = self._answer(day, number)
            began = time.monotonic()
            await self.ledger.write(completions.insert, answer)
            busy = pruning is not None and not pruning.done()
            self.latencies_s[busy].append(time.monotonic() - began)
            if vote is not None:
                votes[number] = vote
            await asyncio.sleep(0.005)
            if number > _ONE_BY_ONE and (pruning is None or pruning.done()):
                return

    def _answer(self, day: int, number: int) -> tuple[Completion, NewFeedback | None]:
        draw = random.Random(f"{day} {number}")
        moment = self.day_begins(day) + timedelta(seconds=86_000 * number / self.answers_per_day)
        user, asked = f"user-{draw.randrange(_USERS)}", " ".join(draw.choices(_WORDS, k=60))
        canary = day >= CANARY_FROM_DAY and int(user.split("-")[1]) % 4 == 0
        assert self._key is not None
        completion = Completion(
            f"chatcmpl-{day}-{number}",
            "/v1/chat/completions",
            "acme",
            self._key.id,
            user,
            [{"role": "user", "content": asked}],
            {"temperature": 0.7, "max_tokens": 200},
            (Choice(0, " ".join(draw.choices(_WORDS, k=90)), "stop"),),
            "complete",
            2 if canary else 1,
            "canary" if canary else "live",
            usage={"prompt_tokens": 60, "completion_tokens": draw.randint(80, 100)},
            ttft_ms=draw.uniform(20, 60),
            duration_ms=draw.uniform(300, 900),
            created_at=moment,
        )
        if draw.random() >= RATED_SHARE:
            return completion, None
        value = 1 if draw.random() < (0.4 if canary else 0.7) else -1
        return completion, NewFeedback(completion.id, "acme", user, value, created_at=moment + timedelta(seconds=9))

    def _align(self, day: int) -> None:
        """An alignment run that ended on this day, with files as large as a real one's."""
        ended = self.day_begins(day + 1) - timedelta(hours=1)
        with self.database.write() as connection:
            run = runs.create(connection, stage="done", config={})
            times = {"created_at": ended, "updated_at": ended, "finished_at": ended}
            connection.execute(update(alignment_runs).where(alignment_runs.c.id == run.id).values(**times))
        model = self.home / "runs" / run.id / "reward-model" / "model"
        model.mkdir(parents=True)
        (model / "model.safetensors").write_bytes(os.urandom(2**20) * (RUN_MIB - 2))
        (model.parent / "report.json").write_text("{}\n")
        (model.parent / "metrics.jsonl").write_text('{"loss": 0.5}\n' * 20_000)

    def _log(self, lines: int) -> None:
        """A line for each request, through the writer that `attune up` gives its processes."""
        line = b"x" * (_REQUEST_LINE_BYTES - 1) + b"\n"
        log = self.home / "logs" / "gateway.log"
        if self.logs is None:
            with log.open("ab") as file:
                file.write(line * lines)
            return
        command = [sys.executable, "-I", "-S", log_writer.__file__, str(log), *self.logs]
        subprocess.run(command, input=line * lines, check=True)


def _store(connection: Connection, answers: Sequence[Completion]) -> None:
    """Stores many answers with one statement, as `completions.insert` does one."""
    ids = {name: users.resolve(connection, "acme", name).id for name in {answer.user for answer in answers}}
    columns = {column.name for column in completions_table.columns} - {"user_id", "choices"}
    rows = [
        {name: getattr(answer, name) for name in columns}
        | {"user_id": ids[answer.user], "choices": [asdict(choice) for choice in answer.choices]}
        for answer in answers
    ]
    connection.execute(insert(completions_table), rows)


def _start_canary(connection: Connection, moment: datetime) -> None:
    deployments.start_canary(connection, 2, 0.25, Change("benchmark", "a trial"))
    connection.execute(update(audit).where(audit.c.action == "canary").values(created_at=moment))
