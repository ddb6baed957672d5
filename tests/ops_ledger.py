"""A ledger after weeks of use, made up: what the ops page is looked at and timed with.

Four versions grew from each other by three alignment runs, people voted on all of them, the fourth is tried as a canary
on a tenth of the people, and a fifth was refused by the gate. Everything is drawn from a seed.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sqlalchemy import Connection, insert, select, update

from ledger import engines
from ledger.clock import utc_now
from ledger.database import Database
from ledger.records import Engine
from ledger.schema import (
    alignment_runs,
    api_keys,
    audit,
    completions,
    deployments,
    feedback,
    model_versions,
    snapshot_feedback,
    snapshots,
    users,
)

DAYS = 13
REASONS = ("wrong", "too long", "too short", "rude", "did not follow", "helpful", "clear", "kind")
LIKED = {1: 0.55, 2: 0.66, 3: 0.74, 4: 0.79}
_BATCH = 2000
_THRESHOLDS = {
    "win_rate": ("lower end above 0.5", (0.61, 0.55, 0.67, 250)),
    "facts": ("lower end at least -0.05", (0.01, -0.02, 0.04, 200)),
    "names": ("lower end at least -0.05", (0.03, -0.01, 0.06, 200)),
    "harmful": ("lower end at least -0.02", (0.00, -0.01, 0.01, 200)),
    "length": ("upper end at most 1.5", (1.12, 1.05, 1.19, 250)),
}


def fill(database: Database, *, votes: int = 2400, people: int = 600, seed: int = 7) -> None:
    """Fills a ledger that has a key and the version 1 and nothing else.

    Args:
        database: The ledger.
        votes: How many, in all; there is a quarter more answers.
        people: Who gave them.
        seed: Of all that is drawn.
    """
    random, now = Random(seed), utc_now()
    with database.write() as connection:
        key_id = connection.execute(select(api_keys.c.id).limit(1)).scalar_one()
        _versions(connection, now)
        raters = [f"usr_{number:032x}" for number in range(people)]
        known = {"owner": "acme", "created_at": now - timedelta(days=DAYS)}
        rows = [{"id": rater, "external_id": rater[-6:]} | known for rater in raters]
        connection.execute(insert(users), rows)
        _votes(connection, random, now, key_id, raters, votes)
        _rollout(connection, now)


def draw_pictures(home: Path) -> None:
    """Lays a run's pictures where the job lays them, so that there is something to see."""
    for path, label in (("ppo/curves", "objective/scores"), ("reward-model/learning", "eval/loss")):
        target = home / "runs" / run_id(3) / f"{path}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        figure = Figure(figsize=(4.5, 3), layout="constrained")
        figure.subplots().plot([0.1 * step**0.5 for step in range(40)], label=label)
        FigureCanvasAgg(figure).print_png(str(target))


def run_id(version: int) -> str:
    """Of the run that made a version; 6 stands for the one that failed."""
    return f"run_{_digest(f'run {version}')}"


def snapshot_id(version: int) -> str:
    """Of the snapshot that the version's run learned from; only that of version 4 holds votes."""
    return f"snap_{_digest(f'snapshot {version}')}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _estimate(value: float, half: float, n: int) -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "n": n, "method": "Wilson"}


def _versions(connection: Connection, now: datetime) -> None:
    made = {2: (1, DAYS - 4), 3: (2, DAYS - 8), 4: (3, 3), 5: (3, 2)}
    states = {2: "retired", 3: "live", 4: "canary", 5: "rejected"}
    first = update(model_versions).where(model_versions.c.number == 1)
    connection.execute(first.values(created_at=now - timedelta(days=DAYS)))
    for version, (parent, age) in made.items():
        at = now - timedelta(days=age)
        snapshot = {"id": snapshot_id(version), "content_sha256": f"{version:064x}", "path": "/runs", "filters": {}}
        connection.execute(insert(snapshots).values(**snapshot, counts={}, created_at=at))
        connection.execute(insert(model_versions).values(**_version(version, parent, states[version], at)))
        connection.execute(insert(alignment_runs).values(**_run(version, parent, at)))
    failed = _run(6, 3, now - timedelta(days=1))
    failed |= {"snapshot_id": None, "stage": "ppo", "metrics": {}, "error": "The disk is full: 0.2 GiB are left."}
    connection.execute(insert(alignment_runs).values(**failed))


