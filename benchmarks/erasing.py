"""What an erasing leaves on disk, byte by byte: `python -m benchmarks.erasing`.

Three parts: a home with a real alignment run of a small model (PPO, with its reward model, checkpoints and event
files), from which a person is erased by `attune users erase`; random histories of a SQLite ledger, with `secure_delete`
and an emptied log alone and with VACUUM after it; and a PostgreSQL server after DELETE, VACUUM and VACUUM FULL.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import create_engine, make_url, text

from benchmarks import results
from ledger.database import Database
from ledger.intervals import wilson
from tests.databases import postgresql_server

MARK = "Marmeladenbaum"
WRITES = 3000
_DELETE = "delete from notes where who = ?"

# Runs in a process of its own, whose caches and temporary files lie below the folder that is searched.
_RUN = """
import sys
from pathlib import Path
from alignment import learners, run
from alignment.config import parse
from alignment.recorded_run import Job
from ledger import completions, feedback
from ledger.database import Database
from ledger.keys import list_all
from ledger.records import Choice, Completion, NewFeedback
from tests.alignment.job_ground import give_feedback
from tests.random_model import write_random_model

place, mark = Path(sys.argv[1]), sys.argv[2]
home = place / "home"
database = Database.open(f"sqlite:///{home / 'ledger.db'}")
give_feedback(database, write_random_model(place / "model"), home, votes=100)
with database.write() as connection:
    key = list_all(connection)[0]
    for index in range(24):
        asked = [{"role": "user", "content": f"{mark} question {index}, unlike {index * index} others"}]
        row = Completion(f"chatcmpl-zed{index}", "/v1/chat/completions", "acme", key.id, "zed", asked, {},
                         (Choice(0, f"{mark} answer {index} {index * 7}", "stop"),), "complete", 1)
        completions.insert(connection, row)
        feedback.add(connection, NewFeedback(row.id, "acme", "zed", 1 if index % 2 else -1, comment=mark))
config = parse({
    "algorithm": "ppo", "keep_checkpoints": True, "minimum": {"per_label": 4, "ppo_thumbs": 30},
    "reward_model": {"most_steps": 4, "save_every": 2, "shuffled_control": False},
    "ppo": {"rollouts": 2, "prompts_per_rollout": 4, "max_new_tokens": 8, "eval_prompts": 4, "save_every": 1},
}, "benchmark")
run.start(Job(database, home, learners.real(), print), config)
"""


def main() -> None:
    """Runs the three parts and writes what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=20)
    histories: int = parser.parse_args().histories
    with tempfile.TemporaryDirectory(prefix="attune-erasing-") as folder:
        run = _after_a_run(Path(folder))
    with tempfile.TemporaryDirectory(prefix="attune-erasing-") as folder:
        left = [_history(Path(folder) / f"{seed}.db", seed) for seed in range(histories)]
    with postgresql_server() as url:
        postgresql = _postgresql(url)
    found = {"run": run, "histories": left, "postgresql": postgresql}
    report = _report(run, left, postgresql)
    print("\n".join(report))
    print(results.write("erasing", found, report))


def _after_a_run(place: Path) -> dict[str, Any]:
    """How many files and places hold the person's text before and after `attune users erase`."""
    (place / "tmp").mkdir()
    environment = {**os.environ, "ATTUNE_HOME": str(place / "home"), "HF_HOME": str(place / "huggingface")}
    environment |= {"TMPDIR": str(place / "tmp"), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", _RUN, str(place), MARK], env=environment, check=True)
    before = _places(place)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "attune", "users", "erase", "zed", "--yes"], env=environment, check=True, cwd=place
    )
    return {"before": before, "after": _places(place), "seconds": time.monotonic() - began}


def _places(folder: Path) -> dict[str, int]:
    """Occurrences of the text in each file below a folder that has any, in UTF-8 and UTF-16."""
    needles = [MARK.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    counted = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if count := sum(content.count(needle) for needle in needles):
            counted[path.relative_to(folder).as_posix()] = count
    return counted


def _history(path: Path, seed: int) -> dict[str, int]:
    """Random writes, then a DELETE: places with the text after `secure_delete` and an emptied log, and after VACUUM."""
    draw = random.Random(seed)
    connection = sqlite.connect(str(path), isolation_level=None)
    for statement in (
        *("pragma journal_mode = wal", "pragma secure_delete = on", "pragma synchronous = off"),
        *("create table notes (id text primary key, who text, words text)", "create index who on notes (who, id)"),
    ):
        connection.execute(statement)
    for _ in range(WRITES):
        who = MARK if draw.random() < 0.3 else f"u{draw.randint(0, 9)}"
        words = (MARK if who == MARK else "other") * draw.randint(1, 600 if draw.random() < 0.2 else 30)
        connection.execute("insert into notes values (?, ?, ?)", (str(draw.random()), who, words))
        if draw.random() < 0.1:
            connection.execute("delete from notes where id in (select id from notes where who = 'u3' limit 2)")
        if draw.random() < 0.1:
            connection.execute("update notes set words = words || 'z' where id in (select id from notes limit 3)")
    connection.execute(_DELETE, (MARK,))
    connection.execute("pragma wal_checkpoint(truncate)")
    secure = path.read_bytes().count(MARK.encode())
    connection.close()
    database = Database.open(f"sqlite:///{path}", migrate=False)
    database.vacuum()
    database.close()
    return {"secure_delete": secure, "vacuum": path.read_bytes().count(MARK.encode())}


def _postgresql(url: str) -> dict[str, dict[str, int]]:
    """Rows of the text that the server's files hold after each step, in the tables and in the write-ahead log."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        data = Path(connection.execute(text("show data_directory")).scalar_one())
        connection.execute(text("create table notes (id serial primary key, words text)"))
        for index in range(200):
            words = f"{MARK if index % 4 == 0 else 'other'} {index} " + f"x{index}" * 50
            connection.execute(text("insert into notes (words) values (:words)"), {"words": words})
        found = {}
        steps = {
            "stored": [],
            "DELETE": [f"delete from notes where words like '{MARK}%'"],
            "VACUUM": ["vacuum notes"],
            "VACUUM FULL": ["vacuum full notes"],
            "3 segments later": [
                statement
                for name in "abc"
                for statement in ("select pg_switch_wal()", f"create table {name} ()", "checkpoint")
            ],
        }
        for name, statements in steps.items():
            for statement in (*statements, "checkpoint"):
                connection.execute(text(statement))
            counted = _places(data)
            log = sum(count for path, count in counted.items() if path.startswith("pg_wal/"))
            found[name] = {"tables": sum(counted.values()) - log, "log": log}
    engine.dispose()
    return found


def _report(run: dict[str, Any], left: list[dict[str, int]], postgresql: dict[str, dict[str, int]]) -> list[str]:
    secure, rewritten = (_share([found[kind] for found in left]) for kind in ("secure_delete", "vacuum"))
    return [
        f"A person whose 24 votes a real run (PPO, 2 rollouts) learned from: the text stood in {len(run['before'])} "
        f"files ({sum(run['before'].values())} places) of home, temporary folder and Hugging Face's cache, and in "
        f"{len(run['after'])} after `attune users erase`, which took {run['seconds']:.1f} s with its start.",
        "",
        f"Random histories of {WRITES:,} writes with some text left after its DELETE: {secure} with `secure_delete` "
        f"and an emptied log, {rewritten} after VACUUM.",
        "",
        "| PostgreSQL, 50 rows erased | rows in the tables' files | in `pg_wal` |",
        "| --- | --- | --- |",
        *(f"| {step} | {found['tables']} | {found['log']} |" for step, found in postgresql.items()),
    ]


def _share(places: list[int]) -> str:
    dirty = sum(count > 0 for count in places)
    low, high = wilson(dirty, len(places))
    return f"{dirty} of {len(places)} (95 % {low:.2f} to {high:.2f}; {max(places)} places at most)"


if __name__ == "__main__":
    main()
