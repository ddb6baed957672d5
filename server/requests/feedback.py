"""The body of POST /v1/feedback."""

from typing import Annotated

from pydantic import Field

from server.requests.fields import Id, RequestModel, UserName, text

Reason = Annotated[str, text(64, 1)]


class FeedbackRequest(RequestModel):
    """What a person thinks of an answer."""

    completion_id: Id
    value: Annotated[int, Field(ge=-1, le=1, description="1 up, -1 down, 0 takes the vote back.")]
    choice_index: Annotated[int, Field(ge=0, le=127)] = 0
    reasons: Annotated[list[Reason], Field(max_length=16, fail_fast=True)] = Field(default_factory=list)
    comment: Annotated[str, text(4_000)] | None = None
    correction: Annotated[str, text(32_768, 1)] | None = None
    preferred_over: Id | None = None
    preferred_over_choice: Annotated[int, Field(ge=0, le=127)] = 0
    user: UserName | None = None
    source: Annotated[str, text(64, 1)] | None = None
