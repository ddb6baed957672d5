"""Versions and deployments for ops: what there is, what should run, and changes of it. All need the scope `admin`."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from ledger import audit, deployments, history, records, versions
from ledger.deployments import Change
from ledger.history import Event
from server.auth import Caller
from server.body import checked, read_body
from server.context import AdminCaller, Context, In
from server.openapi import errors, takes
from server.requests.deployments import CanaryRequest, DeploymentRequest, Version

router = APIRouter(tags=["deployments"])

_CHANGES_SHOWN = 20


class EventAnswer(BaseModel):
    """Something that happened to a version, in a few words for people, and who did it why."""

    what: str
    actor: str
    reason: str
    created_at: datetime


class VersionAnswer(BaseModel):
    """A model version. `last_change` says how it came to its state: a rejection can be the gate's or a rollback."""

    id: str
    object: Literal["model_version"] = "model_version"
    number: int
    parent: int | None
    form: Literal["base", "adapter", "full"]
    state: Literal["candidate", "passed", "canary", "live", "retired", "rejected"]
    run: str | None
    last_change: EventAnswer | None
    gate_report: dict[str, Any] | None
    loaded: bool
    created_at: datetime
    erased_at: datetime | None

    @classmethod
    def of(cls, row: records.ModelVersion, last: Event | None, context: Context) -> "VersionAnswer":
        """Returns a version on the wire; whether it is loaded is what this gateway knows now."""
        return cls(
            id=row.name,
            number=row.number,
            parent=row.parent_number,
            form=row.form,
            state=row.state,
            run=row.run_id,
            last_change=None
            if last is None
            else EventAnswer(what=last.what, actor=last.actor, reason=last.reason, created_at=last.at),
            gate_report=None if row.gate_report is None else dict(row.gate_report),
            loaded=row.number in context.poller.current.ready,
            created_at=row.created_at,
            erased_at=row.erased_at,
        )


class VersionList(BaseModel):
    """All versions, in the order of their numbers."""

    object: Literal["list"] = "list"
    data: list[VersionAnswer]


class ChangeAnswer(BaseModel):
    """One change of desired state."""

    actor: str
    action: str
    subject: str
    reason: str
    detail: dict[str, Any] | None
    created_at: datetime


class DeploymentAnswer(BaseModel):
    """What should run now, and the latest changes of it, newest first."""

    object: Literal["deployment"] = "deployment"
    live: int | None
    canary: int | None
    canary_share: float
    before_live: int | None = Field(description="What a rollback of the live version leads to; null if nothing does.")
    updated_at: datetime
    changes: list[ChangeAnswer]


@router.get("/v1/versions", responses=errors())
async def list_versions(context: In, caller: AdminCaller) -> VersionList:
    """Lists every version."""
    rows, last = await context.ledger.read(_with_last_events)
    return VersionList(data=[VersionAnswer.of(row, last[row.number], context) for row in rows])


@router.get("/v1/versions/{number}", responses=errors(422))
async def get_version(number: Version, context: In, caller: AdminCaller) -> VersionAnswer:
    """Returns a version."""
    [row], last = await context.ledger.read(_with_last_events, number)
    return VersionAnswer.of(row, last[number], context)


def _with_last_events(
    connection: Connection, number: int | None = None
) -> tuple[list[records.ModelVersion], dict[int, Event | None]]:
    """All versions, or one, and the last thing that happened to each."""
    rows = versions.list_all(connection) if number is None else [versions.get(connection, number)]
    return rows, history.last_events(connection, [row.number for row in rows])


@router.get("/v1/deployments", responses=errors())
async def get_deployment(context: In, caller: AdminCaller) -> DeploymentAnswer:
    """Says what should run now, and how it came to that."""
    return await context.ledger.read(_deployment)


@router.post("/v1/deployments/canary", responses=errors(408, 409, 413, 422), openapi_extra=takes(CanaryRequest))
async def start_canary(request: Request, context: In, caller: AdminCaller) -> DeploymentAnswer:
    """Tries a version on a share of the people; for the one that is tried already, changes the share."""
    wanted = checked(CanaryRequest, await read_body(request))
    change = _change(caller, wanted.reason)
    await context.ledger.write(deployments.start_canary, wanted.version, wanted.share, change)
    return await context.ledger.read(_deployment)


def _handler(
    operation: Callable[[Connection, int, Change], records.Deployment],
) -> Callable[..., Coroutine[Any, Any, DeploymentAnswer]]:
    async def handle(request: Request, context: In, caller: AdminCaller) -> DeploymentAnswer:
        wanted = checked(DeploymentRequest, await read_body(request))
        await context.ledger.write(operation, wanted.version, _change(caller, wanted.reason))
        return await context.ledger.read(_deployment)

    return handle


_OPERATIONS = {
    "promote": (deployments.promote, "Makes the canary live."),
    "withdraw": (deployments.withdraw, "Ends the canary without a verdict."),
    "rollback": (deployments.roll_back, "Takes the canary, or the live version, from everybody and rejects it."),
}
for _name, (_operation, _summary) in _OPERATIONS.items():
    router.add_api_route(
        f"/v1/deployments/{_name}",
        _handler(_operation),
        methods=["POST"],
        name=_name,
        summary=_summary,
        responses=errors(408, 409, 413, 422),
        openapi_extra=takes(DeploymentRequest),
    )


def _change(caller: Caller, reason: str) -> Change:
    return Change(actor=f"key {caller.key.prefix} ({caller.key.name})", reason=reason)


def _deployment(connection: Connection) -> DeploymentAnswer:
    now = deployments.current(connection)
    live = now.live_version
    return DeploymentAnswer(
        live=now.live_version,
        canary=now.canary_version,
        canary_share=now.canary_share,
        before_live=None if live is None else deployments.live_before(connection, live),
        updated_at=now.updated_at,
        changes=[
            ChangeAnswer(
                actor=entry.actor,
                action=entry.action,
                subject=entry.subject,
                reason=entry.reason,
                detail=None if entry.detail is None else dict(entry.detail),
                created_at=entry.created_at,
            )
            for entry in audit.latest(connection, _CHANGES_SHOWN)
        ],
    )
