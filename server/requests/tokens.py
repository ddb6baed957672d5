"""The bodies of /tokenize and /detokenize, which vLLM has beside OpenAI's routes."""

from typing import Annotated

from pydantic import Field, model_validator

from server.requests.fields import Content, ModelName, OpenAIModel, TokenId
from server.requests.messages import Messages
from server.requests.tools import Tools


class TokenizeRequest(OpenAIModel):
    """What /tokenize takes: a text, or the messages of a chat."""

    model: ModelName
    prompt: Content | None = None
    messages: Messages | None = None
    tools: Tools | None = None
    add_special_tokens: bool | None = None
    add_generation_prompt: bool | None = None
    continue_final_message: bool | None = None
    return_token_strs: bool | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "TokenizeRequest":
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give either prompt or messages")
        return self


class DetokenizeRequest(OpenAIModel):
    """What /detokenize takes."""

    model: ModelName
    tokens: Annotated[list[TokenId], Field(max_length=2**18, fail_fast=True)]
