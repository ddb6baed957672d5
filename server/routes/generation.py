"""The routes that an engine answers."""

import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from ledger import conversations, keys, message_tree
from ledger.records import Completion
from server import kept
from server.auth import Caller
from server.body import read_body
from server.context import Context, In, InferenceCaller
from server.endpoints import (
    ENDPOINTS,
    Endpoint,
    recorded_messages,
    recorded_params,
    upstream_body,
)
from server.errors import BadRequest
from server.openapi import errors, takes
from server.places import load
from server.relay import Job, Relay
from server.requests.accept import accept
from server.requests.constraints import constraint_cost
from server.requests.json_schema import check_cost
from server.requests.schema_cost import SchemaCost
from server.requests.tools import without_allowed_tools
from server.routing import Asker
from server.snapshot import Target, control_tokens_of

router = APIRouter(tags=["generation"])


def _handler(endpoint: Endpoint) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def handle(request: Request, context: In, caller: InferenceCaller) -> Response:
        accepted = accept(endpoint.request_model, await read_body(request))
        body = accepted.body
        caller = replace(caller, keep=kept.of_answer(caller.keep, body))
        request.state.keep = caller.keep
        request.state.ignored = (*getattr(request.state, "ignored", ()), *accepted.ignored)
        user = _user(caller, body)
        metadata = body.get("metadata") or {}
        request_id: str = request.state.request_id
        asker = Asker(caller.owner, user, metadata.get("conversation_id"), request_id)
        recorded = endpoint.recorded and caller.keep != "nothing"
        target = context.poller.current.target(body["model"], asker, recorded)
        cost = constraint_cost(without_allowed_tools(body))
        asked = load(endpoint, body, constrained=cost.seconds > 0)
        _check_sequences(asked.answers, context.settings.max_sequences)
        _check_schema_cost(cost, asked.answers)
        await _check_place(context, caller, user, metadata)
        escaped = endpoint.escape(body, control_tokens_of(target.engines[0].control_tokens))
        draft = _draft(endpoint, escaped, caller, target, request_id)
        job = Job(
            endpoint=endpoint,
            engines=target.engines,
            identity=asker.identity,
            sharer=_sharer(caller, user),
            places=asked.within(context.settings.max_concurrent),
            schema_s=cost.seconds * asked.answers,
            body=upstream_body(endpoint, escaped, draft.id),
            request_id=request_id,
            draft=draft,
            began=getattr(request.state, "began", time.perf_counter()),
        )
        return Relay(job, context.lines)

    return handle


def _sharer(caller: Caller, user: str) -> str:
    """With whom a request shares places: with its key; of the chat's key, which stands for many, with its person."""
    return f"{caller.key.id} {user}" if caller.owner == keys.CHAT_OWNER else caller.key.id


def _check_sequences(answers: int, most: int) -> None:
    if answers > most:
        raise BadRequest(
            f"This request asks for {answers} answers (prompts times n); {most} are allowed. Send several requests.",
            param="n",
            code="too_many_answers",
        )


def _check_schema_cost(cost: SchemaCost, answers: int) -> None:
    try:
        check_cost(cost, answers)
    except ValueError as error:
        raise BadRequest(f"{error}.", code="schema_too_expensive") from None


def _user(caller: Caller, body: dict[str, Any]) -> str:
    """Return the user that a request is for; `safety_identifier` names them where nothing else does."""
    return caller.user_with(body.get("user")) or body.get("safety_identifier") or ""


async def _check_place(context: Context, caller: Caller, user: str, metadata: dict[str, str]) -> None:
    """Checks before anything is generated that the answer can be stored where the client wants it."""
    conversation_id, parent_id = metadata.get("conversation_id"), metadata.get("parent_id")
    if conversation_id is None:
        return
    if parent_id is None:
        await context.ledger.read(conversations.find, conversation_id, caller.owner, user)
    else:
        await context.ledger.read(message_tree.check_parent, conversation_id, parent_id, caller.owner, user)


def _draft(endpoint: Endpoint, body: dict[str, Any], caller: Caller, target: Target, request_id: str) -> Completion:
    """The answer's row, as far as it is known before the answer."""
    metadata = body.get("metadata") or {}
    return Completion(
        id=kept.answer_id(endpoint.id_prefix, request_id, caller.keep),
        endpoint=endpoint.path,
        owner=caller.owner,
        key_id=caller.key.id,
        user=_user(caller, body),
        messages=recorded_messages(endpoint, body),
        params=recorded_params(endpoint, body),
        choices=(),
        status="partial",
        model_version=target.version_number,
        route=target.route,
        conversation_id=metadata.get("conversation_id"),
        parent_id=metadata.get("parent_id"),
        counts_as=caller.counts_as,
        kept=caller.keep,
    )


for _endpoint in ENDPOINTS:
    _ok: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "OpenAI's object, or its events",
            "content": {"text/event-stream": {}, "application/json": {}},
        }
    }
    router.add_api_route(
        _endpoint.path,
        _handler(_endpoint),
        methods=["POST"],
        name=_endpoint.path.removeprefix("/v1/"),
        summary=f"What OpenAI's {_endpoint.path} does, answered by the engine.",
        responses=_ok | errors(408, 413, 422, 502, 504),
        response_class=Response,
        openapi_extra=takes(_endpoint.request_model),
    )
