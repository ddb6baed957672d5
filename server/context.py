"""What every route needs, made once when the app starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from http_bounds.bodies import BodyReader
from ledger.records import Scope
from ledger.trials import Trial
from ledger.vote_statistics import Votes
from server.admission import Admission
from server.auth import Authenticator, Caller
from server.canary_look import CanaryLook
from server.erasing import ErasedCopies
from server.ledger_access import LedgerAccess
from server.metrics import Metrics
from server.relay import Lines
from server.remembered import Remembered
from server.settings import GatewaySettings
from server.snapshot import SnapshotPoller


@dataclass(slots=True)
class Context:
    """The parts of a running gateway.

    Attributes:
        bodies: Of requests, as they are read.
        looks: At the canary of a trial.
        votes: Of the last so many days.
        runs_folder: Where alignment runs lay their pictures; None where this machine has none of them.
        erased_copies: Removes what is left on disk of what a request erases.
        draining: Set at SIGTERM: the gateway is not ready any more, though it finishes what runs.
    """

    settings: GatewaySettings
    ledger: LedgerAccess
    poller: SnapshotPoller
    authenticator: Authenticator
    admission: Admission
    metrics: Metrics
    bodies: BodyReader
    lines: Lines
    looks: Remembered[Trial, CanaryLook]
    votes: Remembered[int, Votes]
    runs_folder: Path | None
    erased_copies: ErasedCopies
    draining: bool = False


async def context_of(request: Request) -> Context:
    """The parts of the gateway that answers this request. A coroutine: FastAPI runs plain functions in a thread."""
    context = request.app.state.context
    assert isinstance(context, Context)
    return context


_bearer = HTTPBearer(auto_error=False, description="An API key: `sk-attune-…`.")
Documented = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


class Requires:
    """A dependency: the caller, with a key that has this scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request, documented: Documented) -> Caller:
        """Authenticates; the second argument only makes the OpenAPI description name the header."""
        return await (await context_of(request)).authenticator.caller(request, self.scope)


In = Annotated[Context, Depends(context_of)]
InferenceCaller = Annotated[Caller, Depends(Requires("inference"))]
FeedbackCaller = Annotated[Caller, Depends(Requires("feedback"))]
AdminCaller = Annotated[Caller, Depends(Requires("admin"))]
