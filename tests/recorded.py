"""What a ledger recorded, read past every rule about who may see it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from ledger.database import Database
from ledger.schema import completions, users


@dataclass(frozen=True)
class Recorded:
    """The part of a row of `completions` that tests look at."""

    id: str
    status: str
    text: str
    error: str | None
    usage: object


def completions_of(database: Database, user: str) -> list[Recorded]:
    """The completions of a user (of any owner), oldest first."""
    query = (
        select(completions)
        .join(users, users.c.id == completions.c.user_id)
        .where(users.c.external_id == user)
        .order_by(completions.c.created_at)
    )
    with database.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Recorded(
            id=row["id"],
            status=row["status"],
            text="".join(choice["text"] for choice in row["choices"]),
            error=row["error"],
            usage=row["usage"],
        )
        for row in rows
    ]


def wait_for_completion(database: Database, user: str, timeout_s: float = 5) -> Recorded:
    """The only completion of a user, as soon as it is recorded."""
    deadline = time.monotonic() + timeout_s
    while not (found := completions_of(database, user)):
        assert time.monotonic() < deadline, f"no completion of {user} was recorded within {timeout_s} s"
        time.sleep(0.05)
    (only,) = found
    return only


def seconds_until(condition: Callable[[], bool], timeout_s: float = 10) -> float:
    """How long it took until `condition` held; infinite if it did not within `timeout_s`."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > timeout_s:
            return float("inf")
        time.sleep(0.02)
    return time.monotonic() - started
