"""Messages as they are sent to a model."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """One message, in OpenAI's words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


Chat = tuple[Message, ...]
"""What is asked; the last message is the user's."""


def asked(text: str) -> Chat:
    """A chat of one question."""
    return (Message(role="user", content=text),)
