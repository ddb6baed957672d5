"""Ratings by a judge: what can be read, what is counted as unreadable, and the figures."""

from pathlib import Path

import pytest

from evals.endpoint import Endpoint
from evals.rubric import Rating, Ratings, difference, parse_ratings, rate
from tests.evals.replies import reply
from tests.evals.served import serve

FULL = "Fine. [[fluency: 5]] [[coherence: 4]] [[relevance: 3]]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FULL, {"fluency": 5, "coherence": 4, "relevance": 3}),
        ("[[ Fluency : 1 ]]\n[[coherence:2]] [[RELEVANCE: 3]]", {"fluency": 1, "coherence": 2, "relevance": 3}),
        (f"{FULL} so again {FULL}", {"fluency": 5, "coherence": 4, "relevance": 3}),
        (f"{FULL} [[fluency: 4]]", None),
        ("[[fluency: 5]] [[coherence: 4]]", None),
        ("[[fluency: 6]] [[coherence: 4]] [[relevance: 3]]", None),
        ("[[fluency: 0]] [[coherence: 4]] [[relevance: 3]]", None),
        ("fluency: 5, coherence: 4, relevance: 3", None),
        (None, None),
    ],
)
def test_ratings_are_read_only_where_all_three_are_given(text: str | None, expected: dict[str, int] | None) -> None:
    assert parse_ratings(text) == expected


def judge(messages: list[dict[str, str]]) -> str:
    answer = messages[-1]["content"].split("<answer>\n")[1].split("\n</answer>")[0]
    return FULL if answer == "good" else "Hard to say."


async def test_what_cannot_be_read_is_counted_and_missing_answers_are_not_sent(short_folder: Path) -> None:
    rows = [reply("p", text) for text in ("good", "odd", None, "good")]
    counted: list[None] = []
    with serve(short_folder, {"judge": judge}) as served:
        found = await rate(Endpoint(served.url), "judge", rows, lambda: counted.append(None))
        assert len(served.bodies) == len(counted) == 3
        assert served.bodies[0]["messages"][0]["role"] == "system" and served.bodies[0]["temperature"] == 0
    assert [row.status for row in found.rows] == ["rated", "unparseable", "unanswered", "rated"]
    assert (found.count("rated"), found.count("unparseable"), found.count("unanswered")) == (2, 1, 1)
    mean = found.mean("coherence")
    assert (mean.value, mean.low, mean.high, mean.n) == (4.0, 4.0, 4.0, 2)


def ratings(*fluency: int | None) -> Ratings:
    rows = (
        Rating(status="unparseable")
        if value is None
        else Rating(status="rated", values={"fluency": value, "coherence": 1, "relevance": 1})
        for value in fluency
    )
    return Ratings(judge="j", rows=tuple(rows))


def test_a_difference_is_taken_where_both_are_rated() -> None:
    found = difference(ratings(5, 4, None, 2), ratings(3, 4, 1, None), "fluency")
    assert (found.value, found.n) == (1.0, 2)  # of 2 and 0
    assert difference(ratings(None), ratings(1), "fluency").value is None
