"""A ledger of 100,000 votes moved from SQLite to PostgreSQL and back, each way killed at five random moments.

The rows are compared twice: by `attune move` itself, row by row in its own form, and by Python's sqlite3, which reads
the first file and the last one as they are.
"""

import argparse
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import inspect

from benchmarks import results
from benchmarks.old_home_writer import fill
from ledger.database import Database
from ledger.dialects import dialect_of
from ledger.moving.rows import count, tables
from tests import databases
from tests.processes import ROOT

_IMPORTS_S = 1.0
"""About as long as Python takes before a move begins."""


def attune_move(home: Path, source: str, target: str) -> subprocess.Popen[str]:
    """Start `attune move` of the ledger `source`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")}
    environment = kept | {"ATTUNE_HOME": str(home), "ATTUNE_DATABASE_URL": source}
    command = [sys.executable, "-m", "attune", "move", target, "--json"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def finish(home: Path, source: str, target: str) -> tuple[float, dict[str, Any]]:
    """Move undisturbed; return the seconds, with the start of Python, and what the command said."""
    began = time.monotonic()
    said, _ = (process := attune_move(home, source, target)).communicate()
    if process.returncode:
        raise RuntimeError(f"attune move ended with {process.returncode}")
    return round(time.monotonic() - began, 1), json.loads(said)


def killed(home: Path, source: str, target: str, moments: list[float]) -> tuple[list[int], float, dict[str, Any]]:
    """Move with a SIGKILL after so many seconds of each try, and then to the end.

    Returns:
        The rows that each kill left in the target; and what `finish` returns.
    """
    left = []
    for after_s in moments:
        process = attune_move(home, source, target)
        time.sleep(after_s)
        process.kill()
        process.communicate()
        left.append(rows_in(target))
    return left, *finish(home, source, target)


def rows_in(target: str) -> int:
    """Rows that an unfinished move has brought; 0 before the tables are there."""
    engine = dialect_of(target).create_engine()
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
        found = sum(count(connection, table) for table in tables() if table.name in names)
    engine.dispose()
    return found


def digests_of_file(path: Path) -> dict[str, str]:
    """SHA-256 of each table as Python's sqlite3 reads it."""
    found = {}
    with closing(sqlite3.connect(path)) as connection:
        for table in tables():
            order = ", ".join(column.name for column in table.primary_key)
            digest = hashlib.sha256()
            for row in connection.execute(f"select * from {table.name} order by {order}"):
                digest.update(repr(row).encode())
            found[table.name] = digest.hexdigest()
    return found


def measure(folder: Path, server: str, votes: int, kills: int, seed: int) -> dict[str, Any]:
    """Fill a ledger, and move it there and back."""
    draw = random.Random(seed)
    first, back = folder / "ledger.db", folder / "back" / "ledger.db"
    database = Database.open(f"sqlite:///{first}")
    fill(database, votes)
    database.close()
    source = f"sqlite:///{first}"
    with databases.new_database(server) as undisturbed, databases.new_database(server) as target:
        whole_s, _ = finish(folder, source, undisturbed)

        def moments() -> list[float]:
            return [round(_IMPORTS_S + draw.uniform(0, whole_s * 1.6 / kills), 2) for _ in range(kills)]

        there, home_again = moments(), moments()
        left, last_s, moved = killed(folder, source, target, there)
        left_back, back_s, moved_back = killed(folder, target, f"sqlite:///{back}", home_again)
    rows = {name: digest["rows"] for name, digest in moved["digests"].items()}
    return {
        "votes": votes,
        "rows": sum(rows.values()),
        "rows_by_table": rows,
        "mib": round(first.stat().st_size / 2**20, 1),
        "undisturbed_s": whole_s,
        "killed_after_s": {"to_postgresql": there, "to_sqlite": home_again},
        "rows_after_each_kill": {"to_postgresql": left, "to_sqlite": left_back},
        "last_try_s": {"to_postgresql": last_s, "to_sqlite": back_s},
        "same_digests_by_attune": moved["digests"] == moved_back["digests"],
        "same_rows_by_sqlite3": digests_of_file(first) == digests_of_file(back),
        "digests": {name: digest["sha256"] for name, digest in moved["digests"].items()},
    }


def report(found: dict[str, Any]) -> list[str]:
    """Say it in Markdown."""
    killed_after, left, last = found["killed_after_s"], found["rows_after_each_kill"], found["last_try_s"]
    same = found["same_digests_by_attune"] and found["same_rows_by_sqlite3"]
    lines = [
        f"A ledger of {found['votes']:,} votes ({found['rows']:,} rows, {found['mib']} MiB) moved by `attune move` "
        "from SQLite to PostgreSQL on the same machine, each row compared (n = 1). The server did not wait for the "
        "disk.",
        "",
        "| | `kill -9` so many seconds after the start of each try (rows there then) | the last try took |",
        "| --- | --- | --- |",
        f"| to PostgreSQL, undisturbed | never | {found['undisturbed_s']} s |",
        *(
            f"| {words} | {'; '.join(f'{s} ({n:,})' for s, n in zip(killed_after[way], left[way], strict=True))} | "
            f"{last[way]} s |"
            for way, words in (("to_postgresql", "to PostgreSQL"), ("to_sqlite", "and back"))
        ),
        "",
        f"The rows are {'the same' if same else '**not the same**'}: by the digests of `attune move`, and by Python's "
        "sqlite3 on the first file and the last.",
        "",
        "| table | rows | SHA-256 of its rows |",
        "| --- | --- | --- |",
    ]
    rows = found["rows_by_table"]
    return lines + [f"| {name} | {rows[name]:,} | `{digest[:16]}…` |" for name, digest in found["digests"].items()]


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, databases.postgresql_server() as server:
        found = measure(Path(name), server, options.votes, options.kills, options.seed)
    print(results.write("move", found, report(found)))


if __name__ == "__main__":
    main()
