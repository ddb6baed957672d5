"""People: shown what is stored of them, and erased when they ask for it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from ledger import erase, person
from ledger.errors import NotFound
from server.auth import LONGEST_USER, Caller
from server.context import Context, FeedbackCaller, In, InferenceCaller
from server.errors import Forbidden
from server.openapi import errors
from server.routes.answers import Deleted

router = APIRouter(tags=["users"])

WAIT_FOR_COPIES_S = 5.0
"""So long an erasing waits for the copies on disk to be gone; later they go without anybody waiting."""

Owner = Annotated[
    str | None,
    Query(min_length=1, max_length=256, description="Whose user; by default the key's own, else for admins alone."),
]
Name = Annotated[
    str,
    Query(max_length=LONGEST_USER, description="As the requests named them; empty for those that named nobody."),
]


@router.get("/v1/users", responses=errors())
async def export_user(user: Name, context: In, caller: InferenceCaller, owner: Owner = None) -> dict[str, Any]:
    """Returns everything that is stored of a person: conversations, completions, feedback and ratings."""
    return await context.ledger.read(person.export, _owner(caller, owner), user)


@router.delete("/v1/users", responses=errors())
async def erase_named_user(user: Name, context: In, caller: FeedbackCaller, owner: Owner = None) -> Deleted:
    """Erases a person: conversations, completions and feedback. Takes any name, also `..`, `a/b` and the empty one."""
    return await _erase(context, _owner(caller, owner), user)


@router.delete("/v1/users/{user:path}", responses=errors())
async def erase_user(
    user: Annotated[str, Path(min_length=1, max_length=LONGEST_USER)],
    context: In,
    caller: FeedbackCaller,
    owner: Owner = None,
) -> Deleted:
    """Erases a person: conversations, completions and feedback. For a name that proxies can mangle, use the query."""
    return await _erase(context, _owner(caller, owner), user)


async def _erase(context: Context, owner: str, user: str) -> Deleted:
    found = await context.ledger.write(erase.erase_user, owner, user)
    if not found:
        raise NotFound(f"Nothing is stored for the user {user!r}.")
    await context.erased_copies.erased(WAIT_FOR_COPIES_S)
    return Deleted(id=user, object="user.deleted")


def _owner(caller: Caller, owner: str | None) -> str:
    """Whose user is meant.

    Raises:
        Forbidden: It is another owner's, and the key is not an admin's.
    """
    if owner not in (None, caller.owner) and "admin" not in caller.key.scopes:
        raise Forbidden(
            f"This API key may read and erase the users of {caller.owner!r}, not of {owner!r}: that needs the scope "
            "admin.",
            code="missing_scope",
            param="owner",
        )
    return owner or caller.owner
