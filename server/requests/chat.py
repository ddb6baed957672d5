"""The body of /v1/chat/completions."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from server.requests.fields import (
    Choices,
    LogitBias,
    Metadata,
    ModelName,
    OpenAIModel,
    TokenCount,
    TopLogprobs,
    UserName,
)
from server.requests.harmful import REFUSALS
from server.requests.messages import Messages
from server.requests.sampling import Sampling, StreamOptions, TokenBounds
from server.requests.tools import ResponseFormat, ToolChoice, Tools

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Attribution(Sampling):
    """For whom a request is, and where its answer belongs."""

    user: UserName | None = None
    safety_identifier: UserName | None = Field(
        default=None, description="Names the user where `user` and X-Attune-User do not."
    )
    metadata: Metadata | None = None
    store: bool | None = Field(
        default=None, description="False keeps figures of the answer and no text; X-Attune-Keep can keep nothing."
    )

    @model_validator(mode="after")
    def _parent_is_in_a_conversation(self) -> "Attribution":
        metadata = self.metadata or {}
        if "parent_id" in metadata and "conversation_id" not in metadata:
            raise ValueError("metadata.parent_id needs metadata.conversation_id beside it")
        return self


class TemplateSwitches(OpenAIModel):
    """What a request may tell the chat template: whether a model that can think does so, by two templates' names."""

    enable_thinking: bool | None = None
    thinking: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_else(cls, switches: Any) -> Any:
        if isinstance(switches, dict) and (others := switches.keys() - cls.model_fields):
            raise ValueError(f"{', '.join(sorted(others))}: {REFUSALS['chat_template_kwargs'].reason}")
        return switches


class ChatRequest(Attribution, TokenBounds):
    """What /v1/chat/completions takes."""

    model: ModelName
    messages: Messages
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Choices | None = None
    max_tokens: TokenCount | None = None
    max_completion_tokens: TokenCount | None = None
    logprobs: bool | None = None
    top_logprobs: TopLogprobs | None = None
    logit_bias: LogitBias | None = None
    response_format: ResponseFormat | None = None
    tools: Tools | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: Effort | None = None
    modalities: Annotated[list[Literal["text"]], Field(max_length=1, fail_fast=True)] | None = None
    add_generation_prompt: bool | None = None
    continue_final_message: bool | None = None
    chat_template_kwargs: TemplateSwitches | None = None

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "ChatRequest":
        if self.stream_options is not None and self.stream_options.model_fields_set and not self.stream:
            raise ValueError("stream_options are for streams: set stream to true, or leave them out")
        if self.top_logprobs and not self.logprobs:
            raise ValueError("top_logprobs need logprobs: set it to true")
        if self.tool_choice not in (None, "none") and not self.tools:
            raise ValueError("tool_choice needs tools")
        return self
