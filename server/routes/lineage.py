"""Where a version comes from, down to single votes. Needs the scope `admin`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel
from sqlalchemy import Connection

from ledger import feedback, lineage, snapshots, versions
from ledger.records import Feedback, FeedbackFilter, Page, VersionForm, VersionState
from server.context import AdminCaller, In
from server.openapi import errors
from server.requests.deployments import Version
from server.requests.page import After, Limit
from server.routes.answers import FeedbackAnswer, FeedbackPage

router = APIRouter(tags=["deployments"])

SnapshotId = Annotated[str, Path(pattern=r"^snap_[0-9a-f]{1,64}$")]


class AncestorAnswer(BaseModel):
    """One version of a lineage, and how many votes of each kind its run learned from; `erased` are gone since."""

    version: str
    form: VersionForm
    state: VersionState
    run: str | None
    algorithm: str | None
    snapshot: str | None
    feedback: dict[str, int]


class LineageAnswer(BaseModel):
    """A version and its ancestors, the base last."""

    object: Literal["list"] = "list"
    data: list[AncestorAnswer]


@router.get("/v1/versions/{number}/lineage", responses=errors(422))
async def get_lineage(number: Version, context: In, caller: AdminCaller) -> LineageAnswer:
    """Says which versions, runs and votes a version came from."""
    return LineageAnswer(data=await context.ledger.read(_lineage, number))


@router.get("/v1/alignment/snapshots/{snapshot}/feedback", responses=errors(422))
async def list_votes_of_snapshot(
    snapshot: SnapshotId, context: In, caller: AdminCaller, limit: Limit = 20, after: After = None
) -> FeedbackPage:
    """Lists the votes that a run learned from, newest first."""
    page = await context.ledger.read(_votes, snapshot, limit, after)
    return FeedbackPage(data=[FeedbackAnswer.of(row) for row in page.items], has_more=page.has_more)


def _lineage(connection: Connection, number: int) -> list[AncestorAnswer]:
    return [
        AncestorAnswer(
            version=step.version,
            form=step.form,
            state=step.state,
            run=step.run,
            algorithm=step.algorithm,
            snapshot=step.snapshot,
            feedback=dict(step.feedback),
        )
        for step in lineage.lineage(connection, versions.get(connection, number))
    ]


def _votes(connection: Connection, snapshot: str, limit: int, after: str | None) -> Page[Feedback]:
    snapshots.get(connection, snapshot)
    return feedback.search(connection, FeedbackFilter(snapshot_id=snapshot), limit=limit, after=after)
