"""How a version has answered lately: speed and failures, from the completions of every gateway."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from ledger.schema import completions
from ledger.trials import generated_tokens

MOST_ANSWERS = 2000


@dataclass(frozen=True, slots=True)
class Traffic:
    """A version's answers of a span of time.

    Attributes:
        span_s: Seconds back from now that were looked at: fewer than asked for where there were many answers.
        answers: Recorded in it.
        errors: Of these, broken off by an error.
        tokens_per_s: Generated, over the whole span.
        ttft_ms_p50: Time to the first token of half of the streamed answers; None without any.
        ttft_ms_p95: Of 95 in 100.
    """

    span_s: float
    answers: int
    errors: int
    tokens_per_s: float
    ttft_ms_p50: float | None
    ttft_ms_p95: float | None


def recent(connection: Connection, version: int, since: datetime, now: datetime, limit: int = MOST_ANSWERS) -> Traffic:
    """Returns how a version has answered since then, from its last `limit` answers at most."""
    answer = completions.c
    query = (
        select(answer.status, answer.ttft_ms, answer.usage, answer.created_at)
        .where(answer.model_version == version, answer.created_at >= since)
        .order_by(answer.created_at.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    begins = rows[-1].created_at if len(rows) == limit else since
    span_s = max(1.0, (now - begins).total_seconds())
    first_tokens = sorted(row.ttft_ms for row in rows if row.ttft_ms is not None)
    return Traffic(
        span_s=span_s,
        answers=len(rows),
        errors=sum(row.status == "error" for row in rows),
        tokens_per_s=sum(generated_tokens(row.usage) or 0 for row in rows) / span_s,
        ttft_ms_p50=_quantile(first_tokens, 0.5),
        ttft_ms_p95=_quantile(first_tokens, 0.95),
    )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
