"""The body of /v1/responses. Each is answered by itself: what needs an earlier response is refused."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from server.requests.chat import Attribution, Effort
from server.requests.fields import (
    CallId,
    Content,
    FunctionName,
    Id,
    ModelName,
    OpenAIModel,
    TokenCount,
    TopLogprobs,
    text,
)
from server.requests.json_schema import JsonSchema
from server.requests.messages import Arguments
from server.requests.tools import Description

ItemStatus = Literal["in_progress", "completed", "incomplete"]


class InputPart(OpenAIModel):
    """Text of a user or of the operator."""

    type: Literal["input_text"]
    text: Content


class OutputPart(OpenAIModel):
    """Text of an earlier answer, as it was given."""

    type: Literal["output_text"]
    text: Content


Part = Annotated[InputPart | OutputPart, Field(discriminator="type")]


class MessageItem(OpenAIModel):
    """A message."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Content | Annotated[list[Part], Field(max_length=2048, fail_fast=True)]
    id: Id | None = None
    status: ItemStatus | None = None


class CallItem(OpenAIModel):
    """A call that the model made earlier."""

    type: Literal["function_call"]
    call_id: CallId
    name: FunctionName
    arguments: Arguments
    id: Id | None = None
    status: ItemStatus | None = None


class CallOutputItem(OpenAIModel):
    """What the function gave back."""

    type: Literal["function_call_output"]
    call_id: CallId
    output: Content
    id: Id | None = None
    status: ItemStatus | None = None


def _item_type(item: Any) -> str | None:
    """Return an item's type; without one it is a message, as OpenAI takes it."""
    return item.get("type", "message") if isinstance(item, dict) else getattr(item, "type", None)


Item = Annotated[
    Annotated[MessageItem, Tag("message")]
    | Annotated[CallItem, Tag("function_call")]
    | Annotated[CallOutputItem, Tag("function_call_output")],
    Discriminator(_item_type),
]


class FunctionTool(OpenAIModel):
    """A function that the model may call."""

    type: Literal["function"]
    name: FunctionName
    description: Description | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class NamedFunction(OpenAIModel):
    """Demands a call of this function."""

    type: Literal["function"]
    name: FunctionName


class PlainTextFormat(OpenAIModel):
    """Text, or any JSON object."""

    type: Literal["text", "json_object"]


class SchemaTextFormat(OpenAIModel):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    name: Annotated[str, text(128, 1)]
    json_schema: JsonSchema = Field(alias="schema")
    description: Description | None = None
    strict: bool | None = None


class TextConfig(OpenAIModel):
    """The shape of the answer."""

    format: Annotated[PlainTextFormat | SchemaTextFormat, Field(discriminator="type")] | None = None


class Reasoning(OpenAIModel):
    """How much a reasoning model may think."""

    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class ResponsesRequest(Attribution):
    """What /v1/responses takes."""

    model: ModelName
    input: Content | Annotated[list[Item], Field(min_length=1, max_length=2048, fail_fast=True)]
    instructions: Content | None = None
    stream: bool | None = None
    max_output_tokens: TokenCount | None = None
    top_logprobs: TopLogprobs | None = None
    include: Annotated[list[Literal["message.output_text.logprobs"]], Field(max_length=1, fail_fast=True)] | None = None
    text: TextConfig | None = None
    tools: Annotated[list[FunctionTool], Field(max_length=128, fail_fast=True)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedFunction | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    truncation: Literal["auto", "disabled"] | None = None
    background: Literal[False] | None = None

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "ResponsesRequest":
        if self.tool_choice not in (None, "none", "auto") and not self.tools:
            raise ValueError("tool_choice needs tools")
        return self
