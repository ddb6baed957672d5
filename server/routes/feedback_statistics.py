"""What people think of each version, day by day. Needs the scope `admin`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel

from ledger.intervals import wilson
from ledger.vote_statistics import VoteCount, Votes
from server.context import AdminCaller, In
from server.openapi import errors

router = APIRouter(tags=["feedback"])

K = TypeVar("K")

_REASONS_SHOWN = 20


class ThumbsAnswer(BaseModel):
    """Thumbs, and the share that is up with Wilson's 95 % interval.

    The interval takes votes for independent: where few people vote often, it is too narrow.
    """

    up: int
    down: int
    rate: float
    low: float
    high: float

    @classmethod
    def of(cls, up: int, down: int) -> "ThumbsAnswer":
        """Returns the thumbs of which there is at least one."""
        low, high = wilson(up, up + down)
        return cls(up=up, down=down, rate=up / (up + down), low=low, high=high)


class DayOfVersion(BaseModel):
    """A version's thumbs of one day; `version` is null where the answer's version is not known."""

    day: date
    version: int | None
    thumbs: ThumbsAnswer


class WholeVersion(BaseModel):
    """A version's thumbs of all the days, and how many people gave them."""

    version: int | None
    thumbs: ThumbsAnswer
    raters: int


class Day(BaseModel):
    """The votes of one day; a correction is also a thumb, if one came with it."""

    day: date
    up: int
    down: int
    comparisons: int
    corrections: int


class ReasonAnswer(BaseModel):
    """How often a reason was given, with thumbs of either kind and comparisons."""

    reason: str
    count: int


class FeedbackStatistics(BaseModel):
    """Votes that hold, by the days (UTC) on which they were given. `other_reasons` counts those that are not listed."""

    object: Literal["feedback_statistics"] = "feedback_statistics"
    days: list[Day]
    versions: list[WholeVersion]
    by_version: list[DayOfVersion]
    reasons: list[ReasonAnswer]
    other_reasons: int


@router.get("/v1/feedback/statistics", responses=errors())
async def get_feedback_statistics(
    context: In,
    caller: AdminCaller,
    days: Annotated[int, Query(ge=1, le=90, description="So many days, today's among them.")] = 14,
) -> FeedbackStatistics:
    """Counts the votes of the last days by day, version and reason. What is a few seconds old is shown again."""
    return _statistics(await context.votes.get(days), days)


def _statistics(votes: Votes, days: int) -> FeedbackStatistics:
    reasons = Counter[str]()
    for counted in votes.counts:
        reasons.update(dict.fromkeys(counted.reasons, counted.count))
    listed = reasons.most_common(_REASONS_SHOWN)
    whole = _thumbs((row.version, row) for row in votes.counts)
    daily = _thumbs(((row.day, row.version), row) for row in votes.counts)
    return FeedbackStatistics(
        days=list(_days(votes, days)),
        versions=[
            WholeVersion(version=version, thumbs=thumbs, raters=votes.raters.get(version, 0))
            for version, thumbs in sorted(whole.items(), key=lambda item: item[0] or 0)
        ],
        by_version=[DayOfVersion(day=day, version=version, thumbs=thumbs) for (day, version), thumbs in daily.items()],
        reasons=[ReasonAnswer(reason=reason, count=count) for reason, count in listed],
        other_reasons=reasons.total() - sum(count for _, count in listed),
    )


def _thumbs(rows: Iterable[tuple[K, VoteCount]]) -> dict[K, ThumbsAnswer]:
    """The thumbs by what stands before each row, in the order of their coming; comparisons are none."""
    found: dict[K, list[int]] = defaultdict(lambda: [0, 0])
    for key, row in rows:
        if row.kind != "comparison":
            found[key][0 if row.value > 0 else 1] += row.count
    return {key: ThumbsAnswer.of(up, down) for key, (up, down) in found.items()}


def _days(votes: Votes, days: int) -> Iterator[Day]:
    """Every day, those without votes too."""
    kinds: Counter[tuple[date, str]] = Counter()
    for row in votes.counts:
        if row.kind != "comparison":
            kinds[row.day, "up" if row.value > 0 else "down"] += row.count
        kinds[row.day, row.kind] += row.count
    for number in range(days):
        day = votes.since.date() + timedelta(days=number)
        yield Day(
            day=day,
            up=kinds[day, "up"],
            down=kinds[day, "down"],
            comparisons=kinds[day, "comparison"],
            corrections=kinds[day, "correction"],
        )
