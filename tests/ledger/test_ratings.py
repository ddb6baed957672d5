"""Blind ratings: what is shown next, what is stored once, and what is erased."""

import pytest
from sqlalchemy import func, select, text

from ledger import ratings
from ledger.database import Database
from ledger.erase import erase_user
from ledger.errors import Conflict, NotFound
from ledger.ratings import Answered
from ledger.records import ApiKey
from ledger.schema import rating_items
from ledger.schema import ratings as ratings_table

GOOD = {"fluency": 5, "coherence": 4, "relevance": 5}
BAD = {"fluency": 1, "coherence": 2, "relevance": 1}


def begin(database: Database, prompts: int = 3) -> str:
    answers = [
        Answered(place, ({"role": "user", "content": f"prompt {place}"},), f"{name} {place}", 1)
        for place in range(prompts)
        for name in ("one", "another")
    ]
    with database.write() as connection:
        return ratings.begin_study(connection, answers, seed=0)


def rate_next(database: Database, user: str, values: dict[str, int] = GOOD) -> str | None:
    with database.write() as connection:
        item = ratings.next_item(connection, "acme", user)
        if item is not None:
            ratings.rate(connection, item.id, "acme", user, values)
        return None if item is None else item.answer


def test_everything_is_shown_once_to_everybody_in_one_mixed_order(database: Database, key: ApiKey) -> None:
    begin(database)
    ann = [rate_next(database, "ann") for _ in range(7)]
    bob = [rate_next(database, "bob") for _ in range(7)]
    assert ann == bob and ann[-1] is None
    assert sorted(ann[:-1], key=str) == sorted(f"{name} {n}" for name in ("one", "another") for n in range(3))
    assert ann[:-1] != sorted(ann[:-1], key=str)


def test_what_others_have_begun_comes_first_until_three_have_rated_it(database: Database, key: ApiKey) -> None:
    begin(database)
    first = [rate_next(database, user) for user in ("ann", "bob", "cem")]
    assert len(set(first)) == 1
    assert rate_next(database, "dora") != first[0]


def test_a_rating_stays_as_it_is(database: Database, key: ApiKey) -> None:
    begin(database)
    with database.write() as connection:
        item = ratings.next_item(connection, "acme", "ann")
        assert item is not None and item.prompt[0]["role"] == "user"
        for _ in range(2):
            ratings.rate(connection, item.id, "acme", "ann", GOOD)
    with database.write() as connection, pytest.raises(Conflict, match="rated by this person before"):
        ratings.rate(connection, item.id, "acme", "ann", BAD)
    with database.write() as connection, pytest.raises(NotFound):
        ratings.rate(connection, "item_none", "acme", "ann", GOOD)
    with database.read() as connection:
        [rated] = ratings.all_rated(connection)
    assert (rated.item_id, rated.version_number, rated.values) == (item.id, 1, GOOD)


def test_an_erased_person_leaves_no_ratings_and_an_ended_study_nothing(database: Database, key: ApiKey) -> None:
    study, other = begin(database), begin(database, prompts=1)
    for user in ("ann", "bob"):
        rate_next(database, user)
    with database.write() as connection:
        assert ratings.studies(connection) == {study: 6, other: 2}
        erase_user(connection, "acme", "ann")
        assert connection.execute(select(func.count()).select_from(ratings_table)).scalar() == 1
        ratings.end_study(connection, other)
        ratings.end_study(connection, study)
        assert connection.execute(select(func.count()).select_from(rating_items)).scalar() == 0
        assert connection.execute(select(func.count()).select_from(ratings_table)).scalar() == 0
        with pytest.raises(NotFound, match="no study"):
            ratings.end_study(connection, study)


def test_a_ledger_from_before_ratings_gets_their_tables_and_keeps_its_rows(
    database_url: str, database: Database
) -> None:
    with database.write() as connection:
        connection.execute(text("drop table ratings"))
        connection.execute(text("drop table rating_items"))
        connection.execute(text("drop table vacuums"))
        connection.execute(text("drop table erased_names"))
        for table, column in (("users", "counts_as"), ("api_keys", "keep"), ("completions", "kept")):
            connection.execute(text(f"alter table {table} drop column {column}"))
        connection.execute(text("alter table completions drop column refused"))
        connection.execute(text("insert into users values ('usr_1', 'acme', 'ann', '2026-01-01 00:00:00')"))
        connection.execute(text("update alembic_version set version_num = '0001'"))
        connection.execute(text("insert into tombstones values ('user', 'x', '2026-01-01 00:00:00')"))
    Database.open(database_url).close()
    with database.read() as connection:
        assert connection.execute(text("select count(*) from tombstones")).scalar() == 1
        assert connection.execute(text("select count(*) from ratings")).scalar() == 0
        ann = connection.execute(text("select id, counts_as from users")).one()
        assert tuple(ann) == ("usr_1", None)
