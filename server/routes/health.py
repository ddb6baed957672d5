"""Probes and metrics. They need no key."""

from importlib import metadata

from fastapi import APIRouter, Response
from pydantic import BaseModel

from server.context import Context, In
from server.openapi import answers, open_errors

router = APIRouter(tags=["health"])


class Liveness(BaseModel):
    """The process answers."""

    status: str


class Version(BaseModel):
    """The version of Attune itself; those of the model are at /v1/models."""

    version: str


class Readiness(BaseModel):
    """Whether a request would be answered now, and if not, why."""

    ready: bool
    message: str
    version: str | None


@router.get("/health/live", responses=open_errors())
async def live() -> Liveness:
    """Says that the process answers."""
    return Liveness(status="ok")


_READY_OR_NOT = open_errors() | {503: {"model": Readiness, "description": "Not ready"}}


@router.get("/ping", responses=_READY_OR_NOT)
@router.get("/health", responses=_READY_OR_NOT)
@router.get("/health/ready", responses=_READY_OR_NOT)
async def ready(context: In, response: Response) -> Readiness:
    """Says whether a request would be answered now."""
    answer = _readiness(context)
    if not answer.ready:
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    return answer


@router.get("/version", responses=open_errors())
async def version() -> Version:
    """Says which Attune this is."""
    return Version(version=metadata.version("attune"))


@router.get(
    "/metrics",
    response_class=Response,
    responses=answers("text/plain", "Prometheus's text format") | open_errors(),
)
async def metrics(context: In) -> Response:
    """What Prometheus reads."""
    return Response(context.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _readiness(context: Context) -> Readiness:
    snapshot, poller = context.poller.current, context.poller
    version = None if snapshot.live_version is None else f"attune@v{snapshot.live_version}"
    if context.draining:
        return Readiness(ready=False, message="The gateway is shutting down.", version=version)
    if poller.error is not None:
        return Readiness(ready=False, message=f"The ledger cannot be read: {poller.error}", version=version)
    if snapshot.live_version not in snapshot.ready:
        return Readiness(ready=False, message=snapshot.why_not_ready(), version=version)
    return Readiness(ready=True, message=f"{version} is ready.", version=version)
