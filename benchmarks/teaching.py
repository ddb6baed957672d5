"""A version that was taught to answer in some way: SFT by `attune align run`, as an operator would have it made."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import update

from attune.simulate.learning import as_toml
from ledger import versions
from ledger.database import Database
from ledger.schema import model_versions
from tests.processes import ROOT


def attune(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line of an installation whose environment is given."""
    command = [sys.executable, "-m", "attune", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


def teach(
    environment: Mapping[str, str],
    database: Database,
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    training: Mapping[str, Any],
) -> int:
    """Makes a version of v1 that passes for one which has passed the gate; returns its number.

    Args:
        environment: Of the installation.
        database: Its ledger.
        rows: What it is to answer, in TRL's unpaired format.
        folder: For the rows and the configuration.
        training: The `[preference]` of the configuration.

    Raises:
        RuntimeError: The run failed; the message ends with what it said.
    """
    lessons, config = folder / "lessons.jsonl", folder / "align.toml"
    lessons.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config.write_text(as_toml({"algorithm": "sft", "preference": training}))
    ended = attune(environment, "align", "run", "--no-gate", "--config", str(config), "--from-file", str(lessons))
    if ended.returncode != 0:
        raise RuntimeError(f"attune align run ended with {ended.returncode}: {ended.stderr[-2000:]}")
    with database.write() as connection:
        number = max(versions.base_paths(connection))
        made = model_versions.c.number == number
        connection.execute(update(model_versions).where(made).values(state="passed"))
    return number
