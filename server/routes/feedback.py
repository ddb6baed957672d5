"""Feedback: given, listed, exported."""

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime
from sqlalchemy import Connection

from ledger import feedback
from ledger.exports import line
from ledger.records import FeedbackFilter, NewFeedback
from server import kept
from server.body import checked, read_body
from server.context import AdminCaller, FeedbackCaller, In
from server.openapi import answers, errors, takes
from server.requests.feedback import FeedbackRequest
from server.requests.page import After, Limit
from server.routes.answers import FeedbackAnswer, FeedbackPage

router = APIRouter(tags=["feedback"])

KEPT_IN_MEMORY_BYTES = 2**20
CHUNK_BYTES = 2**16

IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=255)]
ExportFormat = Literal["preference", "unpaired"]


@router.post("/v1/feedback", responses=errors(408, 409, 413, 422), openapi_extra=takes(FeedbackRequest))
async def give_feedback(
    request: Request, context: In, caller: FeedbackCaller, idempotency_key: IdempotencyKey = None
) -> FeedbackAnswer:
    """Stores what a person thinks of an answer; when this answers, it is on disk."""
    given = checked(FeedbackRequest, await read_body(request))
    kept.require_row(caller.keep, "Feedback")
    for name in ("comment", "correction"):
        if getattr(given, name) is not None:
            kept.require_text(caller.keep, f"A {name}", param=name)
    new = NewFeedback(
        completion_id=given.completion_id,
        owner=caller.owner,
        user=caller.user_with(given.user),
        value=given.value,
        choice_index=given.choice_index,
        reasons=tuple(given.reasons),
        comment=given.comment,
        correction=given.correction,
        preferred_over=given.preferred_over,
        preferred_over_choice=given.preferred_over_choice,
        source=given.source,
        idempotency_key=idempotency_key,
    )
    row = await context.ledger.write(feedback.add, new)
    context.metrics.feedback.labels(row.kind, row.value).inc()
    return FeedbackAnswer.of(row)


@router.get("/v1/feedback", responses=errors())
async def list_feedback(
    context: In,
    caller: FeedbackCaller,
    completion_id: Annotated[str | None, Query(max_length=128)] = None,
    user: Annotated[str | None, Query(max_length=256, description="Given by this user.")] = None,
    kind: Annotated[Literal["thumb", "comparison", "correction"] | None, Query()] = None,
    value: Annotated[int | None, Query(ge=-1, le=1)] = None,
    since: Annotated[AwareDatetime | None, Query(description="Not older than this, ISO 8601 with a time zone.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Older than this, ISO 8601 with a time zone.")] = None,
    limit: Limit = 20,
    after: After = None,
) -> FeedbackPage:
    """Lists feedback, newest first: what the caller's keys posted; with the scope admin, everybody's."""
    filters = FeedbackFilter(
        owner=None if "admin" in caller.key.scopes else caller.owner,
        user=caller.user_with(user) if caller.user is not None or user is not None else None,
        completion_id=completion_id,
        kind=kind,
        value=value,
        since=since,
        until=until,
    )
    page = await context.ledger.read(feedback.search, filters, limit=limit, after=after)
    return FeedbackPage(data=[FeedbackAnswer.of(row) for row in page.items], has_more=page.has_more)


@router.get(
    "/v1/feedback/export",
    response_class=StreamingResponse,
    responses=answers("application/jsonl", "One JSON object a line") | errors(),
)
async def export_feedback(
    context: In,
    caller: AdminCaller,
    format: Annotated[ExportFormat, Query()] = "preference",
    comments: Annotated[bool, Query(description="Add the reasons and comments of the votes.")] = False,
) -> StreamingResponse:
    """Exports the latest votes of all owners in TRL's formats."""
    file = await context.ledger.read(_write_export, format, comments)
    return StreamingResponse(_read_and_close(file), media_type="application/jsonl")


def _write_export(connection: Connection, format: ExportFormat, comments: bool) -> IO[bytes]:
    """Writes the whole export first: the transaction must not stay open as long as a slow client takes."""
    export = feedback.export_preference if format == "preference" else feedback.export_unpaired
    file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY_BYTES)  # noqa: SIM115 - closed after sending
    for row in export(connection, comments=comments):
        file.write(line(row))
    file.seek(0)
    return file


def _read_and_close(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
