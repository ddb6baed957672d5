"""People: erased when they ask for it."""

from typing import Annotated

from fastapi import APIRouter, Path

from ledger import erase
from server.context import FeedbackCaller, In
from server.openapi import errors
from server.routes.answers import Deleted

router = APIRouter(tags=["users"])


@router.delete("/v1/users/{user}", responses=errors())
async def erase_user(
    user: Annotated[str, Path(min_length=1, max_length=256)], context: In, caller: FeedbackCaller
) -> Deleted:
    """Erases a person of this key's owner: conversations, completions and feedback."""
    await context.ledger.write(erase.erase_user, caller.owner, user)
    return Deleted(id=user, object="user.deleted")
