"""The parts of the loop's benchmark: noisy votes, and the thumbs' way into a ledger."""

import tomllib
from collections import Counter
from pathlib import Path

from alignment.snapshot.collect import from_ledger
from alignment.snapshot.config import SnapshotConfig
from alignment.snapshot.stage import write
from attune.simulate.learning import as_toml
from attune.simulate.people import Crowd, gather
from attune.simulate.questions import Question
from benchmarks.loop_report import report
from benchmarks.loop_run import Rated, give_thumbs, settings_of, votes
from ledger.database import Database
from models.recipe.answers import Reply
from models.recipe.corpus import Exchange, Message

SUM = Exchange(
    intent="small sum",
    kind="question",
    prompt="What is two and three?",
    answer="Two and three is five.",
    short="Five.",
    expects=("five",),
    about=("two", "three"),
)
CHAT = (Message("user", SUM.prompt),)


def test_a_tenth_of_the_votes_is_flipped_and_the_active_vote_more() -> None:
    people = gather(Crowd(people=60, contrary=0, random=0), seed=1)
    severity = {person.name: person.severity for person in people}
    scores = [(-4.0, 2.0)[number % 2] for number in range(4000)]
    given = votes(scores, people, 0.1, seed=1)
    right = [vote.liked == (score >= severity[vote.rater]) for vote, score in zip(given, scores, strict=True)]
    assert 0.88 < sum(right) / len(right) < 0.92
    counts = Counter(vote.rater for vote in given)
    assert max(counts.values()) > 3 * sorted(counts.values())[len(counts) // 2]
    assert given[:500] == votes(scores[:500], people, 0.1, seed=1), "500 votes are the first of 4,000"


def test_thumbs_reach_the_snapshot_once_and_no_rater_is_too_fast(ledger_path: Path, tmp_path: Path) -> None:
    asked = [Question((Message("user", f"question {number} of somebody"),), SUM) for number in range(300)]
    given = votes([2.0] * 300, gather(Crowd(people=2, contrary=0, random=0), seed=1), 0.1, seed=1)
    rated = [Rated(asked[n], Reply(f"answer {n}", n % 100 > 0), given[n]) for n in range(300)]
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    for _ in range(2):  # the second time nothing happens
        give_thumbs(database, tmp_path, rated)
    with database.read() as connection:
        collected = from_ledger(connection, SnapshotConfig(), base=1)
    database.close()
    counts = write(collected, SnapshotConfig(near_duplicate_similarity=1.0), tmp_path / "snapshot")
    assert counts.read == {"thumbs": 300}
    assert counts.dropped == {"truncated_answer": 3}


def test_settings_become_toml_and_ppo_keeps_its_checkpoints() -> None:
    given = {"seed": 3, "ppo": {"rollouts": 4, "lora": {"rank": 4}}, "minimum": {"raters": 1}}
    settings = settings_of("ppo", given)
    assert tomllib.loads(as_toml(settings)) == settings
    assert settings["keep_checkpoints"] and settings["ppo"] == {
        "rollouts": 4,
        "lora": {"rank": 4},
        "keep_checkpoints": 10_000,
    }
    assert settings_of("kto", given) == {**given, "algorithm": "kto"}


def test_the_report_says_when_an_aim_is_missed() -> None:
    rate = {"value": 0.7, "low": 0.65, "high": 0.75}
    found = {"win_rate": rate, "gain": rate, "won": 7, "tied": 0, "lost": 3, "kl": 4.0, "manners": {"polite": 0.9}}
    speed = {"rollout_tokens_per_s": 100.0, "update_tokens_per_s": None, "peak_memory_mib": 900.0}
    cell = {"thumbs": 1000, "up": 400, "algorithm": "ppo", "candidate": found, "minutes": 5.0, "speed": speed}
    cell |= {"stage_seconds": {"ppo": 200.0}, "energy_kj": 3.0, "energy_method": "estimated"}
    plan = {"prompts": 10, "settings": {}}
    lines = report({"plan": plan, "cells": [cell], "parent_against_itself": {"win_rate": rate}})
    assert any("**Missed**: 0.700, 5.0 minutes" in line for line in lines)
    assert any(line.startswith("| 1,000 | 40% | PPO | 0.700") for line in lines)
