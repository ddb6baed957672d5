"""The body of POST /v1/ratings."""

from typing import Annotated

from pydantic import Field

from ledger.rubric import HIGHEST, LOWEST
from server.requests.fields import Id, RequestModel, UserName

Points = Annotated[int, Field(ge=LOWEST, le=HIGHEST, description="From not at all to in full.")]


class RatingRequest(RequestModel):
    """What a person thinks of an answer without knowing whose it is."""

    item_id: Id
    fluency: Points
    coherence: Points
    relevance: Points
    user: UserName | None = None
