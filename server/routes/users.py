"""People: erased when they ask for it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from ledger import erase
from server.context import FeedbackCaller, In
from server.errors import Forbidden
from server.openapi import errors
from server.routes.answers import Deleted

router = APIRouter(tags=["users"])

Owner = Annotated[
    str | None,
    Query(min_length=1, max_length=256, description="Whose user; by default the key's own, else for admins alone."),
]


@router.delete("/v1/users/{user}", responses=errors())
async def erase_user(
    user: Annotated[str, Path(min_length=1, max_length=256)], context: In, caller: FeedbackCaller, owner: Owner = None
) -> Deleted:
    """Erases a person: conversations, completions and feedback."""
    if owner not in (None, caller.owner) and "admin" not in caller.key.scopes:
        raise Forbidden(
            f"This API key may erase the users of {caller.owner!r}, not of {owner!r}: that needs the scope admin.",
            code="missing_scope",
            param="owner",
        )
    await context.ledger.write(erase.erase_user, owner or caller.owner, user)
    return Deleted(id=user, object="user.deleted")
