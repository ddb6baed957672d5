"""`attune align run` as a process of its own, as cron would start it; the ledger says what it came to."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attune.simulate.loop import Learned, Refusal
from ledger import runs, versions
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.records import AlignmentRun, ModelVersion

_LOOK_EVERY_S = 1.0


async def learn(
    database: Database, config: Path, log: Path, environment: Mapping[str, str], show: Callable[[str], None]
) -> Learned:
    """Runs the command to its end.

    Args:
        database: That it works on.
        config: What `--config` gets.
        log: Where its output goes.
        environment: The whole environment of the process.
        show: Told the stage that it is in, for people.
    """
    began, before = time.monotonic(), {run.id for run in _runs(database)}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "attune.bound", str(os.getpid())),
            *("attune", "align", "run", "--config", str(config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(environment),
        )
    while process.returncode is None:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _LOOK_EVERY_S)
        with suppress(LedgerError):  # it is only shown
            show(_stage([run for run in _runs(database) if run.id not in before]))
    run = next((run for run in _runs(database) if run.id not in before), None)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    ended = f"exit status {process.returncode}, its last words: {said[-1] if said else '(none)'}"
    if run is None:
        return Learned(None, None, False, _minutes(began), error=f"no run was begun; {ended}")
    with database.read() as connection:
        made = versions.made_by(connection, run.id)
    return _learned(run, made, ended, _minutes(began))


def figures_of(run: AlignmentRun) -> dict[str, Any]:
    """The reward model's held-out figures that there are, by name."""
    heldout = run.metrics.get("reward-model", {}).get("report", {}).get("heldout", {})
    return {name: found for name, found in heldout.items() if found["value"] is not None}


def as_toml(settings: Mapping[str, Any], table: str = "") -> str:
    """Settings as TOML: JSON's strings, numbers, booleans and lists of them are TOML's."""
    plain = [f"{name} = {json.dumps(value)}" for name, value in settings.items() if not isinstance(value, Mapping)]
    below = [
        as_toml(value, f"{table}.{name}" if table else name)
        for name, value in settings.items()
        if isinstance(value, Mapping)
    ]
    return "\n".join([*([f"[{table}]"] if table else []), *plain, *below]) + "\n"


def _learned(run: AlignmentRun, made: ModelVersion | None, ended: str, minutes: float) -> Learned:
    verdict = None if made is None or made.gate_report is None else made.gate_report["verdict"]
    refusals = [] if verdict is None else [line for line in verdict["criteria"] if not line["passed"]]
    return Learned(
        run.id,
        None if made is None else made.number,
        made is not None and made.state == "passed",
        minutes,
        error=(run.error or ended) if made is None else f"no verdict of the gate; {ended}" if verdict is None else None,
        refusals=tuple(Refusal(line["name"], line["why"]) for line in refusals),
        reward_model=figures_of(run),
        seconds={stage: found["seconds"] for stage, found in run.metrics.items() if "seconds" in found},
        energy_kj=None if run.energy_joules is None else run.energy_joules / 1000,
    )


def _stage(found: Sequence[AlignmentRun]) -> str:
    if not found:
        return "starting"
    return found[0].stage


def _runs(database: Database) -> list[AlignmentRun]:
    with database.read() as connection:
        return runs.latest(connection)


def _minutes(began: float) -> float:
    return (time.monotonic() - began) / 60
