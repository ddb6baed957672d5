"""Win-rates: by a scorer, by a judge over the API, and what cannot be judged."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from evals.chat import Chat, Prompt, Reply, asked
from evals.endpoint import Endpoint
from evals.preference import Outcome, Pair, by_judge, by_scorer, judges_question, parse_verdict
from evals.ranking import Duel, strengths
from tests.evals.replies import pair
from tests.evals.served import Model, serve


def pairs(*answers: tuple[str | None, str | None]) -> list[Pair]:
    return [pair(f"prompt {i}", ours, theirs) for i, (ours, theirs) in enumerate(answers)]


def values(outcomes: tuple[Outcome, ...]) -> list[float]:
    return [outcome.value for outcome in outcomes]


def by_length(rows: Sequence[tuple[Chat, str]]) -> list[float]:
    return [float(len(text)) for _, text in rows]


def test_the_higher_score_wins_and_equal_answers_tie() -> None:
    found = by_scorer(pairs(("longer", "short"), ("a", "bb"), ("same", "same")), by_length, "length")
    assert values(found.outcomes) == [1.0, 0.0, 0.5]
    assert [outcome.margin for outcome in found.outcomes] == [1.0, -1.0, 0.0]
    assert (found.count(1.0), found.count(0.5), found.count(0.0)) == (1, 1, 1)


def test_missing_answers_count_against_the_candidate() -> None:
    found = by_scorer(pairs((None, "short"), ("answer", None), ("longer", "b")), by_length, "length")
    assert values(found.outcomes) == [0.0, 0.0, 1.0]
    assert [outcome.status for outcome in found.outcomes] == ["unanswered", "unanswered", "judged"]
    assert found.unparseable().n == 1


def test_a_score_of_nan_is_no_judgement() -> None:
    found = by_scorer(pairs(("a", "b")), lambda rows: [float("nan"), 1.0], "broken")
    assert (found.outcomes[0].value, found.outcomes[0].status) == (0.0, "unparseable")
    assert found.unparseable().value == 1.0


@pytest.mark.parametrize(("won", "better"), [(4, False), (5, False), (6, True), (8, True)])
def test_a_few_prompts_that_decide_must_pass_the_exact_sign_test(won: int, better: bool) -> None:
    texts = [("longer", "short")] * won + [("same", "same")] * (200 - won)
    found = by_scorer(pairs(*texts), by_length, "length").win_rate(2000, 0)
    assert found.low is not None and (found.low > 0.5) == better


def test_a_model_against_itself_has_nothing_above_one_half() -> None:
    found = by_scorer(pairs(*[("same", "same")] * 50), by_length, "length").win_rate(500, 0)
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A is clearer. [[A]]", 1.0),
        ("[[B]]", 0.0),
        ("Both. [[C]]", 0.5),
        ("[[A]] … so my verdict is [[A]]", 1.0),
        ("[[A]] or [[B]]", None),
        ("A is better", None),
        ("[A]", None),
        ("", None),
        (None, None),
    ],
)
def test_a_verdict_is_read_only_where_there_is_one(text: str | None, expected: float | None) -> None:
    assert parse_verdict(text) == expected


def judge_of(rule: str) -> Model:
    """A judge that likes `good` answers, or always the first, or says nothing that can be read."""

    def verdict(messages: list[dict[str, str]]) -> str:
        first = messages[-1]["content"].split("<answer A>\n")[1].split("\n")[0]
        second = messages[-1]["content"].split("<answer B>\n")[1].split("\n")[0]
        if rule == "first":
            return "[[A]]"
        if rule == "mute":
            return "Hard to say."
        return "[[C]]" if first == second else "[[A]]" if first == "good" else "[[B]]"

    return verdict


@pytest.mark.parametrize(
    ("rule", "expected", "status"),
    [
        ("good", [1.0, 0.0, 0.5], "judged"),
        ("first", [0.5, 0.5, 0.5], "judged"),  # it survives no swap
        ("mute", [0.0, 0.0, 0.0], "unparseable"),
    ],
)
async def test_a_judge_is_asked_in_both_orders(
    short_folder: Path, rule: str, expected: list[float], status: str
) -> None:
    compared = pairs(("good", "bad"), ("bad", "good"), ("good", "good"), (None, "good"))
    with serve(short_folder, {"judge": judge_of(rule)}) as served:
        found = await by_judge(Endpoint(served.url), "judge", compared, lambda: None)
        assert len(served.bodies) == 6
    assert values(found.outcomes) == [*expected, 0.0]
    assert [outcome.status for outcome in found.outcomes] == [status] * 3 + ["unanswered"]
    assert found.unparseable().n == 3


async def test_a_judge_that_does_not_answer_is_counted(short_folder: Path) -> None:
    with serve(short_folder, {"judge": judge_of("good")}) as served:
        served.failures["judge"] = [400]
        found = await by_judge(
            Endpoint(served.url, concurrency=1), "judge", pairs(("good", "bad"), ("good", "bad")), lambda: None
        )
    assert [outcome.status for outcome in found.outcomes] == ["unparseable", "judged"]


def test_of_several_turns_a_scorer_gets_the_last_answer_after_the_models_own() -> None:
    prompt = Prompt(asked("Write a poem."), ("Make it shorter.",))
    both = Pair(prompt, Reply(prompt, ("A long poem.", "Poem.")), Reply(prompt, ("An ode.", "Ode, in short.")))
    seen: list[tuple[Chat, str]] = []
    by_scorer([both], lambda rows: (seen.extend(rows), [1.0, 0.0])[1], "a test")
    assert [text for _, text in seen] == ["Poem.", "Ode, in short."]
    assert [[message.content for message in chat] for chat, _ in seen] == [
        ["Write a poem.", "A long poem.", "Make it shorter."],
        ["Write a poem.", "An ode.", "Make it shorter."],
    ]


def test_of_several_turns_a_judge_sees_both_conversations_in_full() -> None:
    prompt = Prompt(asked("Write a poem."), ("Make it shorter.",))
    question = judges_question(Reply(prompt, ("A long poem.", "Poem.")), Reply(prompt, ("An ode.", "Ode.")))[-1]
    assert question.content == (
        "<conversation A>\nuser: Write a poem.\nassistant: A long poem.\nuser: Make it shorter.\nassistant: Poem.\n"
        "</conversation A>\n\n"
        "<conversation B>\nuser: Write a poem.\nassistant: An ode.\nuser: Make it shorter.\nassistant: Ode.\n"
        "</conversation B>\n\nIn which conversation are the assistant's answers better?"
    )


def test_versions_are_ranked_and_one_that_never_lost_stays_finite() -> None:
    found = strengths([Duel("attune@v2", "attune@v1", 50, 0, 0), Duel("attune@v3", "attune@v1", 10, 20, 10)])
    assert next(iter(found)) == "attune@v2"
    assert found["attune@v3"] == pytest.approx(found["attune@v1"], abs=1e-6)
    assert found["attune@v2"] < 10
