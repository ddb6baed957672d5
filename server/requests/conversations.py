"""The bodies of the conversations' routes."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from server.requests.fields import Content, Id, RequestModel, text

Title = Annotated[str, text(512)]
Settings = Annotated[dict[str, Any], Field(max_length=64)]


class NewConversationRequest(RequestModel):
    """Begins a conversation."""

    title: Title = ""
    settings: Settings | None = None


class ConversationChangeRequest(RequestModel):
    """Renames a conversation, or replaces its settings."""

    title: Title | None = None
    settings: Settings | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "ConversationChangeRequest":
        if self.title is None and self.settings is None:
            raise ValueError("give a title, settings, or both")
        return self


class NewMessageRequest(RequestModel):
    """Stores what the user wrote."""

    role: Literal["user"]
    content: Annotated[Content, Field(min_length=1)]
    parent_id: Id | None = None
    client_id: Annotated[str, text(128, 1)] | None = Field(
        default=None, description="The same one sent again does not store the message twice."
    )
