"""An older Attune's home under this one, with 100,000 votes: backed up, migrated, killed meanwhile, and served.

The older revision is checked out beside this one, and its own code serves the starter once and fills the ledger. Then
`attune up` of this revision starts on that home with a real vLLM. `--sql FILE` writes a small ledger of the older
revision as SQL instead, for the tests.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks import results
from ledger.migration_backups import BackupFolder
from tests.processes import ROOT
from tests.stack import Stack

REVISION = "4e4d00a"
WRITER = Path(__file__).with_name("old_home_writer.py")
SMALL = 50
# Serves once, as its user would have: keys, the served version and an answered request are the older Attune's own.
SERVE_ONCE = """
import sys
from pathlib import Path
from tests.stack import Stack
stack = Stack(Path(sys.argv[1]))
stack.run()
stack.stop()
"""
OPEN = "import sys; from ledger.database import Database; Database.open(sys.argv[1]).close()"


@contextmanager
def older(revision: str) -> Iterator[Path]:
    """A checkout of an older revision, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="attune-older-") as name:
        checkout = Path(name) / "attune"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(checkout), revision], check=True)
        try:
            yield checkout
        finally:
            subprocess.run([*git, "remove", "--force", str(checkout)], check=True)


def run_older(checkout: Path, *arguments: str) -> None:
    """Run Python with an older checkout's modules instead of these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")}
    environment = kept | {"PYTHONPATH": str(checkout)}
    subprocess.run([sys.executable, "-P", *arguments], cwd=checkout, env=environment, check=True)


def counts(ledger: Path) -> dict[str, int]:
    """Rows of each table."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return {
            name: connection.execute(f'select count(*) from "{name}"').fetchone()[0]
            for name in names
            if not name.startswith("sqlite_")
        }


def write_sql(checkout: Path, target: Path) -> None:
    """Write a small ledger of the older revision as SQL."""
    with tempfile.TemporaryDirectory() as name:
        ledger = Path(name) / "ledger.db"
        run_older(checkout, str(WRITER), f"sqlite:///{ledger}", str(SMALL))
        with closing(sqlite3.connect(ledger)) as connection:
            target.write_text("\n".join(connection.iterdump()) + "\n")


def kill_while_opening(ledger: Path, after_s: float) -> None:
    """Open the ledger as this revision does, in a process that gets SIGKILL after so many seconds."""
    child = subprocess.Popen([sys.executable, "-c", OPEN, f"sqlite:///{ledger}"], cwd=ROOT, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    child.wait()


def open_once(ledger: Path) -> float:
    """Open the ledger as this revision does; the seconds that it took, with the start of Python."""
    began = time.monotonic()
    command = [sys.executable, "-c", OPEN, f"sqlite:///{ledger}"]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def killed(home: Path, before: dict[str, int], kills: int, seed: int) -> dict[str, Any]:
    """Kill the migration of copies of the ledger at random moments, and open them again: seconds, and what was lost."""
    moments, lost = random.Random(seed), 0
    with tempfile.TemporaryDirectory(dir=home.parent) as name:
        ledger = Path(name) / "ledger.db"
        shutil.copy(home / "ledger.db", ledger)
        whole_s = open_once(ledger)
        migrated_s = open_once(ledger)
        for _ in range(kills):
            shutil.rmtree(ledger.parent / "backups")
            for old in ledger.parent.glob("ledger.db*"):
                old.unlink()
            shutil.copy(home / "ledger.db", ledger)
            kill_while_opening(ledger, moments.uniform(migrated_s / 2, whole_s))
            open_once(ledger)
            now, kept = counts(ledger), counts(BackupFolder(ledger).finished()[-1][1])
            same = all(now[table] == kept[table] == rows for table, rows in before.items())
            lost += not (same and not list(BackupFolder(ledger).path.glob("*.partial")))
    return {"opened_s": round(whole_s, 2), "opened_again_s": round(migrated_s, 2), "kills": kills, "damaged": lost}


def serve(stack: Stack) -> dict[str, Any]:
    """Start this revision on the home; seconds until it answers, and what an answer and a vote on it are stored as."""
    began = time.monotonic()
    stack.run()
    try:
        ready_s = time.monotonic() - began
        headers = {"Authorization": f"Bearer {stack.secrets.admin}", "X-Attune-User": "ann"}
        with httpx.Client(base_url=stack.base_url, headers=headers, timeout=60) as client:
            body = {"model": "attune", "messages": [{"role": "user", "content": "Hello!"}]}
            answer = client.post("/chat/completions", json=body).raise_for_status().json()
            vote = client.post("/feedback", json={"completion_id": answer["id"], "value": 1}).raise_for_status().json()
        return {"ready_s": round(ready_s, 1), "version": answer["model"], "vote": vote["kind"]}
    finally:
        stack.stop()


def measure(checkout: Path, folder: Path, votes: int, kills: int) -> dict[str, Any]:
    """Make the older home in `folder`, and bring it to this revision."""
    run_older(checkout, "-c", SERVE_ONCE, str(folder))
    home = folder / "home"
    ledger = home / "ledger.db"
    run_older(checkout, str(WRITER), f"sqlite:///{ledger}", str(votes))
    before, mib = counts(ledger), ledger.stat().st_size / 2**20
    newest = sorted(path.name for path in (ROOT / "ledger" / "migrations" / "versions").glob("[0-9]*.py"))[-1]
    broken = killed(home, before, kills, seed=1)
    stack = Stack(folder)
    served = serve(stack)
    after = counts(ledger)
    ((_, backup),) = BackupFolder(ledger).finished()
    added = {table: after[table] - rows for table, rows in before.items() if after[table] != rows}
    return {
        "revision": REVISION,
        "newest_migration": newest.removesuffix(".py"),
        "rows_before": before,
        "rows_added_by_serving": added,
        "backup_rows_equal": counts(backup) == before,
        "backup_mode": oct(backup.stat().st_mode & 0o777),
        "ledger_mib": round(mib, 1),
        "backup_mib": round(backup.stat().st_size / 2**20, 1),
        "killed": broken,
        **served,
    }


def main() -> None:
    """Write the small ledger, or measure the large one and write the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--votes", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--sql", type=Path)
    arguments = parser.parse_args()
    with older(REVISION) as checkout:
        if arguments.sql:
            write_sql(checkout, arguments.sql)
            return
        with tempfile.TemporaryDirectory(prefix="attune-") as name:
            found = measure(checkout, Path(name), arguments.votes, arguments.kills)
    broken = found["killed"]
    lines = [
        f"A home of revision {REVISION}, which its own code served and filled, under this revision. n = 1.",
        "",
        "| what | |",
        "| --- | --- |",
        f"| votes in the ledger before | {found['rows_before']['feedback']:,} |",
        f"| rows in all tables before | {sum(found['rows_before'].values()):,} |",
        f"| the newest migration | {found['newest_migration']} |",
        f"| the ledger, MiB | {found['ledger_mib']} |",
        f"| seconds to open it: backed up and migrated; once more | {broken['opened_s']}; {broken['opened_again_s']} |",
        f"| `attune up` on it, with a real vLLM: seconds until it answers | {found['ready_s']} |",
        f"| the backup has the same rows in each table | {'yes' if found['backup_rows_equal'] else 'NO'} |",
        f"| rows that starting, one answer and one vote added | {found['rows_added_by_serving']} |",
        f"| opened again after kill -9 at a random moment of the migration: damaged | {broken['damaged']} "
        f"of {broken['kills']} |",
    ]
    path = results.write("old-home", found, lines)
    print("\n".join([*lines, "", f"written to {path}"]))


if __name__ == "__main__":
    main()
