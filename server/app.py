"""The gateway's app: `create_app` puts the parts together; `python -m server` serves it."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from http_bounds.bodies import BodyReader
from http_bounds.hosts import AllowedHosts, HostMiddleware
from ledger.clock import utc_now
from ledger.database import Database
from ledger.erased_copies import Copies
from ledger.errors import LedgerError
from ledger.trials import Trial
from ledger.vote_statistics import Votes, votes_since
from server.admission import Admission
from server.auth import Authenticator
from server.canary.rules import CanaryRules
from server.canary_look import CanaryLook, look_at
from server.compiling import Compiling
from server.context import Context
from server.edge import Edge, error_response
from server.erasing import ErasedCopies
from server.error_conversion import to_gateway_error
from server.errors import GatewayError
from server.ledger_access import LedgerAccess
from server.metrics import Metrics
from server.openapi import describe
from server.pruning import Pruning
from server.query import note_unknown_parameters
from server.rate_limits import RateLimits
from server.recording import Recorder
from server.relay import Lines
from server.remembered import Remembered
from server.retention_settings import RetentionSettings
from server.routes import (
    alignment_runs,
    canary,
    conversations,
    deployments,
    engines,
    feedback,
    feedback_statistics,
    generation,
    health,
    lineage,
    models,
    ratings,
    stored_completions,
    users,
)
from server.routes.missing import no_route
from server.settings import GatewaySettings
from server.snapshot import SnapshotPoller
from server.upstream import Upstream

_ROUTERS = (
    *(generation, models, stored_completions, feedback, ratings, conversations, users),
    *(deployments, canary, lineage, engines, feedback_statistics, alignment_runs, health),
)
_EXPECTED: tuple[type[Exception], ...] = (GatewayError, LedgerError, HTTPException, RequestValidationError)


def create_app(
    settings: GatewaySettings,
    database: Database,
    *,
    canary_rules: CanaryRules | None = None,
    copies: Copies | None = None,
    retention: RetentionSettings | None = None,
) -> FastAPI:
    """Makes the gateway.

    Args:
        settings: How it bounds what it takes.
        database: The ledger; it stays open when the app stops.
        canary_rules: What the controller judges a canary by, to show how far it is; by default the usual ones.
        copies: Where alignment runs on this machine lay what they make; None if that is elsewhere.
        retention: What this gateway prunes while it runs; by default nothing.

    Returns:
        The app. Its parts stand in `app.state.context` once it has started.
    """
    metrics = Metrics()
    app = FastAPI(
        title="Attune",
        version="0.1.0",
        description="OpenAI's wire format in front of vLLM, with feedback and conversations.",
        lifespan=partial(
            _lifespan,
            settings=settings,
            database=database,
            metrics=metrics,
            rules=canary_rules or CanaryRules(),
            copies=copies,
            retention=retention,
        ),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(note_unknown_parameters)],
    )
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    app.add_middleware(HostMiddleware, hosts=AllowedHosts(settings.allowed_hosts, settings.host))
    app.add_middleware(Edge, metrics=metrics)
    for kind in _EXPECTED:
        app.add_exception_handler(kind, _answer_error)
    for module in _ROUTERS:
        app.include_router(module.router)
    return app


@asynccontextmanager
async def _lifespan(
    app: FastAPI,
    *,
    settings: GatewaySettings,
    database: Database,
    metrics: Metrics,
    rules: CanaryRules,
    copies: Copies | None,
    retention: RetentionSettings | None,
) -> AsyncIterator[None]:
    """Starts the parts, and ends them so that everything that was answered is on disk."""
    ledger = LedgerAccess(database, on_commit=metrics.on_commit)
    poller = SnapshotPoller(ledger, settings.poll_interval_s)
    key = settings.upstream_api_key
    upstream = Upstream(None if key is None else key.get_secret_value())
    admission = Admission(
        max_concurrent=settings.max_concurrent,
        max_queue=settings.max_queue,
        timeout_s=settings.queue_timeout_s,
        reserved=settings.reserved,
    )
    erased_copies = ErasedCopies(ledger, copies)
    compiling = Compiling(max_queue=settings.max_queue, timeout_s=settings.compile_timeout_s)
    metrics.watch_admission(lambda: admission.running, lambda: admission.waiting, lambda: compiling.waiting)
    app.state.context = Context(
        settings=settings,
        ledger=ledger,
        poller=poller,
        authenticator=Authenticator(
            poller, RateLimits(settings.rate_limit_storage, user_requests_per_minute=settings.user_requests_per_minute)
        ),
        admission=admission,
        metrics=metrics,
        bodies=BodyReader(settings.max_held_body_bytes),
        lines=Lines(
            upstream=upstream,
            admission=admission,
            compiling=compiling,
            recorder=Recorder(ledger, metrics),
            metrics=metrics,
            request_timeout_s=settings.request_timeout_s,
            max_answer_bytes=settings.max_answer_bytes,
        ),
        looks=Remembered(partial(_look, ledger, rules)),
        votes=Remembered(partial(_votes, ledger)),
        runs_folder=None if copies is None else copies.home / "runs",
        erased_copies=erased_copies,
    )
    await poller.start()
    removing = [asyncio.create_task(erased_copies.run())]
    if retention is not None:
        home = None if copies is None else copies.home
        pruning = Pruning(ledger, retention.rules, every_s=retention.prune_every_s, home=home)
        removing.append(asyncio.create_task(pruning.run()))
    gc.freeze()  # what is loaded by now stays: the collector need not look at it again
    try:
        yield
    finally:
        for task in removing:
            task.cancel()
        await asyncio.gather(*removing, return_exceptions=True)
        await poller.stop()
        await upstream.close()
        ledger.close()


async def _look(ledger: LedgerAccess, rules: CanaryRules, trial: Trial) -> CanaryLook:
    return await ledger.read(look_at, trial, rules)


async def _votes(ledger: LedgerAccess, days: int) -> Votes:
    """Of the last so many days in UTC, today's among them."""
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    return await ledger.read(votes_since, today - timedelta(days=days - 1))


async def _answer_error(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code in (404, 405):
        return error_response(no_route(request))
    return error_response(to_gateway_error(error))
