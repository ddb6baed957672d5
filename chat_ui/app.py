"""The chat's web application: Gradio's page inside a FastAPI application that knows who asks and closes the rest."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import gradio as gr
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from chat_ui.actions import ChatActions
from chat_ui.allowed_routes import STATIC_URL, WITH_SLASH
from chat_ui.answering import Answering
from chat_ui.event_rate import EventRate
from chat_ui.events import Events
from chat_ui.gateway_client import GatewayClient, load_key
from chat_ui.identity import IdentityMiddleware, Signer, load_secret, user_of
from chat_ui.ops import OpsPage
from chat_ui.page import STATIC, lay_out
from chat_ui.page_events import PageEvents
from chat_ui.raters import RaterLimit
from chat_ui.rating_page import rating_routes
from chat_ui.request_bounds import EventBounds, RequestBoundsMiddleware
from chat_ui.security import OpsOriginMiddleware, SecurityMiddleware
from chat_ui.settings import ChatUISettings
from chat_ui.unread_results import UnreadResults
from http_bounds.bodies import BodyReader
from http_bounds.hosts import AllowedHosts, HostMiddleware

STYLE_SHEETS = ("base", "layout", "sidebar", "messages", "controls", "composer")
FORGET_EVERY_S = 10.0
# Linked and not given to Gradio's `css`, which would confine every rule to Gradio's own element.
HEAD = "\n".join(
    [
        '<meta name="color-scheme" content="light dark">',
        *(f'<link rel="stylesheet" href="{STATIC_URL}/{name}.css">' for name in STYLE_SHEETS),
        f'<link rel="stylesheet" href="{STATIC_URL}/vendor/katex/katex.min.css">',
        f'<script type="module" src="{STATIC_URL}/theme.js"></script>',
    ]
)


def create_app(settings: ChatUISettings) -> FastAPI:
    """Build the application.

    Raises:
        MissingKey: If there is no API key to speak to the gateway with.
    """
    gateway = GatewayClient(settings.gateway_url, load_key(settings.ui_key_file))
    ops = OpsPage(settings.gateway_url)
    limit = RaterLimit(settings.ui_raters_burst, settings.ui_raters_per_day)

    blocks = build_page(gateway, settings.ui_answers_per_person)
    rate, unread = EventRate(settings.ui_events_per_minute), UnreadResults(blocks._queue)
    events = EventBounds(PageEvents.of(blocks), rate, unread)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running = [asyncio.create_task(limit.renew_for_ever()), asyncio.create_task(_forget_for_ever(events))]
        yield
        for task in running:
            task.cancel()
        await gateway.close()
        await ops.close()

    app = FastAPI(title="Attune chat", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    bodies = BodyReader(settings.max_held_body_bytes)
    streams = settings.ui_streams_per_person
    app.add_middleware(RequestBoundsMiddleware, bodies=bodies, streams_per_user=streams, events=events)
    app.add_middleware(IdentityMiddleware, signer=Signer(load_secret(settings.ui_secret_file)), limit=limit)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # else Gradio adds its own, which lets every origin in
    app.add_middleware(OpsOriginMiddleware)
    app.add_middleware(HostMiddleware, hosts=AllowedHosts(settings.allowed_hosts, settings.ui_host))
    app.add_middleware(SecurityMiddleware)

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/model-ready")
    async def model_ready() -> dict[str, bool]:
        return {"ready": await gateway.ready()}

    for typed, page in WITH_SLASH.items():
        app.add_api_route(typed, _redirect(page), methods=["GET"], response_class=RedirectResponse)
    app.include_router(ops.router)
    app.include_router(rating_routes(gateway))
    app.mount(STATIC_URL, StaticFiles(directory=STATIC), name="static")
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        auth_dependency=user_of,
        theme=_theme(),
        head=HEAD,
        favicon_path=str(STATIC / "favicon.svg"),
        show_error=False,
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        pwa=False,
        max_file_size=1,
    )
    return app


async def _forget_for_ever(events: EventBounds) -> None:
    while True:
        await asyncio.sleep(FORGET_EVERY_S)
        await events.forget_old()


def build_page(gateway: GatewayClient, answers_per_person: int) -> gr.Blocks:
    """The page with its events; nobody gets more than so many answers at once."""
    with gr.Blocks(title="Attune", analytics_enabled=False, fill_width=True) as blocks:
        Events(lay_out(), ChatActions(gateway), Answering(gateway, answers_per_person)).connect(blocks)
    blocks.queue(default_concurrency_limit=None, api_open=False)
    _rest_between_events(blocks)
    return blocks


def _redirect(page: str) -> Callable[[], Awaitable[RedirectResponse]]:
    async def redirect() -> RedirectResponse:
        return RedirectResponse(page)

    return redirect


def _rest_between_events(blocks: gr.Blocks) -> None:
    """Lets Gradio look for new events every 20 ms, not every millisecond, which takes 5 % of a core in an idle process.

    Gradio's own interval on Windows is longer (`Queue.sleep_when_free` in gradio/queueing.py of 6.31). This can go when
    the queue waits for events instead of polling.
    """
    blocks._queue.sleep_when_free = 0.02


def _theme() -> gr.themes.Base:
    """Fonts that every system has: the theme's own would come from a server, or lack letters."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )
