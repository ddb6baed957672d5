"""Who asks: the API key, what it may do, how often, and for which user."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request

from ledger import keys
from ledger.raters import VOUCHES
from ledger.records import ApiKey, Keep, Scope
from server import kept
from server.errors import BadRequest, Forbidden, Unauthenticated
from server.rate_limits import RateLimits
from server.snapshot import Snapshot, SnapshotPoller

logger = logging.getLogger(__name__)

LONGEST_USER = 256


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        user: As the header X-Attune-User names them; None where there is no such header.
        counts_as: What the header X-Attune-Counts-As calls the rater whose weight this user shares with others.
        keep: The most that may be kept of what the request brings, by the key and the header X-Attune-Keep.
    """

    key: ApiKey
    user: str | None
    counts_as: str | None = None
    keep: Keep = "full"

    @property
    def owner(self) -> str:
        """Whose data the key sees."""
        return self.key.owner

    def user_with(self, body_user: str | None) -> str:
        """The user that a request is for; the empty string where neither header nor body names one.

        Raises:
            BadRequest: Both do, differently.
        """
        if self.user is not None and body_user is not None and self.user != body_user:
            raise BadRequest(
                "The body's user and the header X-Attune-User name different users. Send one of them.", param="user"
            )
        return self.user or body_user or ""


class Authenticator:
    """Finds the caller of a request."""

    def __init__(self, poller: SnapshotPoller, rate_limits: RateLimits) -> None:
        self._poller = poller
        self._rate_limits = rate_limits

    async def caller(self, request: Request, scope: Scope) -> Caller:
        """Authenticates, authorises and counts a request.

        Raises:
            Unauthenticated: There is no key in it, or none that opens anything.
            Forbidden: The key lacks the scope.
            RateLimited: The key, or the user by this key, has sent its requests of this minute.
            BadRequest: A header that names a user, a rater or a policy of keeping is unusable.
        """
        secret = _bearer(request)
        key = _opened(secret, self._poller.current)
        if key is None:
            # It may have been made this moment. Whatever is wrong with a key, its refusal waits for the same reading of
            # the ledger, so that the time does not tell which prefixes there are.
            key = _opened(secret, await self._poller.newer())
        if key is None:
            raise Unauthenticated(
                "This API key opens nothing: it is unknown, expired or revoked. `attune keys create` makes one.",
                code="invalid_api_key",
            )
        request.state.key_prefix = key.prefix
        request.state.rate_limit = await self._rate_limits.count(key)
        user = _name(request, "X-Attune-User")
        if user:
            await self._rate_limits.count_user(key, user)
        if scope not in key.scopes:
            raise Forbidden(
                f"This API key lacks the scope {scope}; it has {', '.join(key.scopes)}.", code="missing_scope"
            )
        keep = kept.allowed_by(key, request.headers.get(kept.HEADER))
        return Caller(key, user, _counts_as(request, key), keep)


def _opened(secret: str, snapshot: Snapshot) -> ApiKey | None:
    """The key that this secret belongs to; None if it opens nothing."""
    prefix = keys.prefix_of(secret)
    key = snapshot.keys.get(prefix) if prefix else None
    return key if key is not None and keys.verify(secret, key) and key.usable(datetime.now(UTC)) else None


def _bearer(request: Request) -> str:
    header = request.headers.get("authorization", "")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated(
            "There is no API key in the request. Send the header `Authorization: Bearer sk-attune-…`.",
            code="missing_api_key",
        )
    return secret.strip()


def _counts_as(request: Request, key: ApiKey) -> str | None:
    """The rater that the user is said to count as; a key that vouches for people cannot say that of any."""
    name = _name(request, "X-Attune-Counts-As")
    if name is not None and VOUCHES in key.scopes:
        raise BadRequest(
            "A key with the scope vouch says that each user it names is one person, so it cannot send the header"
            " X-Attune-Counts-As. Use a key without that scope, as the chat must.",
            param="X-Attune-Counts-As",
        )
    return name


def _name(request: Request, name: str) -> str | None:
    """A header that names a user or a rater; None where it is not there, or empty."""
    header = request.headers.get(name)
    if not header:
        return None
    try:
        value = header.encode("latin-1").decode("utf-8")  # Starlette decodes headers as Latin-1; ours is UTF-8
    except UnicodeDecodeError:
        raise BadRequest(f"The header {name} is not valid UTF-8.", param=name) from None
    if len(value) > LONGEST_USER:
        raise BadRequest(f"The header {name} has {len(value)} characters; {LONGEST_USER} are allowed.", param=name)
    return value
