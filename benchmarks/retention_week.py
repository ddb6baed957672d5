"""A week's traffic in short under retention, and without it: `python -m benchmarks.retention_week`.

Seven days of 10,000 answers each, a tenth of them rated, go through the ledger's writer; a canary begins on the fifth;
each day an alignment run ends; each request has a line in the log. With retention, a gateway's pruning runs while the
next day's answers are written. At the end of each day everything must lie within the settings. At the end, votes and
the canary's verdict must be those of the week without retention.
"""

import argparse
import asyncio
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, not_, select

from attune.sizes import Sizes, bytes_below, measure
from benchmarks import results
from benchmarks.retention_traffic import CANARY_FROM_DAY, DAYS, RUN_MIB, Week
from ledger import trials
from ledger.clock import utc_now
from ledger.database import Database
from ledger.retention import needed, steps
from ledger.retention.rules import RetentionRules
from ledger.retention.steps import Plan
from ledger.schema import completions, feedback
from server.canary.decision import decide
from server.canary.rules import CanaryRules
from server.evidence import gather
from server.ledger_access import LedgerAccess
from server.pruning import Pruning
from tests.databases import new_database, postgresql_server

RULES = RetentionRules(unrated_answers_days=1, runs_days=3, runs_kept=3)
LOG_BYTES, LOGS_KEPT = 2**20, 2
KEPT, CONTROL = "with retention", "without"


