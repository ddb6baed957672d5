"""Feedback: who may give it, what it replaces, how it is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger import feedback
from ledger.database import Database
from ledger.errors import Conflict, Impossible, NotFound, NotYours
from ledger.records import Choice, Completion, Feedback, FeedbackFilter, NewFeedback
from ledger.vote_statistics import votes_since

Store = Callable[..., Completion]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def give(database: Database, completion: Completion, value: int = 1, **fields: Any) -> Feedback:
    new = NewFeedback(completion.id, "acme", "ann", value)
    with database.write() as connection:
        return feedback.add(connection, replace(new, **fields))


def latest(database: Database, completion: Completion) -> list[Feedback]:
    with database.read() as connection:
        return feedback.latest_for(connection, [completion.id], owner="acme", user="ann")


def test_everything_that_was_said_is_stored(database: Database, stored: Store) -> None:
    row = give(
        database,
        stored(),
        -1,
        reasons=("wrong", "rude"),
        comment="no",
        correction="A register.",
        source="chat_ui",
        idempotency_key="k1",
        created_at=NOW,
    )
    assert (row.kind, row.value, row.reasons, row.comment) == ("correction", -1, ("wrong", "rude"), "no")
    assert (row.correction, row.source, row.idempotency_key) == ("A register.", "chat_ui", "k1")
    assert (row.owner, row.user, row.created_at, row.choice_index) == ("acme", "ann", NOW, 0)
    with database.read() as connection:
        assert feedback.search(connection, FeedbackFilter()).items == (row,)


def test_kind_follows_from_what_is_given(database: Database, stored: Store) -> None:
    one, other = stored(), stored()
    assert give(database, one).kind == "thumb"
    assert give(database, one, correction="Better.").kind == "correction"
    assert give(database, one, preferred_over=other.id).kind == "comparison"


def test_unknown_completion_and_other_owner_look_the_same(database: Database, stored: Store) -> None:
    completion = stored()
    with pytest.raises(NotFound, match="There is no completion"):
        give(database, completion, completion_id="chatcmpl-none")
    with pytest.raises(NotFound, match="There is no completion"):
        give(database, completion, owner="other")


def test_only_the_user_who_received_the_answer_rates_it(database: Database, stored: Store) -> None:
    completion = stored()
    for user in ("bob", ""):
        with pytest.raises(NotYours):
            give(database, completion, user=user)
    with pytest.raises(NotYours):
        give(database, completion, preferred_over=stored(user="bob").id)
    assert latest(database, completion) == []


def test_impossible_feedback_is_refused_with_the_reason(database: Database, stored: Store) -> None:
    one, other = stored(), stored()
    elsewhere = stored(messages=[{"role": "user", "content": "Another question"}])
    for fields, reason in [
        ({"choice_index": 1}, "no choice 1"),
        ({"choice_index": -1}, "no choice -1"),
        ({"choice_index": 10**30}, "no choice 10"),
        ({"value": 2}, "value 2"),
        ({"preferred_over": one.id}, "over itself"),
        ({"preferred_over": other.id, "preferred_over_choice": 3}, "no choice 3"),
        ({"preferred_over": elsewhere.id}, "different prompts"),
        ({"preferred_over": other.id, "correction": "x"}, "each by itself"),
        ({"value": 0, "correction": "x"}, "takes a vote back"),
    ]:
        with pytest.raises(Impossible, match=reason):
            give(database, one, **fields)
    with pytest.raises(NotFound):
        give(database, one, preferred_over="chatcmpl-none")
    assert latest(database, one) == []


def test_two_choices_of_one_completion_can_be_compared(database: Database, stored: Store) -> None:
    both = stored(choices=(Choice(0, "a"), Choice(1, "b")))
    row = give(database, both, preferred_over=both.id, preferred_over_choice=1)
    assert (row.kind, row.preferred_over_choice) == ("comparison", 1)


def test_answers_without_messages_are_compared_where_their_prompts_are_the_same(
    database: Database, stored: Store
) -> None:
    two = (Choice(0, "a"), Choice(1, "b"))

    def text(prompt: Any, **more: Any) -> Completion:
        return stored(endpoint="/v1/completions", messages=[], params={"prompt": prompt, **more}, choices=two)

    def response(given: Any, **more: Any) -> Completion:
        return stored(endpoint="/v1/responses", messages=[], params={"input": given, **more}, choices=two)

    def output(said: str, **more: Any) -> list[dict[str, Any]]:
        return [{"type": "function_call_output", "call_id": "c1", "output": said, **more}]

    same: list[tuple[Completion, int, Completion, int]] = [
        (text("Once"), 0, text(["Once"]), 0),
        (text([7, 8]), 0, text([[1], [7, 8]]), 1),
        (text(["Once", "Twice"], n=1), 1, text("Twice"), 0),
        (text(["Once"], n=2), 0, text("Once"), 0),
        (response(output("x", id="i1")), 0, response(output("x", status="completed"), instructions=None), 0),
    ]
    other: list[tuple[Completion, int, Completion, int]] = [
        (text("Once"), 0, text("Twice"), 0),
        (text([7, 8]), 0, text([7, 9]), 0),
        (text(["Once", "Twice"]), 0, text(["Once", "Twice"]), 1),
        (response(output("x")), 0, response(output("y")), 0),
        (response(output("x")), 0, response(output("x"), instructions="Be kind."), 0),
        (response("Once"), 0, text("Once"), 0),
        (text("Once"), 0, stored(), 0),
    ]
    for one, choice, against, choice_against in same:
        compared = {"choice_index": choice, "preferred_over": against.id, "preferred_over_choice": choice_against}
        assert give(database, one, **compared).kind == "comparison"
    for one, choice, against, choice_against in other:
        compared = {"choice_index": choice, "preferred_over": against.id, "preferred_over_choice": choice_against}
        with pytest.raises(Impossible, match="different prompts"):
            give(database, one, **compared)
    both = text(["Once", "Twice"])
    with pytest.raises(Impossible, match="different prompts"):
        give(database, both, preferred_over=both.id, preferred_over_choice=1)


def test_a_later_vote_replaces_the_earlier_whatever_the_clock_says(database: Database, stored: Store) -> None:
    completion = stored()
    give(database, completion, 1, created_at=NOW)
    down = give(database, completion, -1, created_at=NOW - timedelta(hours=1))
    assert latest(database, completion) == [down]
    with database.read() as connection:
        assert len(feedback.search(connection, FeedbackFilter()).items) == 2


def test_a_vote_of_zero_takes_the_vote_back_and_a_new_one_counts_again(database: Database, stored: Store) -> None:
    completion = stored()
    give(database, completion, 1)
    give(database, completion, 0)
    assert latest(database, completion) == []
    again = give(database, completion, -1)
    assert latest(database, completion) == [again]


def test_votes_on_choices_and_comparisons_stand_beside_each_other(database: Database, stored: Store) -> None:
    one = stored(choices=(Choice(0, "a"), Choice(1, "b")))
    others = [stored().id, stored().id]
    given = [give(database, one), give(database, one, -1, choice_index=1)]
    given += [give(database, one, preferred_over=other) for other in others]
    assert latest(database, one) == given
    give(database, one, 0, preferred_over=others[0])
    assert latest(database, one) == [*given[:2], given[3]]


@pytest.mark.parametrize("value", [1, -1, 0])
def test_a_comparison_replaces_the_earlier_of_the_same_two_answers_in_either_direction(
    database: Database, stored: Store, value: int
) -> None:
    one, other, third = (stored(choices=(Choice(0, "a"), Choice(1, "b"))) for _ in range(3))
    give(database, one, preferred_over=other.id, preferred_over_choice=1)
    beside = [
        give(database, one, preferred_over=other.id),
        give(database, other, preferred_over=one.id, preferred_over_choice=1),
        give(database, other, choice_index=1, preferred_over=third.id),
        give(database, other, -1, choice_index=1),
    ]
    turned = give(database, other, value, choice_index=1, preferred_over=one.id)
    with database.read() as connection:
        found = feedback.latest_for(connection, [one.id, other.id], owner="acme", user="ann")
        days = votes_since(connection, datetime(2000, 1, 1, tzinfo=UTC)).counts
        pairs = list(feedback.export_preference(connection))
    assert found == [*beside, turned][: len(beside) + abs(value)]
    assert sum(day.count for day in days) == len(found)
    assert len(pairs) == 3 + abs(value)
    again = give(database, one, preferred_over=other.id, preferred_over_choice=1)
    assert latest(database, one) == [beside[0], again]


def test_choices_of_one_answer_are_compared_in_either_direction(database: Database, stored: Store) -> None:
    both = stored(choices=(Choice(0, "a"), Choice(1, "b")))
    give(database, both, preferred_over=both.id, preferred_over_choice=1)
    turned = give(database, both, choice_index=1, preferred_over=both.id)
    assert latest(database, both) == [turned]


def test_the_same_idempotency_key_and_body_store_one_row(database: Database, stored: Store) -> None:
    completion = stored()
    first = give(database, completion, idempotency_key="k", created_at=NOW)
    again = give(database, completion, idempotency_key="k", created_at=NOW + timedelta(seconds=5))
    assert again == first
    with database.read() as connection:
        assert feedback.search(connection, FeedbackFilter()).items == (first,)


@pytest.mark.parametrize("change", [{"value": -1}, {"comment": "x"}, {"reasons": ("x",)}, {"user": "bob"}])
def test_the_same_idempotency_key_with_another_body_is_refused(
    database: Database, stored: Store, change: dict[str, Any]
) -> None:
    completion = stored()
    first = give(database, completion, idempotency_key="k")
    with pytest.raises(Conflict, match="'k'"):
        give(database, completion, idempotency_key="k", **change)
    assert latest(database, completion) == [first]


def test_another_owner_may_use_the_same_idempotency_key(database: Database, stored: Store) -> None:
    mine, theirs = stored(), stored(owner="other")
    give(database, mine, idempotency_key="k")
    assert give(database, theirs, owner="other", idempotency_key="k").owner == "other"


def test_search_filters_by_every_field(database: Database, stored: Store) -> None:
    one, two, theirs = stored(), stored(user="bob"), stored(owner="other")
    up = give(database, one, 1, created_at=NOW)
    down = give(database, two, -1, user="bob", correction="x", created_at=NOW + timedelta(hours=1))
    foreign = give(database, theirs, 1, owner="other", created_at=NOW + timedelta(hours=2))
    for filters, expected in [
        (FeedbackFilter(), (foreign, down, up)),
        (FeedbackFilter(owner="acme"), (down, up)),
        (FeedbackFilter(owner="acme", user="ann"), (up,)),
        (FeedbackFilter(completion_id=two.id), (down,)),
        (FeedbackFilter(kind="thumb"), (foreign, up)),
        (FeedbackFilter(value=-1), (down,)),
        (FeedbackFilter(since=NOW + timedelta(hours=1)), (foreign, down)),
        (FeedbackFilter(until=NOW + timedelta(hours=1)), (up,)),
        (FeedbackFilter(owner="nobody"), ()),
    ]:
        with database.read() as connection:
            assert feedback.search(connection, filters).items == expected


def test_pages_hold_every_row_once_newest_first(database: Database, stored: Store) -> None:
    given = [give(database, stored(), created_at=NOW) for _ in range(7)]
    seen: list[Feedback] = []
    with database.read() as connection:
        while True:
            page = feedback.search(connection, FeedbackFilter(), limit=3, after=seen[-1].id if seen else None)
            seen += page.items
            if not page.has_more:
                break
        assert seen == given[::-1]
        with pytest.raises(NotFound, match="fb_none"):
            feedback.search(connection, FeedbackFilter(), after="fb_none")
