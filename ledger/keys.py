"""API keys: made, listed, revoked, checked.

A key is `sk-attune-<8 hex>-<64 hex>`: a public prefix to find its row by, and 256 random bits. A plain SHA-256 is
enough to store: a slow password hash protects secrets that can be guessed, and this one cannot.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from ledger.clock import utc_now
from ledger.errors import Impossible, NotFound
from ledger.ids import new_id
from ledger.kept import POLICIES
from ledger.records import ApiKey, Keep, Scope
from ledger.schema import api_keys

CHAT_OWNER = "chat-ui"
"""Owner of the chat's key, which stands for all who use the page."""
SCOPES: tuple[str, ...] = get_args(Scope)


def create(
    connection: Connection,
    *,
    name: str,
    owner: str,
    scopes: Sequence[str],
    requests_per_minute: int | None = None,
    expires_at: datetime | None = None,
    keep: Keep = "full",
    now: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Makes a key; `keep` is the most that is kept of its answers.

    Returns:
        Its row, and the secret, which cannot be had again.

    Raises:
        Impossible: It has no name or owner, there is no such scope or policy, or the rate is below 1.
    """
    if not name.strip() or not owner.strip():
        raise Impossible("A key needs a name and an owner that are not empty: they tell keys and their data apart.")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise Impossible(f"A key cannot have the scopes {list(scopes)}: choose one or more of {', '.join(SCOPES)}.")
    if requests_per_minute is not None and requests_per_minute < 1:
        raise Impossible(f"A rate of {requests_per_minute} requests a minute admits none: give 1 or more, or none.")
    if keep not in POLICIES:
        raise Impossible(f"A key cannot keep {keep!r}: choose one of {', '.join(POLICIES)}.")
    prefix = secrets.token_hex(4)
    secret = f"sk-attune-{prefix}-{secrets.token_hex(32)}"
    key = ApiKey(
        id=new_id("key"),
        prefix=prefix,
        secret_sha256=_digest(secret),
        name=name,
        owner=owner,
        scopes=tuple(dict.fromkeys(scopes)),
        requests_per_minute=requests_per_minute,
        created_at=now or utc_now(),
        expires_at=expires_at,
        keep=keep,
    )
    connection.execute(insert(api_keys).values(**_row(key)))
    return key, secret


def list_all(connection: Connection) -> list[ApiKey]:
    """Returns every key, oldest first, revoked and expired ones too."""
    rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)).mappings()
    return [_key(row) for row in rows]


def active(connection: Connection, now: datetime | None = None) -> list[ApiKey]:
    """Returns the keys that open something at `now`: neither revoked nor expired."""
    expires_at = api_keys.c.expires_at
    query = select(api_keys).where(
        api_keys.c.revoked_at.is_(None), or_(expires_at.is_(None), expires_at > (now or utc_now()))
    )
    return [_key(row) for row in connection.execute(query).mappings()]


def get(connection: Connection, prefix_or_id: str) -> ApiKey:
    """Return a key, revoked or not.

    Raises:
        NotFound: There is no such key.
    """
    named = or_(api_keys.c.prefix == prefix_or_id, api_keys.c.id == prefix_or_id)
    row = connection.execute(select(api_keys).where(named)).mappings().first()
    if row is None:
        named_so = connection.execute(select(api_keys.c.prefix).where(api_keys.c.name == prefix_or_id)).scalars().all()
        if named_so:
            raise NotFound(
                f"{prefix_or_id} is the name of a key, and names can repeat: give its prefix, {' or '.join(named_so)}."
            )
        raise NotFound(f"There is no key {prefix_or_id}. `attune keys list` shows all.")
    return _key(row)


def revoke(connection: Connection, prefix_or_id: str, *, now: datetime | None = None) -> ApiKey:
    """Revokes a key, for good. Revoking it again changes nothing.

    Raises:
        NotFound: There is no such key.
    """
    found = get(connection, prefix_or_id)
    unrevoked = (api_keys.c.id == found.id) & api_keys.c.revoked_at.is_(None)
    connection.execute(update(api_keys).where(unrevoked).values(revoked_at=now or utc_now()))
    return get(connection, found.id)


def prefix_of(secret: str) -> str | None:
    """Returns the public prefix in what a client sent as its key; None if it does not look like a key."""
    parts = secret.split("-")
    return parts[2] if len(parts) == 4 and parts[:2] == ["sk", "attune"] else None


def verify(secret: str, key: ApiKey) -> bool:
    """Whether `secret` is the secret of `key`, in a time that does not tell how much of it is right."""
    return hmac.compare_digest(_digest(secret), key.secret_sha256)


def _digest(secret: str) -> str:
    """SHA-256 in hex. What a client sent may hold lone surrogates: they must not raise."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _row(key: ApiKey) -> dict[str, Any]:
    return {column.name: getattr(key, column.name) for column in api_keys.columns}


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(**{**row, "scopes": tuple(row["scopes"])})
