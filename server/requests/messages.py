"""The messages of a chat. Only text passes: an image's address would make the engine fetch it."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from server.json_depth import deeper_than
from server.requests.fields import CallId, Content, FunctionName, FunctionTyped, OpenAIModel, text

Name = Annotated[str, text(256)]
DEEPEST_ARGUMENTS = 64
_THOUGHTS = frozenset({"thinking", "redacted_thinking", "reasoning"})


class TextPart(OpenAIModel):
    """A part of a message."""

    type: Literal["text"]
    text: Content


class RefusalPart(OpenAIModel):
    """A part of an answer that says no."""

    type: Literal["refusal"]
    refusal: Content


def _as_parts(content: Any) -> Any:
    """Return content with its texts as parts, and null or no parts as empty text, which every template can show."""
    if isinstance(content, list) and content:
        return [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
    return "" if content is None or content == [] else content


def _without_thoughts(content: Any) -> Any:
    """Return an answer's content with what a model thought, in the form of some other server, as empty text."""
    if not isinstance(content, list):
        return content
    return [
        {"type": "text", "text": ""} if isinstance(part, dict) and part.get("type") in _THOUGHTS else part
        for part in content
    ]


def _text_or_nothing(thoughts: Any) -> Any:
    """Return thoughts that are text; servers that are not OpenAI's have lists and objects there."""
    return thoughts if isinstance(thoughts, str) else None


TextContent = Annotated[
    Content | Annotated[list[TextPart], Field(max_length=2048, fail_fast=True)], BeforeValidator(_as_parts)
]
AnswerPart = Annotated[TextPart | RefusalPart, Field(discriminator="type")]
AnswerContent = Annotated[
    Content | Annotated[list[AnswerPart], Field(max_length=2048, fail_fast=True)] | None,
    BeforeValidator(_without_thoughts),
]
Thoughts = Annotated[Content | None, BeforeValidator(_text_or_nothing)]


class _Said(OpenAIModel):
    """A message that is nothing but its content, which clients leave out where it is empty."""

    @model_validator(mode="before")
    @classmethod
    def _has_content(cls, message: Any) -> Any:
        return {"content": ""} | message if isinstance(message, dict) else message


class SystemMessage(_Said):
    """What the operator of an app tells the model."""

    role: Literal["system", "developer"]
    content: TextContent
    name: Name | None = None


class UserMessage(_Said):
    """What the user says."""

    role: Literal["user"]
    content: TextContent
    name: Name | None = None


def readable(arguments: str) -> str:
    """Return the arguments of a call, which some model wrote: no object, or cut off, or no JSON at all.

    An answer is sent back as it was; vLLM shows its template an empty object then.

    Raises:
        ValueError: They nest so deeply that reading them would overflow a stack, here or at an engine.
    """
    if arguments.count("[") + arguments.count("{") <= DEEPEST_ARGUMENTS:
        return arguments
    try:
        too_deep = deeper_than(DEEPEST_ARGUMENTS, [json.loads(arguments)])
    except RecursionError:
        too_deep = True
    except ValueError:
        too_deep = False
    if too_deep:
        raise ValueError(f"the arguments of a call nest deeper than {DEEPEST_ARGUMENTS} levels")
    return arguments


Arguments = Annotated[Content, AfterValidator(readable)]


class CalledFunction(OpenAIModel):
    """The function that the model called, with its arguments as it wrote them."""

    name: FunctionName
    arguments: Arguments


class ToolCall(FunctionTyped):
    """A call that the model made earlier."""

    id: CallId
    type: Literal["function"]
    function: CalledFunction


class AssistantMessage(OpenAIModel):
    """An earlier answer, as the engine gave it."""

    role: Literal["assistant"]
    content: AnswerContent = None
    name: Name | None = None
    tool_calls: Annotated[list[ToolCall], Field(max_length=128, fail_fast=True)] | None = None
    refusal: Content | None = None
    reasoning: Thoughts = None
    reasoning_content: Thoughts = None

    @model_validator(mode="before")
    @classmethod
    def _says_something(cls, message: Any) -> Any:
        """Give an answer that says and calls nothing an empty text, which every chat template can show."""
        if not isinstance(message, dict) or message.get("tool_calls") or message.get("refusal"):
            return message
        return message | {"content": _as_parts(message.get("content"))}


class ToolMessage(_Said):
    """What a function gave back."""

    role: Literal["tool"]
    content: TextContent
    tool_call_id: CallId | None = None
    name: Name | None = None


class FunctionMessage(_Said):
    """What a function gave back, as clients sent it before there were tools."""

    role: Literal["function"]
    content: TextContent
    name: Name | None = None


Message = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage, Field(discriminator="role")
]
Messages = Annotated[list[Message], Field(min_length=1, max_length=2048, fail_fast=True)]
