"""The body of /v1/embeddings."""

from typing import Annotated, Literal

from pydantic import Field

from server.requests.fields import Content, ModelName, OpenAIModel, UserName
from server.requests.text import TokenIds


class EmbeddingsRequest(OpenAIModel):
    """What /v1/embeddings takes."""

    model: ModelName
    input: Content | TokenIds | Annotated[list[Content], Field(min_length=1, max_length=2048, fail_fast=True)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, le=65536)] | None = None
    user: UserName | None = None
