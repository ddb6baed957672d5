"""Users: opaque ids for what an owner's app calls its people."""

from sqlalchemy import Connection, bindparam, select

from ledger.clock import utc_now
from ledger.column_types import storable_text
from ledger.ids import new_id
from ledger.insertion import insert_if_absent
from ledger.records import User
from ledger.schema import users

# Built once, because every completion needs it.
_HOLD = (
    select(users)
    .where(users.c.owner == bindparam("owner"), users.c.external_id == bindparam("external_id"))
    .with_for_update(read=True, key_share=True)
)


def find(connection: Connection, owner: str, external_id: str) -> User | None:
    """Returns the user, or None where nothing was ever stored for them."""
    query = select(users).where(users.c.owner == owner, users.c.external_id == external_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else User(**row)


def resolve(connection: Connection, owner: str, external_id: str) -> User:
    """Returns the user, and makes one if there is none. Safe against others who do so at the same moment.

    The row stays until the transaction ends: nobody erases the user in between.
    """
    while True:
        row = connection.execute(_HOLD, {"owner": owner, "external_id": external_id}).mappings().first()
        if row is not None:
            return User(**row)
        new = User(new_id("usr"), storable_text(owner), storable_text(external_id), utc_now())
        if insert_if_absent(
            connection,
            users,
            {"id": new.id, "owner": new.owner, "external_id": new.external_id, "created_at": new.created_at},
        ):
            return new
