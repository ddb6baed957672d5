"""The messages of a chat. Only text passes: an image's address would make the engine fetch it."""

from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from server.requests.fields import Content, FunctionName, Id, OpenAIModel, text

Name = Annotated[str, text(64, 1)]


class TextPart(OpenAIModel):
    """A part of a message."""

    type: Literal["text"]
    text: Content


class RefusalPart(OpenAIModel):
    """A part of an answer that says no."""

    type: Literal["refusal"]
    refusal: Content


def _empty_text(content: Any) -> Any:
    """Return no content as empty text: clients send null and `[]`, which some chat templates cannot show."""
    return "" if content is None or content == [] else content


TextContent = Annotated[Content | Annotated[list[TextPart], Field(max_length=256)], BeforeValidator(_empty_text)]
AnswerPart = Annotated[TextPart | RefusalPart, Field(discriminator="type")]


class SystemMessage(OpenAIModel):
    """What the operator of an app tells the model."""

    role: Literal["system", "developer"]
    content: TextContent
    name: Name | None = None


class UserMessage(OpenAIModel):
    """What the user says."""

    role: Literal["user"]
    content: TextContent
    name: Name | None = None


def json_text(arguments: str) -> str:
    """Check the arguments of a call, which vLLM parses for the template.

    They need not be an object: a model may have called with something else, and its answer is sent back as it was.
    """
    try:
        orjson.loads(arguments or "{}")
    except ValueError as error:
        raise ValueError(f"the arguments of a call must be JSON: {error}") from error
    return arguments


class CalledFunction(OpenAIModel):
    """The function that the model called, with its arguments as JSON text."""

    name: FunctionName
    arguments: Annotated[Content, AfterValidator(json_text)]


class ToolCall(OpenAIModel):
    """A call that the model made earlier."""

    id: Id
    type: Literal["function"]
    function: CalledFunction


class AssistantMessage(OpenAIModel):
    """An earlier answer, as the engine gave it."""

    role: Literal["assistant"]
    content: Content | Annotated[list[AnswerPart], Field(max_length=256)] | None = None
    name: Name | None = None
    tool_calls: Annotated[list[ToolCall], Field(max_length=128)] | None = None
    refusal: Content | None = None
    reasoning: Content | None = None
    reasoning_content: Content | None = None

    @model_validator(mode="before")
    @classmethod
    def _says_something(cls, message: Any) -> Any:
        """Give an answer that says and calls nothing an empty text, which every chat template can show."""
        if not isinstance(message, dict) or message.get("tool_calls") or message.get("refusal"):
            return message
        return message | {"content": _empty_text(message.get("content"))}


class ToolMessage(OpenAIModel):
    """What a function gave back."""

    role: Literal["tool"]
    content: TextContent
    tool_call_id: Id
    name: Name | None = None


class FunctionMessage(OpenAIModel):
    """What a function gave back, as clients sent it before there were tools."""

    role: Literal["function"]
    content: TextContent
    name: Name


Message = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage, Field(discriminator="role")
]
Messages = Annotated[list[Message], Field(min_length=1, max_length=2048)]
