"""Functions that a model may call, and the shape that its answer must have."""

from typing import Annotated, Any, Literal

from pydantic import Field

from server.requests.fields import FunctionName, FunctionTyped, OpenAIModel, text
from server.requests.json_schema import JsonSchema

Description = Annotated[str, text(16_384)]


class Function(OpenAIModel):
    """A function that the model may call."""

    name: FunctionName
    description: Description | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(FunctionTyped):
    """A function as /v1/chat/completions has it."""

    type: Literal["function"]
    function: Function


class FunctionOfName(OpenAIModel):
    """The name of a function."""

    name: FunctionName


class NamedToolChoice(OpenAIModel):
    """Demands a call of this function."""

    type: Literal["function"]
    function: FunctionOfName


class AllowedTools(OpenAIModel):
    """Some of the tools, and whether one of them must be called."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedToolChoice], Field(min_length=1, max_length=128, fail_fast=True)]


class AllowedToolsChoice(OpenAIModel):
    """Leaves the model only some of the tools."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


ObjectToolChoice = Annotated[NamedToolChoice | AllowedToolsChoice, Field(discriminator="type")]
ToolChoice = Literal["none", "auto", "required"] | ObjectToolChoice
Tools = Annotated[list[Tool], Field(min_length=1, max_length=128, fail_fast=True)]


def without_allowed_tools(body: dict[str, Any]) -> dict[str, Any]:
    """Return a chat request in which `allowed_tools`, which vLLM does not know, is said with `tools` alone."""
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice["type"] != "allowed_tools":
        return body
    allowed = {tool["function"]["name"] for tool in choice["allowed_tools"]["tools"]}
    tools = [tool for tool in body["tools"] if tool["function"]["name"] in allowed]
    if tools:
        return body | {"tools": tools, "tool_choice": choice["allowed_tools"]["mode"]}
    return {name: value for name, value in body.items() if name not in ("tools", "tool_choice")}


class NamedSchema(OpenAIModel):
    """A JSON schema with a name."""

    name: Annotated[str, text(128, 1)]
    description: Description | None = None
    json_schema: JsonSchema = Field(alias="schema")
    strict: bool | None = None


class PlainFormat(OpenAIModel):
    """Text, or any JSON object."""

    type: Literal["text", "json_object"]


class SchemaFormat(OpenAIModel):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


ResponseFormat = Annotated[PlainFormat | SchemaFormat, Field(discriminator="type")]
