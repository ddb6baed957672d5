"""The body of /v1/responses. Each is answered by itself: what needs an earlier response is refused."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from server.requests.chat import Attribution, Effort
from server.requests.fields import Content, FunctionName, Id, ModelName, RequestModel, TokenCount, TopLogprobs
from server.requests.json_schema import JsonSchema
from server.requests.messages import json_object
from server.requests.tools import Description

ItemStatus = Literal["in_progress", "completed", "incomplete"]


class InputPart(RequestModel):
    """Text of a user or of the operator."""

    type: Literal["input_text"]
    text: Content


class OutputPart(RequestModel):
    """Text of an earlier answer, as it was given."""

    type: Literal["output_text"]
    text: Content
    annotations: list[Any] | None = Field(default=None, max_length=0)
    logprobs: list[Any] | None = Field(default=None, max_length=0)


Part = Annotated[InputPart | OutputPart, Field(discriminator="type")]


class MessageItem(RequestModel):
    """A message."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Content | Annotated[list[Part], Field(min_length=1, max_length=256)]
    id: Id | None = None
    status: ItemStatus | None = None
    phase: None = None


class CallItem(RequestModel):
    """A call that the model made earlier."""

    type: Literal["function_call"]
    call_id: Id
    name: FunctionName
    arguments: Annotated[Content, AfterValidator(json_object)]
    id: Id | None = None
    status: ItemStatus | None = None


class CallOutputItem(RequestModel):
    """What the function gave back."""

    type: Literal["function_call_output"]
    call_id: Id
    output: Content
    id: Id | None = None
    status: ItemStatus | None = None


Item = MessageItem | CallItem | CallOutputItem


class FunctionTool(RequestModel):
    """A function that the model may call."""

    type: Literal["function"]
    name: FunctionName
    description: Description | None = None
    parameters: JsonSchema | None = None
    strict: bool | None = None


class NamedFunction(RequestModel):
    """Demands a call of this function."""

    type: Literal["function"]
    name: FunctionName


class PlainTextFormat(RequestModel):
    """Text, or any JSON object."""

    type: Literal["text", "json_object"]


class SchemaTextFormat(RequestModel):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    name: FunctionName
    json_schema: JsonSchema = Field(alias="schema")
    description: Description | None = None
    strict: bool | None = None


class TextConfig(RequestModel):
    """The shape of the answer."""

    format: Annotated[PlainTextFormat | SchemaTextFormat, Field(discriminator="type")] | None = None


class Reasoning(RequestModel):
    """How much a reasoning model may think."""

    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class ResponsesRequest(Attribution):
    """What /v1/responses takes."""

    model: ModelName
    input: Annotated[Content, Field(min_length=1)] | Annotated[list[Item], Field(min_length=1, max_length=2048)]
    instructions: Content | None = None
    stream: bool | None = None
    max_output_tokens: TokenCount | None = None
    top_logprobs: TopLogprobs | None = None
    include: Annotated[list[Literal["message.output_text.logprobs"]], Field(max_length=1)] | None = None
    text: TextConfig | None = None
    tools: Annotated[list[FunctionTool], Field(max_length=128)] | None = None
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
