"""What runs, and how it answers. Needs the scope `admin`."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Connection

from ledger import engines, records, traffic
from ledger.clock import utc_now
from ledger.traffic import Traffic
from server.context import AdminCaller, In
from server.openapi import errors

router = APIRouter(tags=["deployments"])


class TrafficAnswer(BaseModel):
    """The version's answers of the last `span_s` seconds, through any gateway."""

    span_s: float
    answers: int
    errors: int
    tokens_per_s: float
    ttft_ms_p50: float | None
    ttft_ms_p95: float | None


class EngineAnswer(BaseModel):
    """An engine. `silent_s` is how long ago its controller last spoke of it, which it does every 5 s."""

    id: str
    version: int
    state: Literal["starting", "ready", "draining", "failed"]
    message: str
    started_at: datetime
    silent_s: float
    traffic: TrafficAnswer


class EngineList(BaseModel):
    """All engines, the one started last first; and what is under way at the gateway that was asked."""

    object: Literal["list"] = "list"
    data: list[EngineAnswer]
    running: int
    queued: int


@router.get("/v1/engines", responses=errors())
async def list_engines(
    context: In,
    caller: AdminCaller,
    minutes: Annotated[int, Query(ge=1, le=60, description="How far back answers are counted.")] = 5,
) -> EngineList:
    """Lists the engines with the speed of their answers, and this gateway's queue."""
    rows = await context.ledger.read(_engines, timedelta(minutes=minutes))
    return EngineList(data=rows, running=context.admission.running, queued=context.admission.waiting)


def _engines(connection: Connection, span: timedelta) -> list[EngineAnswer]:
    now = utc_now()
    rows = engines.list_all(connection)
    served = {row.version_number for row in rows}
    seen = {version: traffic.recent(connection, version, now - span, now) for version in served}
    return [_answer(row, seen[row.version_number], now) for row in rows]


def _answer(row: records.Engine, seen: Traffic, now: datetime) -> EngineAnswer:
    return EngineAnswer(
        id=row.id,
        version=row.version_number,
        state=row.state,
        message=row.message,
        started_at=row.started_at,
        silent_s=max(0.0, (now - row.updated_at).total_seconds()),
        traffic=TrafficAnswer(
            span_s=seen.span_s,
            answers=seen.answers,
            errors=seen.errors,
            tokens_per_s=seen.tokens_per_s,
            ttft_ms_p50=seen.ttft_ms_p50,
            ttft_ms_p95=seen.ttft_ms_p95,
        ),
    )