def _version(version: int, parent: int, state: str, at: datetime) -> dict[str, Any]:
    refused = {"harmful"} if state == "rejected" else set()
    criteria = [
        {
            "name": name,
            "figure": _estimate(value, (high - low) / 2, n) if name not in refused else _estimate(-0.06, 0.02, n),
            "threshold": asked,
            "passed": name not in refused,
            "why": "within its bounds" if name not in refused else "the lower end -0.080 is below -0.02",
            "reason": "so that nothing else gets worse",
            "notes": [],
        }
        for name, (asked, (value, low, high, n)) in _THRESHOLDS.items()
    ]
    verdict = {
        "candidate": f"attune@v{version}",
        "parent": f"attune@v{parent}",
        "passed": not refused,
        "criteria": criteria,
    }
    report = {"verdict": verdict, "passed": not refused, "report": "/runs/gate", "inputs": {}}
    return {
        "number": version,
        "parent_number": parent,
        "form": "adapter",
        "path": f"/versions/{version}",
        "sha256": f"{version:064x}",
        "run_id": run_id(version),
        "gate_report": report,
        "state": state,
        "created_at": at,
    }


def _run(version: int, parent: int, at: datetime) -> dict[str, Any]:
    accuracy, n = 0.60 + 0.025 * version, 120 + 60 * version
    looks = [
        {
            "rollout": 4 * step,
            "score": 0.4 * (1 - 0.8**step),
            "kl": 0.9 * step**1.2,
            "entropy": 1.4 - 0.05 * step,
            "length": 41.0 + step,
            "truncated": 0.01,
        }
        for step in range(9)
    ]
    quality = {"accuracy": _estimate(accuracy, 0.05, n), "auroc": _estimate(accuracy + 0.03, 0.04, 2 * n)}
    control = {"accuracy": _estimate(0.53, 0.05, n), "auroc": _estimate(0.52, 0.04, 2 * n)}
    return {
        "id": run_id(version),
        "snapshot_id": snapshot_id(version),
        "parent_number": parent,
        "stage": "done",
        "config": {"seed": 17, "ppo": {"rollouts": 32, "kl_coef": 0.05}},
        "metrics": {
            "choice": {"algorithm": "ppo", "reason": "900 thumbs and 120 comparisons are enough for PPO."},
            "snapshot": {"newest_vote": 50 * version, "seconds": 1.2, "report": {}},
            "reward-model": {"report": {"heldout": quality, "longer_wins": control}, "seconds": 190.0},
            "ppo": {
                "report": {"heldout": {"score_gain": _estimate(0.31, 0.07, 200)}, "looks": looks, "steps": 128},
                "seconds": 1380.0,
            },
        },
        "energy_joules": 61_000.0,
        "created_at": at - timedelta(hours=1),
        "updated_at": at,
        "finished_at": at,
    }


