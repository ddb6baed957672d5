"""What people and requests say of two versions that are tried beside each other: the rows that a canary is judged by.

Only answers to `attune` count, which the gateway divides by lot: whoever pins a version has chosen it. Everything
stands in the order in which answers were asked for, never in that of votes: while the canary's share grows, quick votes
on it would come before the slow ones, and be compared with both kinds of the live version's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, true

from ledger import deployments
from ledger.clock import utc_now
from ledger.elapsed import seconds_between
from ledger.importing.origin import own
from ledger.raters import established, rater
from ledger.records import Json, Status
from ledger.schema import completions, feedback, users

STORED_WITHIN = timedelta(seconds=5)
"""A vote is in the ledger so soon after its own time, at the latest: many are committed together."""

USUAL_ANSWERS = 1000
"""So many answers of the live version before a trial say what is usual; retention keeps them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Two versions, and since when people are to be divided among them: once an engine is ready with the canary."""

    live: int
    canary: int
    since: datetime


@dataclass(frozen=True, slots=True)
class VoteWindow:
    """Which thumbs count at one moment: those that came soon after their answer, once that time is over for it.

    Attributes:
        seconds: From the request to the thumb.
        now: The moment.
    """

    seconds: float
    now: datetime

    @property
    def over_before(self) -> datetime:
        """Thumbs on answers that were asked for before this count, and no more can come."""
        return self.now - timedelta(seconds=self.seconds) - STORED_WITHIN


@dataclass(frozen=True, slots=True)
class FirstThumb:
    """A rater's thumb on the first answer that they rated, as it was first given: 1 or -1."""

    version: int
    value: int


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The first answer that a rater had, and whether they rated it in time."""

    id: str
    version: int
    rated: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """How one answer went.

    Attributes:
        text: Of its first choice; empty where nothing was said, or no text is kept.
        refused: Whether it refused to answer, where no text is kept; None where nothing was said, or `text` tells.
    """

    version: int
    status: Status
    ttft_ms: float | None
    duration_ms: float | None
    usage: Json | None
    text: str
    refused: bool | None = None

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


def first_answered(connection: Connection, trial: Trial) -> datetime | None:
    """Returns when the canary got its first answer to give; None while it has had no traffic."""
    answer = completions.c
    mine = (answer.model_version == trial.canary, answer.route == "canary", answer.created_at >= trial.since)
    first: datetime | None = connection.execute(select(func.min(answer.created_at)).where(*mine)).scalar()
    return first


def known_before(trial: Trial, age_s: float) -> datetime:
    """Returns before when somebody must have been known to be an established rater of a trial.

    Args:
        trial: Which.
        age_s: How much older than the trial they must be: raters made just before it do not count.
    """
    return trial.since - timedelta(seconds=age_s)


def count_established(connection: Connection, age_s: float) -> int:
    """Returns how many established raters have been answered; of the trial that goes on, or of one that began now."""
    trial = current(connection)
    before = utc_now() - timedelta(seconds=age_s) if trial is None else known_before(trial, age_s)
    answered = users.join(completions, completions.c.user_id == users.c.id)
    query = select(func.count(rater().distinct())).select_from(answered)
    return int(connection.execute(query.where(established(connection, before), own())).scalar_one())


def first_thumbs(
    connection: Connection, trial: Trial, window: VoteWindow, before: datetime | None = None
) -> list[FirstThumb]:
    """Returns each rater's thumb on the first answer that they rated in time, in the order of these answers.

    A rater who has been moved from one version to the other counts once, for the version rated first. What a rater
    changes later does not count: evidence that changes under a sequential test would void it.

    Args:
        connection: Of a reading transaction.
        trial: Which.
        window: Which thumbs count. None that comes later can change what an earlier look saw.
        before: Only thumbs of raters who are established: keyed, or known before this (`ledger.raters.established`).
    """
    answer = completions.c
    in_turn = (answer.created_at, answer.id, feedback.c.sequence)
    place = func.row_number().over(partition_by=rater(), order_by=in_turn).label("place")
    thumbs = _thumbs(connection, trial, before, answer.model_version, feedback.c.value, answer.created_at, answer.id)
    counted = thumbs.add_columns(place).where(answer.created_at < window.over_before, _in_time(window)).subquery()
    query = select(counted).where(counted.c.place == 1).order_by(counted.c.created_at, counted.c.id)
    return [FirstThumb(row.model_version, row.value) for row in connection.execute(query)]


def first_answers_rated(
    connection: Connection, trial: Trial, window: VoteWindow, before: datetime
) -> list[FirstAnswer]:
    """Returns each established rater's first answer, and whether they rated it in time, in the order of these answers.

    Answers that took longer than the window are left out: they are stored late, and nobody could rate them in time.

    Args:
        connection: Of a reading transaction.
        trial: Which.
        window: Which thumbs count.
        before: As in `first_thumbs`.
    """
    answer = completions.c
    place = func.row_number().over(partition_by=rater(), order_by=(answer.created_at, answer.id)).label("place")
    took = func.coalesce(answer.duration_ms, 0.0)
    firsts = (
        select(answer.id, answer.model_version, answer.created_at, place)
        .join(users, users.c.id == answer.user_id)
        .where(*_of(trial), established(connection, before))
        .where(answer.created_at < window.over_before, took <= 1000 * window.seconds)
        .subquery()
    )
    of_answer = select(feedback.c.sequence).join(completions, answer.id == feedback.c.completion_id)
    rated = of_answer.where(feedback.c.completion_id == firsts.c.id, *_THUMB, _in_time(window)).exists().label("rated")
    query = select(firsts.c.id, firsts.c.model_version, rated).where(firsts.c.place == 1)
    rows = connection.execute(query.order_by(firsts.c.created_at, firsts.c.id))
    return [FirstAnswer(row.id, row.model_version, bool(row.rated)) for row in rows]


def largest_shares(connection: Connection, trial: Trial, before: datetime | None = None) -> Mapping[int, float]:
    """Returns, for each version with thumbs, the largest share of all its thumbs that one rater gave, 0 to 1.

    With `before`, of the thumbs of established raters, as in `first_thumbs`.
    """
    version = completions.c.model_version
    given = func.count().label("given")
    thumbs = _thumbs(connection, trial, before, version.label("version"), given)
    by_rater = thumbs.group_by(version, rater()).subquery()
    query = select(
        by_rater.c.version, func.max(by_rater.c.given).label("most"), func.sum(by_rater.c.given).label("all")
    ).group_by(by_rater.c.version)
    return {row.version: float(row.most) / float(row.all) for row in connection.execute(query)}


def first_answers(
    connection: Connection, trial: Trial, asked_before: datetime, before: datetime | None = None
) -> list[Answer]:
    """Returns the first answer that each rater had from either version, in the order in which they were asked for.

    Args:
        connection: Of a reading transaction.
        trial: Which.
        asked_before: An answer is stored when it ends. Those that were asked for later are left out, so that no row
            which comes late can change what an earlier look saw: give a time after which none is still under way.
        before: As in `first_thumbs`.
    """
    wanted = true() if before is None else established(connection, before)
    answer = completions.c
    order = func.row_number().over(partition_by=rater(), order_by=(answer.created_at, answer.id))
    numbered = select(*_measured(), answer.created_at, answer.id, order.label("place"))
    ranked = (
        numbered.join(users, users.c.id == answer.user_id)
        .where(answer.created_at < asked_before, *_of(trial), wanted)
        .subquery()
    )
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
        answer.refused,
    )


def _answer(row: Row[Any]) -> Answer:
    text = row.choices[0]["text"] if row.choices else ""
    return Answer(row.model_version, row.status, row.ttft_ms, row.duration_ms, row.usage, text, row.refused)


def _thumbs(
    connection: Connection, trial: Trial, before: datetime | None, *columns: ColumnElement[Any]
) -> Select[*tuple[Any, ...]]:
    wanted = true() if before is None else established(connection, before)
    return (
        select(*columns)
        .join_from(feedback, completions, completions.c.id == feedback.c.completion_id)
        .join(users, users.c.id == feedback.c.user_id)
        .where(*_THUMB, *_of(trial), wanted)
    )


_THUMB = (feedback.c.kind != "comparison", feedback.c.value != 0)


def _in_time(window: VoteWindow) -> ColumnElement[bool]:
    """Whether a vote came within the window of its answer."""
    return seconds_between(completions.c.created_at, feedback.c.created_at) <= window.seconds


def _of(trial: Trial) -> tuple[ColumnElement[bool], ...]:
    """Which answers belong to a trial."""
    answer = completions.c
    return (
        answer.model_version.in_((trial.live, trial.canary)),
        answer.route.in_(("live", "canary")),
        answer.created_at >= trial.since,
    )
