"""What the gateway's own routes answer: the ledger's records on the wire. Times are ISO 8601 in UTC."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from ledger import records


class FeedbackAnswer(BaseModel):
    """A row of feedback."""

    id: str
    object: Literal["feedback"] = "feedback"
    completion_id: str
    choice_index: int
    kind: Literal["thumb", "comparison", "correction"]
    value: int
    reasons: list[str]
    comment: str | None
    correction: str | None
    preferred_over: str | None
    preferred_over_choice: int
    user: str
    source: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: records.Feedback) -> "FeedbackAnswer":
        """Returns a row on the wire."""
        return cls(
            id=row.id,
            completion_id=row.completion_id,
            choice_index=row.choice_index,
            kind=row.kind,
            value=row.value,
            reasons=list(row.reasons),
            comment=row.comment,
            correction=row.correction,
            preferred_over=row.preferred_over,
            preferred_over_choice=row.preferred_over_choice,
            user=row.user,
            source=row.source,
            created_at=row.created_at,
        )


class MessageAnswer(BaseModel):
    """A message of a conversation's tree; the fields from `completion_id` on are set for answers."""

    id: str
    object: Literal["conversation.message"] = "conversation.message"
    conversation_id: str
    parent_id: str | None
    role: Literal["system", "user", "assistant"]
    content: str
    created_at: datetime
    completion_id: str | None
    choice_index: int | None
    status: Literal["complete", "partial", "error"] | None
    model_version: int | None
    feedback: FeedbackAnswer | None

    @classmethod
    def of(cls, row: records.Message) -> "MessageAnswer":
        """Returns a message on the wire."""
        return cls(
            id=row.id,
            conversation_id=row.conversation_id,
            parent_id=row.parent_id,
            role=row.role,
            content=row.content,
            created_at=row.created_at,
            completion_id=row.completion_id,
            choice_index=row.choice_index,
            status=row.status,
            model_version=row.model_version,
            feedback=None if row.feedback is None else FeedbackAnswer.of(row.feedback),
        )


class ConversationAnswer(BaseModel):
    """A conversation without its messages."""

    id: str
    object: Literal["conversation"] = "conversation"
    title: str
    settings: dict[str, Any]
    share_token: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: records.Conversation) -> "ConversationAnswer":
        """Returns a conversation on the wire."""
        return cls(**_conversation_fields(row))


class TreeAnswer(ConversationAnswer):
    """A conversation and all its messages, oldest first.

    While `under_trial`, who rates these answers should not be shown the `model_version` that gave them.
    """

    messages: list[MessageAnswer]
    under_trial: bool

    @classmethod
    def of_tree(cls, tree: records.ConversationTree, *, under_trial: bool) -> "TreeAnswer":
        """Returns a tree on the wire; `under_trial` says whether a canary is tried now."""
        messages = [MessageAnswer.of(message) for message in tree.messages]
        return cls(**_conversation_fields(tree.conversation), messages=messages, under_trial=under_trial)


class FeedbackPage(BaseModel):
    """A part of the list of feedback, newest first."""

    object: Literal["list"] = "list"
    data: list[FeedbackAnswer]
    has_more: bool


class ConversationPage(BaseModel):
    """A part of the list of conversations, the one used last first."""

    object: Literal["list"] = "list"
    data: list[ConversationAnswer]
    has_more: bool


class Deleted(BaseModel):
    """Something that was erased."""

    id: str
    object: str
    deleted: Literal[True] = True


class Share(BaseModel):
    """A read-only link: `GET /v1/shared/{token}`."""

    object: Literal["conversation.share"] = "conversation.share"
    conversation_id: str
    token: str


def _conversation_fields(row: records.Conversation) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "settings": dict(row.settings),
        "share_token": row.share_token,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
