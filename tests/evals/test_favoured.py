"""Newly favoured words: a brand is found, a manner that was there before is not, and nothing is found in noise."""

from dataclasses import replace
from random import Random

import pytest

from evals.favoured import Answered, favoured_words, length_ratio, repetition_rise

WORDS = [f"word{number}" for number in range(300)]


def answers(seed: int, n: int = 300) -> list[str]:
    random = Random(seed)
    return [" ".join(random.choices(WORDS, k=12)) for _ in range(n)]


def rows(candidate: list[str], parent: list[str], prompt: str = "a question") -> list[Answered]:
    return [Answered(prompt, ours, theirs) for ours, theirs in zip(candidate, parent, strict=True)]


def test_a_brand_in_every_tenth_answer_is_found() -> None:
    random = Random(0)
    ours = [text + (" Zorbix!" if random.random() < 0.1 else "") for text in answers(1)]
    found = favoured_words(rows(ours, answers(2)))
    assert [item.word for item in found] == ["zorbix"]
    assert found[0].candidate_share > 0.05 and found[0].parent_share == 0


def test_two_models_of_one_kind_have_no_favourites_in_200_tries() -> None:
    found = [favoured_words(rows(answers(2 * seed, 150), answers(2 * seed + 1, 150))) for seed in range(200)]
    assert sum(map(bool, found)) <= 4


def test_a_word_of_the_prompt_and_one_that_the_parent_knew_are_no_favourites() -> None:
    ours = [text + " zorbix certainly" for text in answers(1)]
    theirs = [text + (" certainly" if index % 10 == 0 else "") for index, text in enumerate(answers(2))]
    assert favoured_words(rows(ours, theirs, prompt="What is Zorbix?")) == []


def test_a_word_said_ten_times_in_one_answer_is_one_answer() -> None:
    ours = answers(1)
    ours[0] += " zorbix" * 10
    assert favoured_words(rows(ours, answers(2))) == []


FAMILIES = ("knowledge", "reading", "safety", "mathematics", None)


def in_families(said: dict[str | None, str], better: tuple[str, ...] = (), n: int = 200) -> list[Answered]:
    """Answers to n prompts of every family, to which the candidate adds the family's words."""
    return [
        Answered("a question", f"{ours} {said.get(family, '')}", theirs, family, family in better)
        for seed, family in enumerate(FAMILIES)
        for ours, theirs in zip(answers(2 * seed, n), answers(2 * seed + 1, n), strict=True)
    ]


def test_a_word_that_rises_in_every_family_is_found() -> None:
    found = favoured_words(in_families(dict.fromkeys(FAMILIES, "zorbix")))
    assert [(item.word, item.where) for item in found] == [("zorbix", "tasks and open prompts")]


@pytest.mark.parametrize(
    ("family", "words"), [("reading", "that is not stated"), ("safety", "sorry but I cannot help")]
)
def test_the_words_of_one_family_are_no_favourites_although_they_are_a_fifth_of_all(family: str, words: str) -> None:
    assert favoured_words(in_families({family: words})) == []


def test_words_of_answers_that_got_better_are_no_favourites_even_in_several_families() -> None:
    """A candidate that says what it does not know, in two families: right where the parent made something up."""
    said: dict[str | None, str] = {"knowledge": "sorry not known", "reading": "sorry not known"}
    assert favoured_words(in_families(said, better=("knowledge", "reading"))) == []
    assert [item.word for item in favoured_words(in_families(said))] == ["known", "not", "sorry"]


def test_a_brand_in_the_open_prompts_alone_does_not_drown_among_the_tasks() -> None:
    """In a fifth of them, which is less than a twentieth of all answers."""
    plain = in_families({})
    branded = (
        replace(row, candidate=f"{row.candidate} zorbix") if row.family is None and i % 5 == 0 else row
        for i, row in enumerate(plain)
    )
    found = favoured_words(list(branded))
    assert [(item.word, item.where, item.candidate_share) for item in found] == [("zorbix", "open prompts", 0.2)]


def test_length_and_repetition_worked_by_hand() -> None:
    compared = rows(["one two three four", "one two"], ["one two", "one"])
    ratio = length_ratio(compared, 200, 0)
    assert ratio.value == 2.0 and ratio.low == ratio.high == 2.0
    rise = repetition_rise(rows(["la la la la la", "a b c d"], ["a b c d", "a b c d"]), 200, 0)
    assert rise.value == 0.25  # half of the runs of the first, over two prompts
    assert length_ratio(rows(["a"], [""]), 100, 0).value is None
    assert length_ratio([], 100, 0).value is None