def _votes(connection: Connection, random: Random, now: datetime, key_id: str, raters: list[str], votes: int) -> None:
    answered: list[dict[str, Any]] = []
    voted: list[dict[str, Any]] = []
    for number, at in enumerate(_times(random, now, votes * 5 // 4)):
        rater = random.choice(raters)
        version, route = _version_of(now, at, rater)
        answer = _completion(random, f"chatcmpl-{number:032x}", key_id, rater, version, route, at)
        answered.append(answer)
        if number % 5:
            voted.append(_vote(random, len(voted), answer))
    for start in range(0, len(answered), _BATCH):
        connection.execute(insert(completions), answered[start : start + _BATCH])
    for start in range(0, len(voted), _BATCH):
        connection.execute(insert(feedback), voted[start : start + _BATCH])
    learned = [{"snapshot_id": snapshot_id(4), "feedback_id": vote["id"]} for vote in voted[: len(voted) // 2]]
    for start in range(0, len(learned), _BATCH):
        connection.execute(insert(snapshot_feedback), learned[start : start + _BATCH])


def _times(random: Random, now: datetime, count: int) -> Iterator[datetime]:
    """Moments up to now, more of them of late; the last fifty in the last four minutes, as engines show them."""
    span_s = DAYS * 86_400
    older = sorted(span_s * (1 - random.random() ** 0.7) for _ in range(count - 50))
    for age_s in [*reversed(older), *sorted((240 * random.random() for _ in range(50)), reverse=True)]:
        yield now - timedelta(seconds=age_s)


def _version_of(now: datetime, at: datetime, rater: str) -> tuple[int, str]:
    age = (now - at).days
    if age < 3 and int(rater[4:], 16) % 10 == 0:
        return 4, "canary"
    return (3 if age < DAYS - 8 else 2 if age < DAYS - 4 else 1), "live"


def _completion(
    random: Random, completion_id: str, key_id: str, rater: str, version: int, route: str, at: datetime
) -> dict[str, Any]:
    tokens, ttft_ms = random.randint(12, 90), random.lognormvariate(4.2, 0.35)
    return {
        "id": completion_id,
        "endpoint": "/v1/chat/completions",
        "owner": "acme",
        "key_id": key_id,
        "user_id": rater,
        "messages": [{"role": "user", "content": "What is a ledger?"}],
        "params": {},
        "choices": [{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": None}],
        "usage": {"prompt_tokens": 9, "completion_tokens": tokens},
        "model_version": version,
        "route": route,
        "ttft_ms": ttft_ms,
        "duration_ms": ttft_ms + tokens * random.uniform(2, 4),
        "status": "error" if random.random() < 0.004 else "complete",
        "created_at": at,
    }


def _vote(random: Random, number: int, answer: dict[str, Any]) -> dict[str, Any]:
    up = random.random() < LIKED[answer["model_version"]]
    named = REASONS[5:] if up else REASONS[:5]
    reasons = random.sample(named, random.choice((0, 0, 1, 1, 2)))
    return {
        "id": f"fb_{number:032x}",
        "completion_id": answer["id"],
        "choice_index": 0,
        "owner": "acme",
        "user_id": answer["user_id"],
        "kind": "correction" if not up and number % 17 == 0 else "thumb",
        "value": 1 if up else -1,
        "reasons": reasons,
        "comment": "One line would do." if "too long" in reasons and number % 3 == 0 else None,
        "preferred_over_choice": 0,
        "source": "chat_ui",
        "body_sha256": "0" * 64,
        "created_at": answer["created_at"] + timedelta(seconds=5),
    }


def _rollout(connection: Connection, now: datetime) -> None:
    """The deployment as it stands, and how it came to that."""
    connection.execute(update(model_versions).where(model_versions.c.number == 1).values(state="retired"))
    desired = {"live_version": 3, "canary_version": 4, "canary_share": 0.1}
    connection.execute(update(deployments).values(**desired, updated_at=now))
    steps = [
        ("canary", 2, (1, 2, 0.1), DAYS - 3.5, "ada", "looks good in the report"),
        ("promote", 2, (2, None, 0.0), DAYS - 4, "canary analysis", "Thumbs-up did not become rarer by 5% or more."),
        ("canary", 3, (2, 3, 0.25), DAYS - 7.5, "ada", "second round"),
        ("promote", 3, (3, None, 0.0), DAYS - 8, "canary analysis", "Thumbs-up did not become rarer by 5% or more."),
        ("canary", 4, (3, 4, 0.1), 3.0, "key sk-attune-1a2b (ops)", "passed the gate on Monday"),
        ("gate", 5, None, 2.0, "ada", "the gate says: rejected"),
    ]
    before = (1, None, 0.0)
    for number, (action, version, after, age, actor, reason) in enumerate(steps):
        detail = None if after is None else {"before": _deployment(before), "after": _deployment(after)}
        entry = {"id": f"aud_{number:032x}", "actor": actor, "action": action, "subject": f"v{version}"}
        at = now - timedelta(days=age)
        connection.execute(insert(audit).values(**entry, reason=reason, detail=detail, created_at=at))
        before = after or before
    for engine in engines.list_all(connection):
        engines.remove(connection, engine.id)
    for version in (3, 4):
        told = f"attune@v{version} on CPU, bfloat16, 4.8 million parameters"
        row = Engine(f"engine_{version}", f"unix:///tmp/{version}.sock", version, "ready", told)
        # No controller will speak of them again, and they should not look forsaken at once.
        engines.upsert(connection, replace(row, updated_at=now + timedelta(hours=1)))


def _deployment(state: tuple[int, int | None, float]) -> dict[str, Any]:
    return dict(zip(("live_version", "canary_version", "canary_share"), state, strict=True))
