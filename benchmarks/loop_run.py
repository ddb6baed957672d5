"""One alignment run for `benchmarks.loop_learns`: votes into a ledger, `attune align run`, and what it cost."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from alignment.run import running
from attune.simulate.learning import as_toml
from attune.simulate.people import Person, draw, thumb
from attune.simulate.questions import Question
from ledger import completions, feedback, keys, runs, versions
from ledger.database import Database
from ledger.model_files import fingerprint
from ledger.records import AlignmentRun, Choice, Completion, NewFeedback
from models.recipe.answers import Reply
from tests.stack import STARTER

ROOT = Path(__file__).resolve().parent.parent
# A minute lies between two votes, so that no rater comes near the snapshot's limit of votes an hour.
_BEGAN, _BETWEEN = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Vote:
    """A thumb."""

    rater: str
    liked: bool


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer, and what somebody said of it."""

    question: Question
    reply: Reply
    vote: Vote


def votes(scores: Sequence[float], people: Sequence[Person], flipped: float, seed: int) -> list[Vote]:
    """One vote on each answer, by somebody.

    The first votes do not depend on how many answers come after them.

    Args:
        scores: Of the answers, by the taste.
        people: Who vote.
        flipped: Share of the votes that say the opposite of what was meant.
        seed: Of who votes on what, and which votes are flipped.
    """
    random = Random(f"votes:{seed}")
    given = []
    for score in scores:
        person = draw(people, random)
        given.append(Vote(person.name, thumb(person, score, False, flipped, random)))
    return given


def give_thumbs(database: Database, home: Path, rated: Sequence[Rated]) -> None:
    """Makes the starter live and stores answers with the vote on each: all at once, or not at all.

    Args:
        database: Without any version yet; with one, nothing is done, because the thumbs are there.
        home: Of the ledger, for the cache of hashes.
        rated: In the order of the votes.
    """
    digest = fingerprint(STARTER, home / "cache" / "sha256")
    with database.write() as connection:
        if versions.list_all(connection):
            return
        number = versions.register_base(connection, path=str(STARTER), sha256=digest).number
        key = keys.create(connection, name="benchmark", owner="people", scopes=("inference", "feedback"))[0]
        for index, one in enumerate(rated):
            at = _BEGAN + index * _BETWEEN
            answer = Completion(
                id=f"chatcmpl-{index:05}",
                endpoint="/v1/chat/completions",
                owner=key.owner,
                key_id=key.id,
                user=one.vote.rater,
                messages=[message.model_dump() for message in one.question.prompt],
                params={"temperature": 1.0},
                choices=(Choice(0, one.reply.text, "stop" if one.reply.ended else "length"),),
                status="complete",
                model_version=number,
                created_at=at,
            )
            completions.insert(connection, answer)
            value = 1 if one.vote.liked else -1
            feedback.add(connection, NewFeedback(answer.id, key.owner, one.vote.rater, value, created_at=at))


def align(database: Database, home: Path, settings: Mapping[str, Any]) -> AlignmentRun:
    """`attune align run` in a process of its own, without the gate; an interrupted one is gone on with.

    Raises:
        CalledProcessError: It failed; it has said why.
    """
    while running(database):  # a child of a benchmark that was killed
        time.sleep(5)
    newest_run = _latest(database)
    if newest_run is None or not newest_run.done:
        config = home / "align.toml"
        config.write_text(as_toml(settings))
        how = ["--config", str(config)] if newest_run is None else ["--resume", newest_run.id]
        if newest_run is not None:
            (home / "interrupted").touch()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")}
        command = [sys.executable, "-m", "attune", "align", "run", "--no-gate", *how]
        subprocess.run(command, cwd=ROOT, env={**inherited, "ATTUNE_HOME": str(home)}, check=True)
        newest_run = _latest(database)
    assert newest_run is not None and newest_run.done, "a run that ends with status 0 is done"
    return newest_run


def settings_of(algorithm: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The run's settings: what was given, the algorithm, and that PPO's checkpoints stay, for the curve."""
    if algorithm != "ppo":
        return {**given, "algorithm": algorithm}
    ppo = {**given.get("ppo", {}), "keep_checkpoints": 10_000}
    return {**given, "algorithm": algorithm, "keep_checkpoints": True, "ppo": ppo}


def cost(run: AlignmentRun, interrupted: bool) -> dict[str, Any]:
    """Seconds of each stage, minutes of the whole run (None for one that was interrupted), speed and energy."""
    policy = next(name for name in ("ppo", "kto", "sft") if name in run.metrics)
    seconds = {stage: found["seconds"] for stage, found in run.metrics.items() if "seconds" in found}
    took_s = (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0
    return {
        "stage_seconds": seconds,
        "minutes": None if interrupted else took_s / 60,
        "speed": run.metrics[policy]["report"]["speed"],
        "stopped": run.metrics[policy]["report"]["stopped"],
        "energy_kj": (run.energy_joules or 0.0) / 1000,
        "energy_method": run.metrics[policy]["energy"]["cpu"],
    }


def _latest(database: Database) -> AlignmentRun | None:
    with database.read() as connection:
        return next(iter(runs.latest(connection, 1)), None)
