"""Users: opaque ids for what an owner's app calls its people."""

import hashlib
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from ledger.clock import utc_now
from ledger.column_types import storable_text
from ledger.errors import Erased
from ledger.ids import new_id
from ledger.insertion import insert_if_absent
from ledger.records import User
from ledger.schema import erased_names, users

# Built once, because every completion needs them.
_ERASED_AT = select(erased_names.c.erased_at).where(erased_names.c.name_sha256 == bindparam("name_sha256"))
_HOLD = (
    select(users, _ERASED_AT.scalar_subquery().label("erased_at"))
    .where(users.c.owner == bindparam("owner"), users.c.external_id == bindparam("external_id"))
    .with_for_update(read=True, key_share=True, of=users)
)


def find(connection: Connection, owner: str, external_id: str) -> User | None:
    """Returns the user, or None where nothing was ever stored for them."""
    query = select(users).where(users.c.owner == owner, users.c.external_id == external_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else User(**row)


def resolve(
    connection: Connection,
    owner: str,
    external_id: str,
    *,
    counts_as: str | None = None,
    asked_at: datetime | None = None,
) -> User:
    """Returns the user, and makes one if there is none. Safe against others who do so at the same moment.

    The row stays until the transaction ends: nobody erases the user in between.

    Args:
        connection: Of a transaction.
        owner: Of the key.
        external_id: What the owner calls the user.
        counts_as: What the owner calls the rater that this user's votes count as, together with those of all users who
            are said to count as the same. It holds from a user's first row on; None, or the user's own name, for one
            who counts alone.
        asked_at: When they asked for what is stored now; None for this moment.

    Raises:
        Erased: The user was erased after `asked_at`.
    """
    given = {"owner": owner, "external_id": external_id, "name_sha256": name_sha256(owner, external_id)}
    while True:
        row = connection.execute(_HOLD, given).mappings().first()
        if row is not None:
            _require_unerased(row["erased_at"], asked_at)
            return User(**{name: value for name, value in row.items() if name != "erased_at"})
        _require_unerased(connection.execute(_ERASED_AT, given).scalar(), asked_at)
        shared = None if counts_as in (None, external_id) else _shared_rater(owner, str(counts_as))
        new = User(new_id("usr"), storable_text(owner), storable_text(external_id), utc_now(), shared)
        if insert_if_absent(connection, users, asdict(new)):
            # Again: on PostgreSQL the insertion has waited for whoever erased this name meanwhile.
            erased_at = connection.execute(_ERASED_AT, given).scalar()
            if erased_at is not None and asked_at is not None and erased_at >= asked_at:
                connection.execute(delete(users).where(users.c.id == new.id))
            _require_unerased(erased_at, asked_at)
            return new


def name_sha256(owner: str, external_id: str) -> str:
    """SHA-256 (hex) that a user is recognised by for a day after the erasing."""
    return hashlib.sha256(f"{storable_text(owner)}\0{storable_text(external_id)}".encode()).hexdigest()


def _require_unerased(erased_at: datetime | None, asked_at: datetime | None) -> None:
    if erased_at is not None and asked_at is not None and erased_at >= asked_at:
        raise Erased("The user was erased after the request had begun, so nothing of it is stored.")


def _shared_rater(owner: str, name: str) -> str:
    """Returns an opaque id that no user of another owner can count as."""
    digest = hashlib.sha256(f"{owner}\0{name}".encode("utf-8", "surrogatepass"))
    return f"rater_{digest.hexdigest()[:32]}"
