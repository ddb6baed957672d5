"""Functions that a model may call, and the shape that its answer must have."""

from typing import Annotated, Literal

from pydantic import Field

from server.requests.fields import FunctionName, RequestModel, text
from server.requests.json_schema import JsonSchema

Description = Annotated[str, text(16_384)]


class Function(RequestModel):
    """A function that the model may call."""

    name: FunctionName
    description: Description | None = None
    parameters: JsonSchema | None = None
    strict: bool | None = None


class Tool(RequestModel):
    """A function as /v1/chat/completions has it."""

    type: Literal["function"]
    function: Function


class FunctionOfName(RequestModel):
    """The name of a function."""

    name: FunctionName


class NamedToolChoice(RequestModel):
    """Demands a call of this function."""

    type: Literal["function"]
    function: FunctionOfName


ToolChoice = Literal["none", "auto", "required"] | NamedToolChoice
Tools = Annotated[list[Tool], Field(min_length=1, max_length=128)]


class NamedSchema(RequestModel):
    """A JSON schema with a name."""

    name: FunctionName
    description: Description | None = None
    json_schema: JsonSchema = Field(alias="schema")
    strict: bool | None = None


class PlainFormat(RequestModel):
    """Text, or any JSON object."""

    type: Literal["text", "json_object"]


class SchemaFormat(RequestModel):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


ResponseFormat = Annotated[PlainFormat | SchemaFormat, Field(discriminator="type")]
