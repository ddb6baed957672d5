"""How long the ops page's queries take with many votes, on SQLite and PostgreSQL: `python -m benchmarks.ops_queries`.

The ledger is made up by `tests.ops_ledger`. The gateway asks each of the slow ones so seldom that it takes a twentieth
of the time at most (`server/remembered.py`), however many people look.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection

from benchmarks import results
from ledger import keys, lineage, runs, snapshots, traffic, versions, vote_statistics
from ledger.clock import utc_now
from ledger.database import Database
from server.canary.rules import CanaryRules
from server.canary_look import look
from tests import ops_ledger
from tests.databases import new_database, postgresql_server

REPEATS = 3


def main() -> None:
    """Times every query on both databases and writes the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=100_000)
    votes: int = parser.parse_args().votes
    with tempfile.TemporaryDirectory() as folder:
        figures = {"SQLite": _timed(f"sqlite:///{Path(folder) / 'ledger.db'}", votes)}
    with postgresql_server() as server, new_database(server, "template0") as url:
        figures["PostgreSQL"] = _timed(url, votes)
    report = [
        f"{votes:,} votes, seconds (median of {REPEATS}):",
        "",
        "| what | SQLite | PostgreSQL |",
        "| --- | --- | --- |",
    ]
    report += [f"| {name} | {figures['SQLite'][name]:.3f} | {figures['PostgreSQL'][name]:.3f} |" for name in _queries()]
    print("\n".join(report))
    print(results.write("ops-queries", {"votes": votes, "seconds": figures}, report))


def _timed(url: str, votes: int) -> dict[str, float]:
    database = Database.open(url)
    with database.write() as connection:
        versions.register_base(connection, path="/models/base", sha256="a" * 64)
        keys.create(connection, name="bench", owner="acme", scopes=("admin",))
    ops_ledger.fill(database, votes=votes, people=votes // 4)
    found = {}
    for name, query in _queries().items():
        seconds = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            with database.read() as connection:
                query(connection)
            seconds.append(time.perf_counter() - began)
        found[name] = median(seconds)
    database.close()
    return found


def _queries() -> dict[str, Callable[[Connection], Any]]:
    """By what the page shows of it."""
    now = utc_now()
    return {
        "votes of 14 days": lambda connection: vote_statistics.votes_since(connection, now - timedelta(days=14)),
        "a look at the canary": lambda connection: look(connection, CanaryRules()),
        "engines": lambda connection: [
            traffic.recent(connection, version, now - timedelta(minutes=5), now) for version in (3, 4)
        ],
        "runs": lambda connection: (
            runs.latest(connection),
            snapshots.votes_after(connection, runs.newest_vote_learned(connection)),
        ),
        "lineage": lambda connection: lineage.lineage(connection, versions.get(connection, 4)),
    }


if __name__ == "__main__":
    main()
