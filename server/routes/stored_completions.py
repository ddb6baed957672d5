"""Completions as they were recorded, in OpenAI's shape."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection

from ledger import completions
from ledger.kept import is_unkept
from ledger.records import Choice, Completion
from server.auth import Caller
from server.context import In, InferenceCaller
from server.errors import NotFound
from server.openapi import errors
from server.routes.answers import Deleted

router = APIRouter(tags=["completions"])


class StoredMessage(BaseModel):
    """An answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    tool_calls: list[dict[str, Any]] | None = None


class StoredChoice(BaseModel):
    """One of the answers (`n`) of a completion."""

    index: int
    message: StoredMessage
    finish_reason: str | None
    logprobs: None = None


class StoredCompletion(BaseModel):
    """OpenAI's chat completion, and how it ended."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[StoredChoice]
    usage: dict[str, Any] | None
    metadata: dict[str, str] | None
    status: Literal["complete", "partial", "error"]


@router.get("/v1/chat/completions/{completion_id}", responses=errors())
async def get_completion(completion_id: str, context: In, caller: InferenceCaller) -> StoredCompletion:
    """Returns a completion that this caller received, where its text was kept."""
    row = await context.ledger.read(_received, completion_id, caller)
    if row.kept != "full":
        raise NotFound(
            f"Of the completion {completion_id} only metadata was kept, as its request or API key asked. To get an "
            "answer again, ask without store: false and X-Attune-Keep, by a key that keeps all.",
            code="not_kept",
        )
    return _stored(row)


@router.delete("/v1/chat/completions/{completion_id}", responses=errors())
async def delete_completion(completion_id: str, context: In, caller: InferenceCaller) -> Deleted:
    """Erases a completion that this caller received, and the feedback on it."""
    await context.ledger.write(_erase, completion_id, caller)
    await context.erased_copies.erased()
    return Deleted(id=completion_id, object="chat.completion.deleted")


def _received(connection: Connection, completion_id: str, caller: Caller) -> Completion:
    """Return a completion of the named user; of whoever it was for where the request names nobody, as OpenAI does."""
    if is_unkept(completion_id):
        raise NotFound(
            f"Nothing was kept of the completion {completion_id}, as its request or API key asked.", code="not_kept"
        )
    if caller.user is None:
        return completions.get_by_key(connection, completion_id, caller.key.id)
    return completions.get(connection, completion_id, caller.owner, caller.user)


def _erase(connection: Connection, completion_id: str, caller: Caller) -> None:
    row = _received(connection, completion_id, caller)
    completions.delete(connection, completion_id, row.owner, row.user)


def _stored(row: Completion) -> StoredCompletion:
    return StoredCompletion(
        id=row.id,
        created=int(row.created_at.timestamp()),
        model=f"attune@v{row.model_version}",
        choices=[_choice(choice) for choice in row.choices],
        usage=None if row.usage is None else dict(row.usage),
        metadata=row.params.get("metadata"),
        status=row.status,
    )


def _choice(choice: Choice) -> StoredChoice:
    calls = None if choice.tool_calls is None else [dict(call) for call in choice.tool_calls]
    message = StoredMessage(content=choice.text, tool_calls=calls)
    return StoredChoice(index=choice.index, message=message, finish_reason=choice.finish_reason)
