"""The body of /v1/completions. Its prompt is raw: control tokens in it are the caller's own."""

from typing import Annotated

from pydantic import Field, model_validator

from server.requests.chat import Attribution
from server.requests.fields import Choices, Content, LogitBias, ModelName, TokenId, TopLogprobs, Whole
from server.requests.sampling import StreamOptions, TokenBounds
from server.requests.tools import ResponseFormat

TokenIds = Annotated[list[TokenId], Field(min_length=1, max_length=2**18, fail_fast=True)]
Prompts = (
    Content
    | TokenIds
    | Annotated[list[Content], Field(min_length=1, max_length=2**15, fail_fast=True)]
    | Annotated[list[TokenIds], Field(min_length=1, max_length=2**15, fail_fast=True)]
)


class TextRequest(Attribution, TokenBounds):
    """What /v1/completions takes."""

    model: ModelName
    prompt: Prompts
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Choices | None = None
    max_tokens: Annotated[Whole, Field(ge=0, le=2**20)] | None = None
    echo: bool | None = None
    logprobs: TopLogprobs | None = None
    logit_bias: LogitBias | None = None
    response_format: ResponseFormat | None = None

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "TextRequest":
        if self.stream_options is not None and self.stream_options.model_fields_set and not self.stream:
            raise ValueError("stream_options are for streams: set stream to true, or leave them out")
        return self
