"""Answers that people rate from 1 to 5 without knowing whose they are, and their ratings.

A study holds answers of two versions to the same prompts, in an order drawn by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sqlalchemy import Connection, Select, case, delete, func, insert, select

from ledger import vacuums
from ledger.clock import utc_now
from ledger.errors import Conflict, NotFound
from ledger.ids import new_id
from ledger.insertion import insert_if_absent
from ledger.raters import rater
from ledger.records import Json
from ledger.rubric import ASPECTS
from ledger.schema import rating_items, ratings, users
from ledger.users import resolve

RATERS_WANTED = 3
"""An answer is shown to others until so many have rated it: agreement needs answers that several have rated."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What goes into a study.

    Attributes:
        prompt_place: Number of the prompt in the study; answers to the same prompt share it.
        prompt: Messages.
    """

    prompt_place: int
    prompt: tuple[Json, ...]
    answer: str
    version_number: int


@dataclass(frozen=True, slots=True)
class Item:
    """What a rater sees: not the version."""

    id: str
    prompt: tuple[Json, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating, for who evaluates it.

    Attributes:
        rater: Opaque; users who share a rater's weight are one.
        values: By aspect, 1 to 5.
    """

    study: str
    item_id: str
    prompt_place: int
    version_number: int
    rater: str
    values: dict[str, int]


def begin_study(connection: Connection, answers: Sequence[Answered], *, seed: int) -> str:
    """Stores answers to be rated, in an order drawn by chance; returns the study's id."""
    study, now = new_id("study"), utc_now()
    places = list(range(len(answers)))
    Random(seed).shuffle(places)
    rows = [
        {
            "id": new_id("item"),
            "study": study,
            "place": place,
            "prompt_place": row.prompt_place,
            "prompt": [dict(message) for message in row.prompt],
            "answer": row.answer,
            "version_number": row.version_number,
            "created_at": now,
        }
        for place, row in zip(places, answers, strict=True)
    ]
    if rows:
        connection.execute(insert(rating_items), rows)
    return study


def next_item(connection: Connection, owner: str, user: str) -> Item | None:
    """Returns what a person should rate next; None when they have rated everything.

    Of what lacks raters, the answer that has most of them comes first: so several people rate the same answers.
    """
    own = (
        select(ratings.c.item_id)
        .join(users, users.c.id == ratings.c.user_id)
        .where(users.c.owner == owner, users.c.external_id == user)
    )
    raters = func.count(ratings.c.user_id)
    enough = case((raters >= RATERS_WANTED, raters), else_=-raters)  # -2, -1, 0, 3, 4, …
    query = (
        select(rating_items.c.id, rating_items.c.prompt, rating_items.c.answer)
        .join(ratings, ratings.c.item_id == rating_items.c.id, isouter=True)
        .where(rating_items.c.id.not_in(own))
        .group_by(rating_items.c.id)
        .order_by(enough, rating_items.c.created_at.desc(), rating_items.c.place)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else Item(row.id, tuple(row.prompt), row.answer)


def rate(
    connection: Connection, item_id: str, owner: str, user: str, values: dict[str, int], *, counts_as: str | None = None
) -> None:
    """Stores a rating. The same one again changes nothing.

    Args:
        connection: Of a transaction.
        item_id: What is rated.
        owner: Of the key.
        user: Who rates.
        values: 1 to 5 for every aspect.
        counts_as: As in `ledger.users.resolve`.

    Raises:
        NotFound: There is no such item.
        Conflict: This person has rated it otherwise.
    """
    held = select(rating_items.c.id).where(rating_items.c.id == item_id).with_for_update(read=True, key_share=True)
    if connection.execute(held).scalar() is None:
        raise NotFound(f"There is nothing to rate of the id {item_id}.")
    key = {"item_id": item_id, "user_id": resolve(connection, owner, user, counts_as=counts_as).id}
    if insert_if_absent(connection, ratings, key | values | {"created_at": utc_now()}):
        return
    aspects = [ratings.c[name] for name in ASPECTS]
    of_this_person = ratings.c.item_id == item_id, ratings.c.user_id == key["user_id"]
    stored = connection.execute(select(*aspects).where(*of_this_person)).mappings().one()
    if dict(stored) != values:
        raise Conflict(f"{item_id} was rated by this person before, and a rating stays as it is.")


def all_rated(connection: Connection) -> list[Rated]:
    """Returns every rating, by study and item."""
    query: Select[tuple[object, ...]] = (
        select(rating_items, rater().label("rater"), *(ratings.c[name] for name in ASPECTS))
        .join(ratings, ratings.c.item_id == rating_items.c.id)
        .join(users, users.c.id == ratings.c.user_id)
        .order_by(rating_items.c.created_at, rating_items.c.study, rating_items.c.place, ratings.c.user_id)
    )
    return [
        Rated(
            study=row["study"],
            item_id=row["id"],
            prompt_place=row["prompt_place"],
            version_number=row["version_number"],
            rater=row["rater"],
            values={name: row[name] for name in ASPECTS},
        )
        for row in connection.execute(query).mappings()
    ]


def end_study(connection: Connection, study: str) -> None:
    """Erases a study: its prompts, answers and ratings.

    Raises:
        NotFound: There is none of this id.
    """
    items = select(rating_items.c.id).where(rating_items.c.study == study)
    if connection.execute(items.with_for_update()).first() is None:
        raise NotFound(f"There is no study {study}. `attune eval ratings` lists them.")
    connection.execute(delete(ratings).where(ratings.c.item_id.in_(items)))
    connection.execute(delete(rating_items).where(rating_items.c.study == study))
    vacuums.request(connection, utc_now())


def studies(connection: Connection) -> dict[str, int]:
    """Returns how many answers each study holds, the oldest first."""
    query = select(rating_items.c.study, func.count().label("answers")).group_by(rating_items.c.study)
    rows = connection.execute(query.order_by(func.min(rating_items.c.created_at)))
    return {row.study: row.answers for row in rows}