def main() -> int:
    """Lives the weeks and writes what was found; 1 where something was not within the settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=10_000, help="a day")
    parser.add_argument("--ledger", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    with postgresql_server() if options.ledger == "postgresql" else nullcontext("") as server:
        for week in (KEPT, CONTROL):
            print(week, flush=True)
            with _ledger(options.ledger, server) as (database, home):
                found[week] = asyncio.run(_live(database, home, options.answers, week == KEPT))
    faults = _faults(found[KEPT], found[CONTROL])
    report = _report(found[KEPT], found[CONTROL], faults)
    print("\n".join(report))
    print(results.write(f"retention-week-{options.ledger}", found | {"faults": faults}, report))
    return 1 if faults else 0


@contextmanager
def _ledger(name: str, server: str) -> Iterator[tuple[Database, Path]]:
    with tempfile.TemporaryDirectory(prefix="attune-retention-") as folder:
        home = Path(folder)
        if name == "sqlite":
            database = Database.open(f"sqlite:///{home / 'ledger.db'}")
            yield database, home
            database.close()
            return
        with new_database(server) as url:
            database = Database.open(url)
            yield database, home
            database.close()


async def _live(database: Database, home: Path, answers: int, kept: bool) -> dict[str, Any]:
    began = utc_now() - timedelta(days=DAYS)
    ledger = LedgerAccess(database)
    week = Week(database, ledger, home, began, answers, (str(LOG_BYTES), str(LOGS_KEPT)) if kept else None)
    week.prepare()
    days: list[dict[str, Any]] = []
    try:
        for day in range(DAYS):
            pruning = None
            if kept:
                gateway = Pruning(ledger, RULES, every_s=1, home=home)
                pruning = asyncio.create_task(gateway.prune(week.day_begins(day)))
            await week.live_through(day, pruning)
            pruned = {kind: amount.count for kind, amount in (await pruning).items()} if pruning else {}
            days.append(_at_the_end(week, day, pruned))
            print(days[-1], flush=True)
    finally:
        ledger.close()
    return {"days": days, "latency_ms": _latencies(week), **_kept_evidence(week)}


def _at_the_end(week: Week, day: int, pruned: Mapping[str, int]) -> dict[str, Any]:
    """What lies there at the end of a day, and what would still go of what was due at its begin."""
    plan = Plan(RULES, week.home, week.day_begins(day), dry_run=True)
    due = steps.run(week.database, plan)
    overdue = {kind: due[kind].count for kind in steps.KINDS[:3] if due[kind].count}  # runs may have ended since
    with week.database.read() as connection:
        stored = connection.execute(select(func.count()).select_from(completions)).scalar_one()
        unrated = select(func.count()).select_from(completions).where(not_(needed.rated()))
        sizes: Sizes = measure(week.database, week.home)
        return {
            "day": day + 1,
            "answers": stored,
            "unrated": connection.execute(unrated).scalar_one(),
            "votes": connection.execute(select(func.count()).select_from(feedback)).scalar_one(),
            "votes_given": week.votes,
            "pruned": pruned,
            "overdue": overdue,
            "ledger_bytes": sizes.bytes["ledger"],
            "logs_bytes": bytes_below(week.home / "logs"),
            "runs_bytes": bytes_below(week.home / "runs"),
        }


def _latencies(week: Week) -> dict[str, dict[str, float]]:
    """Percentiles of the traffic's writes, from handing in to on disk, in ms."""
    found = {}
    for pruning, seconds in week.latencies_s.items():
        ordered = sorted(seconds)
        if ordered:
            at = {f"p{share}": ordered[len(ordered) * share // 100] * 1000 for share in (50, 99)}
            found["while pruning" if pruning else "else"] = {"n": len(ordered), **at, "max": ordered[-1] * 1000}
    return found


def _kept_evidence(week: Week) -> dict[str, Any]:
    """The canary's evidence and verdict an hour after the week."""
    now = week.day_begins(DAYS) + timedelta(hours=1)
    with week.database.read() as connection:
        trial = trials.current(connection)
        assert trial is not None
        evidence = gather(connection, trial, CanaryRules(), now)
    decision = decide(evidence, CanaryRules())
    thumbs = [str(thumb) for thumb in evidence.thumbs]
    guards = {name: [str(one) for one in found] for name, found in evidence.guards.items()}
    rows = {"thumbs": len(thumbs), "guards": {name: len(found) for name, found in guards.items()}}
    digest = hashlib.sha256(json.dumps([thumbs, guards], sort_keys=True).encode()).hexdigest()
    return {"verdict": decision.outcome, "evidence_rows": rows, "evidence_sha256": digest}


def _faults(kept: Mapping[str, Any], control: Mapping[str, Any]) -> list[str]:
    faults = []
    for day in kept["days"]:
        said = f"Day {day['day']}"
        if day["overdue"]:
            faults.append(f"{said}: {day['overdue']} is older than the settings say.")
        if day["logs_bytes"] > (LOGS_KEPT + 1) * LOG_BYTES + 300:
            faults.append(f"{said}: logs take {day['logs_bytes']} bytes.")
        if day["runs_bytes"] > (RULES.runs_kept + 1) * (RUN_MIB + 1) * 2**20:
            faults.append(f"{said}: runs take {day['runs_bytes']} bytes.")
        if day["votes"] != day["votes_given"]:
            faults.append(f"{said}: {day['votes_given']} votes were given, and {day['votes']} are there.")
    for part in ("verdict", "evidence_rows", "evidence_sha256"):
        if kept[part] != control[part]:
            faults.append(f"The canary's {part} differs from the week without retention.")
    return faults


def _report(kept: Mapping[str, Any], control: Mapping[str, Any], faults: Sequence[str]) -> list[str]:
    rules = f"unrated_answers_days = {RULES.unrated_answers_days:g}, runs_days = {RULES.runs_days:g}"
    lines = [
        f"Settings: {rules}, runs_kept = {RULES.runs_kept}, log_mib = 1, logs_kept = {LOGS_KEPT}. Figures are those at "
        f"the end of each day, with retention / without; sizes in MiB. The canary begins on day {CANARY_FROM_DAY + 1}: "
        "from then on its answers and the last 1,000 before it stay. A day's pruning takes what was old at its begin.",
        "",
        "| day | votes | unrated answers | ledger | logs | runs |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one, other in zip(kept["days"], control["days"], strict=True):
        parts = ("ledger_bytes", "logs_bytes", "runs_bytes")
        sizes = (f"{one[part] / 2**20:.1f} / {other[part] / 2**20:.1f}" for part in parts)
        counts = (f"{one[part]:,} / {other[part]:,}" for part in ("votes", "unrated"))
        lines.append(f"| {one['day']} | {' | '.join((*counts, *sizes))} |")
    same = "the same" if kept["evidence_sha256"] == control["evidence_sha256"] else "NOT the same"
    lines += ["", f"The canary: {kept['verdict']} / {control['verdict']}; its evidence is {same} row by row."]
    for week, latency in ((KEPT, kept["latency_ms"]), (CONTROL, control["latency_ms"])):
        for when, at in latency.items():
            figures = f"p50 {at['p50']:.1f}, p99 {at['p99']:.1f}, longest {at['max']:.0f} ms (n = {at['n']:,.0f})"
            lines.append(f"- a write of the traffic, {week}, {when}: {figures}")
    return [*lines, "", *(faults or ["Everything lay within the settings at the end of each day."])]


if __name__ == "__main__":
    sys.exit(main())
