"""The page on which people rate answers without knowing whose they are: plain forms, no script.

A form of another site cannot rate in somebody's name: their browser does not send it the cookie (SameSite=Lax).
"""

from html import escape
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from chat_ui.allowed_routes import RATING_PATH as PATH
from chat_ui.allowed_routes import STATIC_URL
from chat_ui.errors import GatewayAway, GatewayError, Missing
from chat_ui.gateway_client import GatewayClient
from chat_ui.identity import user_of
from chat_ui.records import NextToRate, Rating

Points = Annotated[int, Form(ge=1, le=5)]


def rating_routes(gateway: GatewayClient) -> APIRouter:
    """The page and what its form sends."""
    router = APIRouter()

    @router.get(PATH, response_class=HTMLResponse)
    async def show(request: Request) -> Response:
        user = user_of(request)
        assert user is not None, "this page hands out ids"
        try:
            return HTMLResponse(_page(_form(await gateway.next_to_rate(user))))
        except GatewayError as error:
            return _failed(error)

    @router.post(PATH)
    async def store(
        request: Request,
        item_id: Annotated[str, Form(max_length=128)],
        fluency: Points,
        coherence: Points,
        relevance: Points,
    ) -> Response:
        user = user_of(request)
        if user is None:
            return HTMLResponse(_page(_notice("This browser is not known here. Allow cookies for this page.")), 403)
        rating = Rating(item_id=item_id, fluency=fluency, coherence=coherence, relevance=relevance)
        try:
            await gateway.rate(user, rating)
        except Missing:
            return HTMLResponse(_page(_notice("This answer is not rated any more.")), 404)
        except GatewayError as error:
            return _failed(error)
        return RedirectResponse(PATH, status_code=303)

    return router


def _failed(error: GatewayError) -> Response:
    return HTMLResponse(_page(_notice(str(error))), 503 if isinstance(error, GatewayAway) else 409)


def _page(content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rate answers: Attune</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="{STATIC_URL}/favicon.svg"><link rel="stylesheet" href="{STATIC_URL}/rating_page.css">'
        f"</head><body><main><h1>Rate answers</h1>{content}</main></body></html>"
    )


def _notice(text: str) -> str:
    return f'<p role="status">{escape(text)}</p><p><a href="{PATH}">Go on</a></p>'


def _form(found: NextToRate) -> str:
    """The prompt, the answer and a scale for each aspect; what people and models wrote is text and nothing else."""
    if found.item is None:
        return '<p role="status">There is nothing left for you to rate. Thank you!</p>'
    said = "".join(
        f"<dt>{escape(message.role)}</dt><dd>{escape(message.content)}</dd>" for message in found.item.prompt
    )
    scales = "".join(_scale(name, question, found) for name, question in found.aspects.items())
    return (
        f"<h2>Asked</h2><dl>{said}</dl><h2>Answer</h2><blockquote>{escape(found.item.answer)}</blockquote>"
        f'<form method="post" action="{PATH}"><input type="hidden" name="item_id" value="{escape(found.item.id)}">'
        f"<p>{found.lowest} is not at all, {found.highest} is in full. Which model answered is not shown.</p>"
        f'{scales}<button type="submit">Next</button></form>'
    )


def _scale(name: str, question: str, found: NextToRate) -> str:
    points = "".join(
        f'<label><input type="radio" name="{escape(name)}" value="{value}" required> {value}</label>'
        for value in range(found.lowest, found.highest + 1)
    )
    return f"<fieldset><legend><b>{escape(name)}</b> {escape(question)}</legend>{points}</fieldset>"
