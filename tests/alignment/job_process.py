"""One run as a process of its own, to be killed: `python -m tests.alignment.job_process URL HOME [RUN]`."""

import sys
from pathlib import Path

from alignment import run
from alignment.config import parse
from ledger.database import Database
from tests.alignment.job_ground import job

CONFIG = {"minimum": {"kto_thumbs": 8, "per_label": 4, "ppo_thumbs": 30}, "snapshot": {"heldout_share": 0.3}}


def main(url: str, home: str, run_id: str | None = None) -> None:
    """Starts or resumes a run with learners that take milliseconds."""
    database = Database.open(url, migrate=False)
    here = job(database, Path(home))
    if run_id is None:
        run.start(here, parse(CONFIG, "test"))
    else:
        run.resume(here, run_id)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
