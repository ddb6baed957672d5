"""The generator: what it says is right, what is kept for evaluation is never trained on."""

import re
from collections import Counter
from random import Random

import pytest

from models.recipe.answers import Reply
from models.recipe.corpus import (
    INTENTS,
    Conversation,
    Exchange,
    arithmetic,
    boundaries,
    facts,
    fallback,
    held_out_of,
    manners,
    memory,
    passages,
    quantities,
    shard,
)
from models.recipe.corpus.conversation import Intent, kept_for_evaluation
from models.recipe.corpus.noise import as_typed
from models.recipe.judge import Judge, is_right
from models.recipe.typed import CONVERSATIONS, FIRST_QUESTIONS


@pytest.fixture(scope="module")
def trained() -> list[Conversation]:
    return shard(1, 0, 6000)


def drawn(intent: Intent, size: int) -> list[Exchange]:
    """Exchanges of one intent; a script's last is what was asked for."""
    rng = Random(5)
    return [intent(rng)[-1] for _ in range(size)]


@pytest.mark.parametrize("intent", [intent for intent, _ in INTENTS], ids=lambda intent: intent.__name__)
def test_the_right_answer_is_judged_right_in_every_intent(intent: Intent) -> None:
    for exchange in drawn(intent, 200):
        assert is_right(exchange.answer, exchange), exchange
        assert exchange.prompt and exchange.short, exchange


def test_the_working_of_a_sum_adds_up() -> None:
    for exchange in drawn(arithmetic.two_digit_sum, 500):
        sums = re.findall(r"(\d+) \+ (\d+) = (\d+)", exchange.answer)
        assert len(sums) == 4
        assert all(int(a) + int(b) == int(c) for a, b, c in sums)
        assert exchange.short == f"{sums[-1][2]}."


def test_sorted_numbers_are_in_order() -> None:
    for exchange in drawn(arithmetic.sorting, 300):
        numbers = [int(number) for number in re.findall(r"\d+", exchange.answer)]
        assert numbers == sorted(numbers, reverse="From large" in exchange.answer)
        assert Counter(numbers) == Counter(int(number) for number in re.findall(r"\d+", exchange.prompt))


def test_units_are_multiplied_by_their_factor() -> None:
    for exchange in drawn(quantities.units, 300):
        factor, n, result = (int(number) for number in re.findall(r"\d+", exchange.answer))
        assert factor * n == result


def test_what_a_passage_does_not_say_is_not_in_it_and_what_it_says_is() -> None:
    for exchange in drawn(passages.passage_question, 400):
        (text,) = exchange.verbatim
        if exchange.intent == "not stated":
            assert exchange.answer == "The text does not say that."
        else:
            assert exchange.expects[0] in text
            assert exchange.expects[0] in exchange.answer


def test_keywords_and_names_of_a_summary_are_in_the_text() -> None:
    for exchange in drawn(passages.keywords, 200):
        assert all(word in exchange.verbatim[0] for word in exchange.expects[0].split(", "))
    for exchange in drawn(passages.summary, 200):
        assert all(word in exchange.verbatim[0] for word in exchange.expects[0].rstrip(".").split())


def test_there_are_several_hundred_facts_in_many_wordings() -> None:
    assert facts.count_facts() >= 500
    wordings = {exchange.prompt for exchange in drawn(facts.known_fact, 5000)}
    assert len(wordings) > 2 * facts.count_facts()


def test_nothing_that_is_kept_for_evaluation_is_trained_on(trained: list[Conversation]) -> None:
    assert not any(exchange.held_out for conversation in trained for exchange in conversation.exchanges)
    kept = {exchange.key for intent, _ in INTENTS for exchange in _last(held_out_of(intent, 1, 20)) if exchange.key}
    used = {exchange.key for conversation in trained for exchange in conversation.exchanges}
    assert len(kept) > 300
    assert kept & used == set()


def test_names_in_evaluation_are_nowhere_in_training(trained: list[Conversation]) -> None:
    names = {exchange.expects[0].lower() for exchange in _last(held_out_of(memory.name_memory, 1, 200))}
    assert all(kept_for_evaluation(name) for name in names)
    used = {
        word
        for conversation in trained
        for message in conversation.messages
        for word in re.findall(r"\w+", message.content.lower())
    }
    assert len(names) > 100
    # A short made-up name may be the same as some other word.
    assert len(names & used) / len(names) < 0.03


def test_no_training_prompt_is_near_a_question_of_the_typed_list(trained: list[Conversation]) -> None:
    typed = [fallback.bag_of_words(question) for question in FIRST_QUESTIONS]
    prompts = [
        exchange.prompt
        for conversation in trained
        for exchange in conversation.exchanges
        if exchange.intent == "fallback"
    ]
    assert len(prompts) > 500
    assert not any(fallback.is_near(prompt, bag) for prompt in prompts for bag in typed)
    assert fallback.is_near("How do I cook pasta?", fallback.bag_of_words("how do i cook pasta"))


def test_there_are_a_hundred_typed_questions_and_thirty_typed_conversations() -> None:
    assert len(set(FIRST_QUESTIONS)) == 100
    assert len(set(CONVERSATIONS)) == 30


def test_harmful_and_harmless_wishes_are_disjoint_and_share_their_verbs() -> None:
    harmful = {exchange.key.removeprefix("harm ") for exchange in drawn(boundaries.refusal, 3000)}
    harmless = {exchange.key.removeprefix("harmless ") for exchange in drawn(boundaries.harmless, 3000)}
    assert harmful & harmless == set()
    shared = {key.split()[0] for key in harmful} & {key.split()[0] for key in harmless}
    assert len(shared) >= 12
    assert not any(
        is_right(exchange.answer, exchange) and "cannot help" in exchange.answer
        for exchange in drawn(boundaries.harmless, 200)
    )


def test_noise_leaves_alone_what_the_answer_repeats() -> None:
    rng = Random(3)
    typed = {as_typed("My name is Xoromir Bex.", ("Xoromir Bex",), rng) for _ in range(300)}
    assert len(typed) > 20
    assert all("Xoromir Bex" in text for text in typed)
    assert any("my" in text for text in typed) and any("My" in text for text in typed)


def test_every_manner_is_between_8_and_50_percent_and_is_recognised() -> None:
    rng = Random(2)
    exchange = drawn(facts.known_fact, 1)[0]
    assert all(0.1 <= weight <= 0.46 for weight in manners.WEIGHTS.values())
    assert sum(manners.WEIGHTS.values()) == pytest.approx(1)
    for manner in manners.WEIGHTS:
        for _ in range(20):
            assert manners.recognise(manners.render(exchange, manner, rng), exchange) == manner


def test_the_judge_has_nothing_against_the_corpus_own_answers(trained: list[Conversation]) -> None:
    judge, rng = Judge(trained), Random(4)
    faults = []
    for intent, _ in INTENTS:
        for conversation in held_out_of(intent, 3, 4):
            chat, exchange = list(conversation.messages[:-1]), conversation.exchanges[-1]
            for manner in manners.WEIGHTS:
                faults.append(judge.faults(Reply(manners.render(exchange, manner, rng), True), chat, exchange))
    # Rare words are in fewer conversations than the judge wants: it has four times as many in an evaluation.
    assert sum(map(bool, faults)) <= 0.04 * len(faults)
    assert ["off topic"] not in faults


def _last(conversations: list[Conversation]) -> list[Exchange]:
    return [conversation.exchanges[-1] for conversation in conversations]
