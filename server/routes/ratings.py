"""Blind ratings: the next answer for a person to rate, and what they think of it."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from ledger import ratings
from ledger.rubric import ASPECTS, HIGHEST, LOWEST
from server import kept
from server.body import checked, read_body
from server.context import FeedbackCaller, In
from server.openapi import errors, takes
from server.requests.ratings import RatingRequest

router = APIRouter(tags=["ratings"])


class RatingItem(BaseModel):
    """An answer to rate. Which version gave it is not told."""

    id: str
    prompt: list[dict[str, Any]]
    answer: str


class NextAnswer(BaseModel):
    """What to rate next and on what; `item` is null when nothing is left for this person."""

    object: Literal["rating_item"] = "rating_item"
    item: RatingItem | None
    aspects: dict[str, str]
    lowest: int = LOWEST
    highest: int = HIGHEST


class RatingAnswer(BaseModel):
    """A rating as it was stored."""

    object: Literal["rating"] = "rating"
    item_id: str
    fluency: int
    coherence: int
    relevance: int


@router.get("/v1/ratings/next", responses=errors())
async def get_next(context: In, caller: FeedbackCaller) -> NextAnswer:
    """Returns an answer that this person has not rated yet."""
    found = await context.ledger.read(ratings.next_item, caller.owner, caller.user_with(None))
    item = None if found is None else RatingItem(id=found.id, prompt=list(map(dict, found.prompt)), answer=found.answer)
    return NextAnswer(item=item, aspects=dict(ASPECTS))


@router.post("/v1/ratings", responses=errors(408, 409, 413), openapi_extra=takes(RatingRequest))
async def give_rating(request: Request, context: In, caller: FeedbackCaller) -> RatingAnswer:
    """Stores a rating; when this answers, it is on disk. The same one again changes nothing."""
    given = checked(RatingRequest, await read_body(request))
    kept.require_row(caller.keep, "A rating")
    values = given.model_dump(include=set(ASPECTS))
    rater = caller.owner, caller.user_with(given.user)
    await context.ledger.write(ratings.rate, given.item_id, *rater, values, counts_as=caller.counts_as)
    return RatingAnswer(
        item_id=given.item_id, fluency=given.fluency, coherence=given.coherence, relevance=given.relevance
    )
