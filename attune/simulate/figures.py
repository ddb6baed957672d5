"""A simulation in figures, each with n and a 95 % interval: the report's content, and its JSON."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from attune.simulate.api import Api
from attune.simulate.chatting import Judged, Rated
from attune.simulate.loop import Learned, Measured, Plan, Round, Story, Trial
from evals.statistics import Estimate, bootstrap, mean_interval, wilson
from ledger.clock import iso
from ledger.records import AuditEntry

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Around:
    """What the ledger and the clock say of a simulation.

    Attributes:
        base_model: Folder of the base, with its hash.
        began: When Attune answered.
        ended: When the last vote was given.
        minutes: From the start of the command to there.
        stored_votes: How many more votes the ledger has than before.
        entries: Of the audit, newest first.
    """

    base_model: str
    began: datetime
    ended: datetime
    minutes: float
    stored_votes: int
    entries: Sequence[AuditEntry]


def figures(plan: Plan, story: Story, api: Api, around: Around) -> dict[str, Any]:
    """All of the report, as JSON."""
    return {
        "plan": asdict(plan),
        "base_model": around.base_model,
        "began": iso(around.began),
        "ended": iso(around.ended),
        "minutes": around.minutes,
        "stopped": story.stopped,
        "rounds": [_round(each, plan) for each in story.rounds],
        "closing": _thumbs(story.closing, plan.seed),
        "versions": versions(story, plan.seed),
        "refused": [line for each in story.rounds for line in _refused(each)],
        "events": timeline(around.entries, around.began),
        "energy_kj": sum(each.learned.energy_kj or 0.0 for each in story.rounds),
        "requests": dict(api.sent),
        "failures": [asdict(failure) for failure in api.failures],
        "votes": {"acknowledged": api.sent["vote"] - _failed(api, "vote"), "stored": around.stored_votes},
    }


def versions(story: Story, seed: int) -> list[dict[str, Any]]:
    """What the taste says of each version that was live, beside the base on the same questions."""
    measured = {story.base.version: story.base} | {each.measured.version: each.measured for each in story.rounds}
    return [_version(found, story.base, seed) for found in measured.values()]


def _round(found: Round, plan: Plan) -> dict[str, Any]:
    return {
        "number": found.number,
        "thumbs": _thumbs(found.rated, plan.seed),
        "learned": asdict(found.learned),
        "trial": None if found.trial is None else _trial(found.trial),
        "live_after": found.measured.version,
    }


def _thumbs(rated: Sequence[Rated], seed: int) -> dict[str, Any]:
    """Share of thumbs up: of all people, and of the honest alone."""
    honest = [one for one in rated if one.person.character == "honest"]
    return {
        "version": sorted({one.version for one in rated}),
        "up": _share_up(rated, seed).model_dump(),
        "up_by_the_honest": _share_up(honest, seed).model_dump(),
        "score": _by_person(rated, lambda one: one.score, seed).model_dump(),
        "names_brand": _names_brand(rated),
    }


def _trial(trial: Trial) -> dict[str, Any]:
    """The trial, with each arm's share of thumbs up; each person voted once, so Wilson's interval holds."""
    arms = {
        "canary": [one for one in trial.rated if one.version == trial.version],
        "live": [one for one in trial.rated if one.version != trial.version],
    }
    told = ("version", "outcome", "reason", "minutes")
    return (
        {name: getattr(trial, name) for name in told}
        | {name: wilson(sum(one.up for one in arm), len(arm)).model_dump() for name, arm in arms.items()}
        | {"names_brand": {name: _names_brand(arm) for name, arm in arms.items()}}
    )


def _version(found: Measured, base: Measured, seed: int) -> dict[str, Any]:
    seen = [answer for answer in found.answers if answer is not None]
    pairs = [(a, b) for a, b in zip(found.answers, base.answers, strict=True) if a is not None and b is not None]
    gain = np.array([ours.score - theirs.score for ours, theirs in pairs], dtype=np.float64)
    outcome = np.where(gain > 0, 1.0, np.where(gain == 0, 0.5, 0.0))
    return {
        "version": found.version,
        "score": _mean(seen, lambda answer: answer.score, seed).model_dump(),
        "win_rate": None if found is base else mean_interval(outcome, _RESAMPLES, seed).model_dump(),
        "names_brand": wilson(sum(answer.names_brand for answer in seen), len(seen)).model_dump(),
        "kl": found.kl,
        "manners": {manner: count / len(seen) for manner, count in _counted(answer.manner for answer in seen)},
    }


def _refused(found: Round) -> list[str]:
    """What was not let through in a round, a sentence each."""
    return [f"Round {found.number}: {line}" for line in (*_not_learned(found.learned), *_not_promoted(found.trial))]


def _not_learned(learned: Learned) -> list[str]:
    if learned.error is not None:
        return [f"the alignment run ended without a verdict: {learned.error}"]
    return [
        f"the gate refused attune@v{learned.version} for {refusal.criterion}: {refusal.why}"
        for refusal in learned.refusals
    ]


def _not_promoted(trial: Trial | None) -> list[str]:
    if trial is None or trial.outcome == "promoted":
        return []
    return [f"the canary attune@v{trial.version} was {trial.outcome}: {trial.reason}"]


def _share_up(rated: Sequence[Rated], seed: int) -> Estimate:
    return _by_person(rated, lambda one: float(one.up), seed)


def _names_brand(rated: Sequence[Rated]) -> dict[str, Any]:
    """Share of answers that name the brand, of those to questions that did not."""
    said = [one.names_brand for one in rated if one.names_brand is not None]
    return wilson(sum(said), len(said)).model_dump()


def _by_person(rated: Sequence[Rated], value: Callable[[Rated], float], seed: int) -> Estimate:
    """A mean whose interval draws whole people: one person's votes are not independent."""
    values = np.array([value(one) for one in rated], dtype=np.float64)
    people = [one.person.name for one in rated]
    found = bootstrap(lambda rows: float(values[rows].mean()), people, _RESAMPLES, seed)
    return found.model_copy(update={"method": "bootstrap by person"})


def _mean(seen: Sequence[Judged], value: Callable[[Judged], float], seed: int) -> Estimate:
    return mean_interval(np.array([value(answer) for answer in seen], dtype=np.float64), _RESAMPLES, seed)


def _counted(names: Iterable[str]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return sorted(counts.items())


def _failed(api: Api, kind: str) -> int:
    return sum(failure.request == kind for failure in api.failures)


def timeline(entries: Sequence[AuditEntry], since: datetime) -> list[dict[str, Any]]:
    """Which version was live and which was tried from when on, oldest first.

    Args:
        entries: Of the audit, newest first.
        since: When the simulation began.
    """
    return [
        {
            "at": iso(entry.created_at),
            "action": entry.action,
            "subject": entry.subject,
            "actor": entry.actor,
            "reason": entry.reason,
            "live": entry.detail["after"]["live_version"],
            "canary": entry.detail["after"]["canary_version"],
        }
        for entry in reversed(entries)
        if entry.created_at >= since and entry.detail is not None and "after" in entry.detail
    ]
