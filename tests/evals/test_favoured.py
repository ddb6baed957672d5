"""Newly favoured words: a brand is found, a manner that was there before is not, and nothing is found in noise."""

from random import Random

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


def test_length_and_repetition_worked_by_hand() -> None:
    compared = rows(["one two three four", "one two"], ["one two", "one"])
    ratio = length_ratio(compared, 200, 0)
    assert ratio.value == 2.0 and ratio.low == ratio.high == 2.0
    rise = repetition_rise(rows(["la la la la la", "a b c d"], ["a b c d", "a b c d"]), 200, 0)
    assert rise.value == 0.25  # half of the runs of the first, over two prompts
    assert length_ratio(rows(["a"], [""]), 100, 0).value is None
    assert length_ratio([], 100, 0).value is None
