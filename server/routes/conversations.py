"""Conversations: begun, listed, read, changed, shared, exported, erased."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from ledger import conversations
from ledger.records import NewMessage
from server import kept
from server.body import checked, read_body
from server.context import In, InferenceCaller
from server.openapi import errors, open_errors, takes
from server.requests.conversations import ConversationChangeRequest, NewConversationRequest, NewMessageRequest
from server.requests.page import After, Limit
from server.routes.answers import ConversationAnswer, ConversationPage, Deleted, MessageAnswer, Share, TreeAnswer

router = APIRouter(tags=["conversations"])


@router.post("/v1/conversations", responses=errors(408, 413, 422), openapi_extra=takes(NewConversationRequest))
async def create_conversation(request: Request, context: In, caller: InferenceCaller) -> ConversationAnswer:
    """Begins a conversation."""
    given = checked(NewConversationRequest, await read_body(request))
    kept.require_text(caller.keep, "A conversation")
    created = await context.ledger.write(
        conversations.create,
        owner=caller.owner,
        user=caller.user_with(None),
        title=given.title,
        settings=given.settings,
        counts_as=caller.counts_as,
    )
    return ConversationAnswer.of(created)


@router.get("/v1/conversations", responses=errors(422))
async def list_conversations(
    context: In,
    caller: InferenceCaller,
    query: Annotated[str, Query(max_length=1000, description="Text in the title or a message.")] = "",
    limit: Limit = 20,
    after: After = None,
) -> ConversationPage:
    """Lists the caller's conversations, the one used last first."""
    page = await context.ledger.read(
        conversations.search,
        owner=caller.owner,
        user=caller.user_with(None),
        query=query,
        limit=limit,
        after=after,
    )
    return ConversationPage(data=[ConversationAnswer.of(row) for row in page.items], has_more=page.has_more)


@router.get("/v1/conversations/{conversation_id}", responses=errors())
async def get_conversation(conversation_id: str, context: In, caller: InferenceCaller) -> TreeAnswer:
    """Returns a conversation with all its messages, and the caller's feedback on each answer."""
    tree = await context.ledger.read(conversations.get, conversation_id, caller.owner, caller.user_with(None))
    return TreeAnswer.of_tree(tree, under_trial=context.poller.current.under_trial)


@router.post(
    "/v1/conversations/{conversation_id}",
    responses=errors(408, 413),
    openapi_extra=takes(ConversationChangeRequest),
)
async def change_conversation(
    conversation_id: str, request: Request, context: In, caller: InferenceCaller
) -> ConversationAnswer:
    """Renames a conversation, or replaces its settings."""
    given = checked(ConversationChangeRequest, await read_body(request))
    kept.require_text(caller.keep, "A conversation")
    changed = await context.ledger.write(
        conversations.update,
        conversation_id,
        caller.owner,
        caller.user_with(None),
        title=given.title,
        settings=given.settings,
    )
    return ConversationAnswer.of(changed)


@router.delete("/v1/conversations/{conversation_id}", responses=errors())
async def delete_conversation(conversation_id: str, context: In, caller: InferenceCaller) -> Deleted:
    """Erases a conversation with its messages, completions and feedback."""
    await context.ledger.write(conversations.delete, conversation_id, caller.owner, caller.user_with(None))
    await context.erased_copies.erased()
    return Deleted(id=conversation_id, object="conversation.deleted")


@router.post(
    "/v1/conversations/{conversation_id}/messages",
    responses=errors(408, 409, 413),
    openapi_extra=takes(NewMessageRequest),
)
async def add_message(conversation_id: str, request: Request, context: In, caller: InferenceCaller) -> MessageAnswer:
    """Stores what the user wrote. The answer to it is stored by the completion that names it as its parent."""
    given = checked(NewMessageRequest, await read_body(request))
    kept.require_text(caller.keep, "A message")
    new = NewMessage(
        conversation_id=conversation_id,
        owner=caller.owner,
        user=caller.user_with(None),
        content=given.content,
        parent_id=given.parent_id,
        client_id=given.client_id,
    )
    return MessageAnswer.of(await context.ledger.write(conversations.add_message, new))


@router.get("/v1/conversations/{conversation_id}/export", responses=errors())
async def export_conversation(conversation_id: str, context: In, caller: InferenceCaller) -> dict[str, Any]:
    """Returns a conversation as a document to keep."""
    return await context.ledger.read(conversations.export, conversation_id, caller.owner, caller.user_with(None))


@router.post("/v1/conversations/{conversation_id}/share", responses=errors())
async def share_conversation(conversation_id: str, context: In, caller: InferenceCaller) -> Share:
    """Makes a read-only link; the same one until it is taken back."""
    token = await context.ledger.write(conversations.share, conversation_id, caller.owner, caller.user_with(None))
    return Share(conversation_id=conversation_id, token=token)


@router.delete("/v1/conversations/{conversation_id}/share", responses=errors())
async def unshare_conversation(conversation_id: str, context: In, caller: InferenceCaller) -> Deleted:
    """Takes the link back."""
    await context.ledger.write(conversations.unshare, conversation_id, caller.owner, caller.user_with(None))
    return Deleted(id=conversation_id, object="conversation.share.deleted")


@router.get("/v1/shared/{token}", responses=open_errors(404, 503))
async def get_shared(token: str, context: In) -> TreeAnswer:
    """Returns the conversation behind a link, without votes and settings. Needs no key."""
    tree = await context.ledger.read(conversations.shared, token)
    answer = TreeAnswer.of_tree(tree, under_trial=context.poller.current.under_trial)
    return answer.model_copy(update={"settings": {}, "share_token": None})
