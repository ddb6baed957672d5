"""A small gateway in memory: the routes of docs/api.md that the chat calls, with failures on demand."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

Answer = Callable[[list[dict[str, str]]], str]


def echo(messages: list[dict[str, str]]) -> str:
    return messages[-1]["content"]


@dataclass
class StandIn:
    """What the gateway knows, and how it behaves."""

    answer: Answer = echo
    token_delay_s: float = 0.0
    refuse_completions: tuple[int, dict[str, str]] | None = None
    break_off_after: int | None = None
    conversations: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    votes: list[dict[str, Any]] = field(default_factory=list)

    def mine(self, request: Request, conversation_id: str) -> dict[str, Any]:
        found = self.conversations.get(conversation_id)
        if found is None or found["user"] != request.headers["x-attune-user"]:
            raise HTTPException(404)
        return found

    def add(self, conversation: dict[str, Any], **message: Any) -> dict[str, Any]:
        stored = {"parent_id": None, "completion_id": None, "feedback": None} | message
        conversation["messages"].append(stored)
        conversation["updated_at"] = _now()
        return stored


def _now() -> str:
    return datetime.now(UTC).isoformat()


def create_stand_in(state: StandIn) -> FastAPI:
    app = FastAPI()

    @app.exception_handler(HTTPException)
    async def error(_: Request, exception: HTTPException) -> Response:
        return JSONResponse(
            {"error": {"message": f"refused with {exception.status_code}"}}, exception.status_code, exception.headers
        )

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/v1/conversations")
    async def create(request: Request) -> dict[str, Any]:
        conversation_id = "conv_" + secrets.token_hex(8)
        given = await request.json()
        conversation = {
            "id": conversation_id,
            "user": request.headers["x-attune-user"],
            "updated_at": _now(),
            "messages": [],
            **given,
        }
        state.conversations[conversation_id] = conversation
        return conversation

    @app.get("/v1/conversations")
    async def listed(request: Request, query: str = "", limit: int = 20, after: str | None = None) -> dict[str, Any]:
        def matches(conversation: dict[str, Any]) -> bool:
            texts = [conversation["title"], *(message["content"] for message in conversation["messages"])]
            return conversation["user"] == request.headers["x-attune-user"] and any(
                query.lower() in text.lower() for text in texts
            )

        found = sorted(filter(matches, state.conversations.values()), key=lambda item: item["updated_at"], reverse=True)
        start = next((place + 1 for place, item in enumerate(found) if item["id"] == after), 0)
        return {"data": found[start : start + limit], "has_more": len(found) > start + limit}

    @app.get("/v1/conversations/{conversation_id}")
    async def tree(request: Request, conversation_id: str) -> dict[str, Any]:
        return state.mine(request, conversation_id)

    @app.post("/v1/conversations/{conversation_id}")
    async def change(request: Request, conversation_id: str) -> dict[str, Any]:
        conversation = state.mine(request, conversation_id)
        conversation.update(await request.json())
        return conversation

    @app.delete("/v1/conversations/{conversation_id}")
    async def delete(request: Request, conversation_id: str) -> dict[str, Any]:
        state.mine(request, conversation_id)
        del state.conversations[conversation_id]
        return {"id": conversation_id, "deleted": True}

    @app.post("/v1/conversations/{conversation_id}/messages")
    async def ask(request: Request, conversation_id: str) -> dict[str, Any]:
        given = await request.json()
        return state.add(state.mine(request, conversation_id), id="msg_" + secrets.token_hex(8), **given)

    @app.post("/v1/feedback")
    async def feedback(request: Request) -> dict[str, Any]:
        given = await request.json()
        state.votes.append(given)
        for conversation in state.conversations.values():
            for message in conversation["messages"]:
                if message["completion_id"] == given["completion_id"]:
                    message["feedback"] = given if given["value"] else None
        return {"id": "fb_1", **given}

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> Response:
        body = await request.json()
        state.requests.append(body)
        if state.refuse_completions:
            status, headers = state.refuse_completions
            raise HTTPException(status, headers=headers)
        return StreamingResponse(_answer(state, body), media_type="text/event-stream")

    return app


async def _answer(state: StandIn, body: dict[str, Any]) -> AsyncIterator[str]:
    name = secrets.token_hex(16)
    conversation = state.conversations[body["metadata"]["conversation_id"]]
    written: list[str] = []
    status = "partial"
    try:
        for word in state.answer(body["messages"]).split(" "):
            if state.break_off_after is not None and len(written) >= state.break_off_after:
                status = "error"
                yield 'data: {"error": {"message": "the engine died"}}\n\n'
                return
            written.append(word)
            event = {"id": f"chatcmpl-{name}", "choices": [{"index": 0, "delta": {"content": word + " "}}]}
            yield f"data: {json.dumps(event)}\n\n"
            await asyncio.sleep(state.token_delay_s)
        status = "complete"
        yield "data: [DONE]\n\n"
    finally:
        state.add(
            conversation,
            id=f"msg_{name}",
            role="assistant",
            content=" ".join(written),
            parent_id=body["metadata"]["parent_id"],
            completion_id=f"chatcmpl-{name}",
            choice_index=0,
            model_version=1,
            status=status,
        )
