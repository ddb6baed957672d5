"""The messages of a chat. Only text passes: an image's address would make the engine fetch it."""

from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, Field, model_validator

from server.requests.fields import Content, FunctionName, Id, RequestModel, text

Name = Annotated[str, text(64, 1)]


class TextPart(RequestModel):
    """A part of a message."""

    type: Literal["text"]
    text: Content


class RefusalPart(RequestModel):
    """A part of an answer that says no."""

    type: Literal["refusal"]
    refusal: Content


TextContent = Content | Annotated[list[TextPart], Field(min_length=1, max_length=256)]
AnswerPart = Annotated[TextPart | RefusalPart, Field(discriminator="type")]


class SystemMessage(RequestModel):
    """What the operator of an app tells the model."""

    role: Literal["system", "developer"]
    content: TextContent
    name: Name | None = None


class UserMessage(RequestModel):
    """What the user says."""

    role: Literal["user"]
    content: TextContent
    name: Name | None = None


def json_object(arguments: str) -> str:
    """Checks the arguments of a call: vLLM hands them to the template as an object; anything else fails there."""
    try:
        parsed = orjson.loads(arguments or "{}")
    except ValueError as error:
        raise ValueError(f"the arguments of a call must be a JSON object: {error}") from error
    if not isinstance(parsed, dict):
        raise ValueError(f"the arguments of a call must be a JSON object, not {type(parsed).__name__}")
    return arguments


class CalledFunction(RequestModel):
    """The function that the model called, with its arguments as JSON text."""

    name: FunctionName
    arguments: Annotated[Content, AfterValidator(json_object)]


class ToolCall(RequestModel):
    """A call that the model made earlier."""

    id: Id
    type: Literal["function"]
    function: CalledFunction


class AssistantMessage(RequestModel):
    """An earlier answer, as the engine gave it: its empty fields come back too."""

    role: Literal["assistant"]
    content: Content | Annotated[list[AnswerPart], Field(min_length=1, max_length=256)] | None = None
    name: Name | None = None
    tool_calls: Annotated[list[ToolCall], Field(max_length=128)] | None = None
    refusal: Content | None = None
    reasoning: Content | None = None
    reasoning_content: Content | None = None
    annotations: list[Any] | None = Field(default=None, max_length=0)
    audio: None = None
    function_call: None = None

    @model_validator(mode="after")
    def _says_something(self) -> "AssistantMessage":
        if self.content is None and not self.tool_calls and self.refusal is None:
            raise ValueError("an assistant's message needs content or tool_calls")
        return self


class ToolMessage(RequestModel):
    """What a function gave back."""

    role: Literal["tool"]
    content: TextContent
    tool_call_id: Id
    name: Name | None = None


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]
Messages = Annotated[list[Message], Field(min_length=1, max_length=2048)]
