"""Bounded types that the requests share. A number that nobody bounds ends as an error 500 of some engine.

Lists fail at their first fault (`fail_fast`), and dicts that are too long before they are looked through: to collect
400,000 faults of one body, of which one is told, took the gateway's loop two seconds.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

_INT64 = 2**63


class RequestModel(BaseModel):
    """Base of the bodies of Attune's own routes: unknown fields are refused, and no value changes its type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class OpenAIModel(RequestModel):
    """Base of what clients of OpenAI's API send: unknown fields are left out (`server.requests.accept`)."""

    model_config = ConfigDict(extra="ignore")


class FunctionTyped(OpenAIModel):
    """Base of what may be a function only, so that some clients leave the `type` out; engines want it."""

    @model_validator(mode="before")
    @classmethod
    def _is_a_function(cls, given: Any) -> Any:
        return given | {"type": "function"} if isinstance(given, dict) and given.get("type") is None else given


def text(longest: int, shortest: int = 0) -> StringConstraints:
    """The length of a string, in characters."""
    return StringConstraints(min_length=shortest, max_length=longest)


def _whole(number: Any) -> Any:
    """Return 16.0 as 16: languages that have one kind of number write whole ones so."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Whole = Annotated[int, BeforeValidator(_whole)]

ModelName = Annotated[str, text(128, 1)]
UserName = Annotated[str, text(256)]
Id = Annotated[str, text(128, 1)]
FunctionName = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]{1,128}$")]
"""OpenAI's own names are narrower; servers of tools use dots, slashes and more than 64 characters."""
Content = Annotated[str, text(2**20)]
"""Text of a message; the limit of the body is what bounds it."""
CallId = Annotated[str, text(2**16)]
"""The id of a call, as some server gave it: some give none, some write a model's signed thoughts into it."""

TokenCount = Annotated[Whole, Field(ge=1, le=2**20)]
Choices = Annotated[Whole, Field(ge=1, le=8)]
TopLogprobs = Annotated[Whole, Field(ge=0, le=20)]
Seed = Annotated[Whole, Field(ge=-_INT64, le=_INT64 - 1)]
TokenId = Annotated[int, Field(ge=0, le=2**31 - 1)]

Stop = Annotated[str, text(256, 1)]
StopList = Annotated[list[Stop], Field(max_length=64, fail_fast=True)]
"""OpenAI takes four, vLLM any number, each of which it looks for after every token."""


def short(most: int) -> BeforeValidator:
    """Refuses a dict with more entries than these before it looks at one."""

    def check(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > most:
            raise ValueError(f"{len(value)} entries are too many: {most} are allowed")
        return value

    return BeforeValidator(check)


LogitBias = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}$")], Annotated[float, Field(ge=-100, le=100)]],
    Field(max_length=300),
    short(300),
]
Metadata = Annotated[dict[Annotated[str, text(64, 1)], Annotated[str, text(512)]], Field(max_length=16), short(16)]
