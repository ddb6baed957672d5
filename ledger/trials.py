"""What people and requests say of two versions that are tried beside each other: the rows that a canary is judged by.

Only answers to `attune` count, which the gateway divides by lot: whoever pins a version has chosen it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from ledger import deployments
from ledger.records import Json, Status
from ledger.schema import completions, feedback


@dataclass(frozen=True, slots=True)
class Trial:
    """Two versions, and since when both have had traffic."""

    live: int
    canary: int
    since: datetime


@dataclass(frozen=True, slots=True)
class FirstThumb:
    """A person's first thumb since the trial began, as it was first given: 1 or -1."""

    version: int
    value: int


@dataclass(frozen=True, slots=True)
class Answer:
    """How one answer went; `text` is that of its first choice, empty where nothing was said."""

    version: int
    status: Status
    ttft_ms: float | None
    duration_ms: float | None
    usage: Json | None
    text: str

    @property
    def tokens(self) -> int | None:
        """How many tokens were generated; None where the engine did not say."""
        return generated_tokens(self.usage)


def generated_tokens(usage: Json | None) -> int | None:
    """The generated tokens in an answer's usage, which OpenAI's two APIs name differently; None where it has none."""
    count: int | None = (usage or {}).get("completion_tokens", (usage or {}).get("output_tokens"))
    return count


def current(connection: Connection) -> Trial | None:
    """Returns the trial that is going on; None if there is no canary."""
    now, since = deployments.current(connection), deployments.tried_since(connection)
    if now.live_version is None or now.canary_version is None or since is None:
        return None
    return Trial(now.live_version, now.canary_version, since)


def first_thumbs(connection: Connection, trial: Trial) -> list[FirstThumb]:
    """Returns each rater's first thumb on either version, in the order in which they were given.

    A rater who has been moved from one version to the other counts once, for the version rated first. What a rater
    changes later does not count: evidence that changes under a sequential test would void it.
    """
    firsts = _thumbs(trial, func.min(feedback.c.sequence).label("sequence")).group_by(feedback.c.user_id).subquery()
    query = (
        select(completions.c.model_version, feedback.c.value)
        .join_from(feedback, firsts, firsts.c.sequence == feedback.c.sequence)
        .join(completions, completions.c.id == feedback.c.completion_id)
        .order_by(feedback.c.sequence)
    )
    return [FirstThumb(row.model_version, row.value) for row in connection.execute(query)]


def largest_shares(connection: Connection, trial: Trial) -> Mapping[int, float]:
    """Returns, for each version with thumbs, the largest share of all its thumbs that one person gave, 0 to 1."""
    version = completions.c.model_version
    given = func.count().label("given")
    by_rater = _thumbs(trial, version.label("version"), given).group_by(version, feedback.c.user_id).subquery()
    query = select(
        by_rater.c.version, func.max(by_rater.c.given).label("most"), func.sum(by_rater.c.given).label("all")
    ).group_by(by_rater.c.version)
    return {row.version: float(row.most) / float(row.all) for row in connection.execute(query)}


def first_answers(connection: Connection, trial: Trial, before: datetime) -> list[Answer]:
    """Returns each user's first answer from either version, in the order in which they were asked for.

    An answer is stored when it ends. Those that were asked for after `before` are left out, so that no row which comes
    late can change what an earlier look saw: give a time after which none is still under way.
    """
    answer = completions.c
    order = func.row_number().over(partition_by=answer.user_id, order_by=(answer.created_at, answer.id))
    numbered = select(*_measured(), answer.created_at, answer.id, order.label("place"))
    ranked = numbered.where(answer.created_at < before, *_of(trial)).subquery()
    query = select(ranked).where(ranked.c.place == 1).order_by(ranked.c.created_at, ranked.c.id)
    return [_answer(row) for row in connection.execute(query)]


def answers_before(connection: Connection, trial: Trial, limit: int) -> list[Answer]:
    """Returns the last answers of the live version before the trial, newest first: what is usual for it."""
    answer = completions.c
    query = (
        select(*_measured())
        .where(answer.model_version == trial.live, answer.route == "live", answer.created_at < trial.since)
        .order_by(answer.created_at.desc())
        .limit(limit)
    )
    return [_answer(row) for row in connection.execute(query)]


def _measured() -> tuple[ColumnElement[Any], ...]:
    answer = completions.c
    return (
        answer.model_version,
        answer.status,
        answer.ttft_ms,
        answer.duration_ms,
        answer.usage,
        answer.choices,
    )


def _answer(row: Row[Any]) -> Answer:
    text = row.choices[0]["text"] if row.choices else ""
    return Answer(row.model_version, row.status, row.ttft_ms, row.duration_ms, row.usage, text)


def _thumbs(trial: Trial, *columns: ColumnElement[int]) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .join_from(feedback, completions, completions.c.id == feedback.c.completion_id)
        .where(feedback.c.kind != "comparison", feedback.c.value != 0, *_of(trial))
    )


def _of(trial: Trial) -> tuple[ColumnElement[bool], ...]:
    """Which answers belong to a trial."""
    answer = completions.c
    return (
        answer.model_version.in_((trial.live, trial.canary)),
        answer.route.in_(("live", "canary")),
        answer.created_at >= trial.since,
    )
