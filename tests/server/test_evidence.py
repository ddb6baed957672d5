"""What a canary is judged by, made from answers."""

import pytest

from ledger.records import Status
from ledger.trials import Answer
from server.evidence import FEWEST_USUAL, Usual, guards, usual

NOTHING_USUAL = Usual(None, None, None, None)


def answer(
    version: int = 2,
    status: Status = "complete",
    ttft_ms: float | None = 10.0,
    duration_ms: float = 100.0,
    tokens: int | None = 10,
    text: str = "",
) -> Answer:
    usage = None if tokens is None else {"completion_tokens": tokens}
    return Answer(version, status, ttft_ms, duration_ms, usage, text)


def test_what_is_usual_is_what_all_but_five_in_a_hundred_answers_keep_to() -> None:
    found = usual([answer(ttft_ms=float(n), duration_ms=n + 9.0 * n, tokens=10 + n) for n in range(1, 1001)])
    assert found.ttft_ms == 950
    assert (found.shortest, found.longest) == (35, 985)
    assert found.tpot_ms == pytest.approx(9 * 950 / 959)


def test_of_too_few_answers_nothing_is_called_usual() -> None:
    assert usual([answer()] * (FEWEST_USUAL - 1)) == NOTHING_USUAL
    assert usual([answer()] * FEWEST_USUAL).ttft_ms == 10
    assert set(guards([answer()], 2, NOTHING_USUAL)) == {"error"}


def test_each_guard_sees_its_own_event() -> None:
    before = Usual(ttft_ms=20, tpot_ms=30, shortest=5, longest=50)
    slow = guards([answer(ttft_ms=21), answer(duration_ms=10 + 9 * 31), answer(tokens=51), answer(tokens=4)], 2, before)
    assert {name: [one.event for one in seen] for name, seen in slow.items()} == {
        "error": [False, False, False, False],
        "slow_first_token": [True, False, False, False],
        "slow_token": [False, True, False, False],
        "long_answer": [False, False, True, False],
        "short_answer": [False, False, False, True],
    }


def test_the_arm_is_the_version_that_answered() -> None:
    seen = guards([answer(version=1), answer(version=2)], 2, NOTHING_USUAL)["error"]
    assert [one.canary for one in seen] == [False, True]


def test_an_answer_that_failed_has_no_length_and_one_that_was_broken_off_tells_nothing() -> None:
    before = Usual(ttft_ms=20, tpot_ms=30, shortest=5, longest=50)
    failed = guards([answer(status="error", tokens=1), answer(status="partial")], 2, before)
    assert [one.event for one in failed["error"]] == [True]
    assert set(failed) == {"error", "slow_first_token"}


def test_what_was_not_measured_is_not_judged() -> None:
    before = Usual(ttft_ms=20, tpot_ms=30, shortest=5, longest=50)
    assert set(guards([answer(ttft_ms=None, tokens=None)], 2, before)) == {"error"}


def test_a_refusal_is_known_by_its_wording_and_needs_no_usual_answers() -> None:
    said = ["I cannot help with that.", "I am sorry, I do not know that place.", "Gladly.", ""]
    seen = guards([answer(text=text) for text in said], 2, NOTHING_USUAL)
    assert [one.event for one in seen["refusal"]] == [True, False, False]
    failed = guards([answer(status="error", text=said[0])], 2, NOTHING_USUAL)
    assert "refusal" not in failed
