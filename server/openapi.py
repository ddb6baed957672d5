"""The OpenAPI description: what FastAPI cannot see, because the bodies are read by `server.body` within limits."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from server.requests.chat import ChatRequest
from server.requests.conversations import ConversationChangeRequest, NewConversationRequest, NewMessageRequest
from server.requests.deployments import CanaryRequest, DeploymentRequest
from server.requests.embeddings import EmbeddingsRequest
from server.requests.feedback import FeedbackRequest
from server.requests.fields import RequestModel
from server.requests.ratings import RatingRequest
from server.requests.responses import ResponsesRequest
from server.requests.text import TextRequest
from server.requests.tokens import DetokenizeRequest, TokenizeRequest

BODIES: tuple[type[RequestModel], ...] = (
    ChatRequest,
    TextRequest,
    ResponsesRequest,
    EmbeddingsRequest,
    TokenizeRequest,
    DetokenizeRequest,
    FeedbackRequest,
    RatingRequest,
    NewConversationRequest,
    ConversationChangeRequest,
    NewMessageRequest,
    CanaryRequest,
    DeploymentRequest,
)


class ErrorDetail(BaseModel):
    """What was wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """OpenAI's error body."""

    error: ErrorDetail


_REASONS = {
    400: "Malformed, or an unknown or refused field",
    401: "No key, or none that opens anything",
    403: "The key may not do this",
    404: "There is no such thing, or not for this caller",
    405: "The route does not take this method",
    408: "The request was not complete in time",
    409: "An idempotency key was used before, or what is to be changed has changed",
    413: "The body is too long",
    422: "Well-formed but impossible",
    429: "The key's rate, or a full queue",
    421: "The Host header names a server that this is not",
    431: "The headers are too long",
    500: "A defect of ours",
    502: "The engine broke off",
    503: "No engine is ready, or the ledger cannot commit",
    504: "The engine did not finish in time",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route; those that any route can give are added."""
    every = {*statuses, 400, 401, 403, 404, 405, 421, 429, 431, 500, 503}
    return {status: {"model": ErrorBody, "description": _REASONS[status]} for status in sorted(every)}


def open_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route that needs no key."""
    return {status: {"model": ErrorBody, "description": _REASONS[status]} for status in (*statuses, 405, 421, 431, 500)}


def answers(content_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The successful response of a route that does not answer with a JSON object of ours."""
    return {200: {"content": {content_type: {}}, "description": description}}


def takes(model: type[RequestModel], *, required: bool = True) -> dict[str, Any]:
    """Describes a route's body, for `openapi_extra`."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Returns the description of an app, made once."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, definitions = models_json_schema(
            [(model, "validation") for model in BODIES], ref_template="#/components/schemas/{model}"
        )
        found.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
        app.openapi_schema = found
    return app.openapi_schema
