"""The fields by which tokens are chosen, OpenAI's and those of vLLM that cannot hurt; the ranges are vLLM's own."""

from typing import Annotated

from pydantic import Field

from server.requests.fields import OpenAIModel, Seed, Stop, StopList, TokenId, Whole


class Sampling(OpenAIModel):
    """Sampling parameters that all generating endpoints share."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[Whole, Field(ge=-1, le=2**20)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    repetition_penalty: Annotated[float, Field(ge=0.1, le=10)] | None = None
    seed: Seed | None = None
    stop: Stop | StopList | None = None
    stop_token_ids: Annotated[list[TokenId], Field(max_length=64, fail_fast=True)] | None = None
    ignore_eos: bool | None = None
    skip_special_tokens: bool | None = None
    include_stop_str_in_output: bool | None = None


class TokenBounds(OpenAIModel):
    """Further parameters of the two endpoints that vLLM calls completions."""

    min_tokens: Annotated[Whole, Field(ge=0, le=2**20)] | None = None
    spaces_between_special_tokens: bool | None = None


class StreamOptions(OpenAIModel):
    """What a stream holds besides the answer."""

    include_usage: bool | None = None
    continuous_usage_stats: bool | None = None
