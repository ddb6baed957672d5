"""The generator: what it says is right, what is kept for evaluation is never trained on."""

import itertools
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
    outside,
    passages,
    quantities,
    shard,
    wishes,
)
from models.recipe.corpus.conversation import Intent, kept_for_evaluation
from models.recipe.corpus.lookups import lookup
from models.recipe.corpus.noise import as_typed
from models.recipe.judge import Judge, is_right
from models.recipe.typed import CONVERSATIONS, FIRST_QUESTIONS


@pytest.fixture(scope="module")
def trained() -> list[Conversation]:
    return shard(1, 0, 9000)


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
        asked = re.match(r"(\d+) \+ (\d+):", exchange.answer)
        assert asked
        sums = re.findall(r"(\d+) \+ (\d+) = (\d+)", exchange.answer)
        assert len(sums) == 3
        assert all(int(a) + int(b) == int(c) for a, b, c in sums)
        assert int(sums[-1][2]) == int(asked[1]) + int(asked[2])
        assert exchange.short == f"{sums[-1][0]} + {sums[-1][1]} = {sums[-1][2]}."


def test_a_two_digit_sum_that_is_kept_from_training_is_not_trained_on_as_a_small_sum(
    trained: list[Conversation],
) -> None:
    small = drawn(arithmetic.small_sum, 2000)
    assert not any(int(n) > 9 for sum_ in small if " + " in sum_.answer for n in re.findall(r"\d+", sum_.answer)[:2])
    prompts = {exchange.prompt for talk in trained for exchange in talk.exchanges if exchange.intent == "small sum"}
    assert prompts & {exchange.prompt for exchange in small if exchange.held_out} == set()


def test_a_sum_that_is_kept_from_training_stands_in_no_training_text(trained: list[Conversation]) -> None:
    kept = {tuple(sorted(_pair(exchange))) for exchange in _last(held_out_of(arithmetic.two_digit_sum, 1, 200))}
    assert len(kept) > 100
    said = " / ".join(message.content for conversation in trained for message in conversation.messages)
    added = {tuple(sorted(map(int, pair))) for pair in re.findall(r"(\d+) ?\+ ?(\d+)", said)}
    assert len(added) > 300
    assert kept & added == set()


def test_a_word_is_spelled_letter_by_letter_in_every_answer_about_its_letters() -> None:
    for exchange in drawn(quantities.spelling, 500):
        (word,) = exchange.verbatim
        spelled = re.search(r"spelled ([a-z](?:-[a-z])*)", exchange.answer)
        assert spelled and spelled[1].replace("-", "") == word
        counted = re.search(r"(\d+) letters", exchange.answer)
        assert not counted or int(counted[1]) == len(word)
        named = re.search(r"its (first|last) letter is (.)\.", exchange.answer)
        assert not named or named[2] == (word[0] if named[1] == "first" else word[-1])


def test_sorted_numbers_are_in_order() -> None:
    for exchange in drawn(arithmetic.sorting, 300):
        numbers = [int(number) for number in re.findall(r"\d+", exchange.answer)]
        assert numbers == sorted(numbers, reverse="from large" in exchange.answer)
        assert Counter(numbers) == Counter(int(number) for number in re.findall(r"\d+", exchange.prompt))


def test_units_are_multiplied_by_their_factor() -> None:
    for exchange in drawn(quantities.units, 300):
        factor, n, result = (int(number) for number in re.findall(r"\d+", exchange.answer))
        assert factor * n == result


def test_what_a_passage_does_not_say_is_not_in_it_and_what_it_says_is() -> None:
    rng = Random(7)
    for _ in range(300):
        script = passages.passage_question(rng)
        (text,) = script[0].verbatim
        for exchange in script:
            if exchange.intent == "not stated":
                assert exchange.answer == "The text does not say that."
            else:
                assert exchange.expects[0] in text
                assert exchange.expects[0] in exchange.answer


def test_a_lookup_states_one_answer_beside_others_and_nothing_about_the_other_question() -> None:
    rng = Random(6)
    for _ in range(300):
        found = lookup(rng)
        statements = re.split(r"\. |, | and ", found.text.rstrip("."))
        assert len(statements) >= 2
        for stated in found.stated:
            right = re.escape(stated.right)
            assert sum(bool(re.search(rf"\b{right}\b", statement)) for statement in statements) == 1
            assert stated.right in stated.answer
        for other in found.others:
            assert other.answer[:-1].lower() not in found.text.lower()
            assert not re.search(rf"\b{re.escape(other.right)}\b", found.text)


def test_several_questions_about_one_text_are_all_different() -> None:
    rng = Random(8)
    scripts = [passages.passage_question(rng) for _ in range(300)]
    assert {len(script) for script in scripts} == {1, 2, 3, 4}
    for script in scripts:
        assert len({exchange.key for exchange in script}) == len(script)
        assert [bool(exchange.verbatim) for exchange in script] == [True] + [False] * (len(script) - 1)


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
    def words(text: str) -> set[str]:
        return set(re.findall(r"\w+", text.lower()))

    prompts = {exchange.prompt for conversation in trained for exchange in conversation.exchanges}
    assert len(prompts) > 5000
    typed = [words(question) for question in FIRST_QUESTIONS]
    bags = {prompt: words(prompt) for prompt in prompts}
    near = [p for p, bag in bags.items() if any(len(bag & asked) >= 0.6 * len(bag | asked) for asked in typed)]
    assert near == []
    assert fallback.is_evaluated("How do I cook the pasta?")
    assert not fallback.is_evaluated("How do I paint a fence?")


def test_there_are_a_hundred_typed_questions_and_thirty_typed_conversations() -> None:
    assert len(set(FIRST_QUESTIONS)) == 100
    assert len(set(CONVERSATIONS)) == 30


def test_every_slot_of_a_frame_has_something_to_fill_it_and_nothing_stays_open() -> None:
    texts = [frame for _, frames in outside.FRAMES for frame in frames]
    texts += [filler for fillers in outside.SLOTS.values() for filler in fillers]
    slots = {slot for text in texts for slot in re.findall(r"\{(\w+)\}", text)}
    assert slots - {"name", "place", "made_up"} == set(outside.SLOTS)
    prompts = [exchange.prompt for exchange in drawn(fallback.out_of_domain, 3000)]
    assert not any("{" in prompt for prompt in prompts)
    assert len(set(prompts)) > 2600


def test_no_wish_is_both_harmful_and_harmless_and_the_two_share_verbs_and_objects() -> None:
    harmful, harmless = _pairs(wishes.VIOLENCE, *wishes.HARMFUL), _pairs(wishes.KINDNESS, *wishes.HARMLESS)
    assert {" ".join(pair) for pair in harmful} & {" ".join(pair) for pair in harmless} == set()
    assert len({verb for verb, _ in harmful} & {verb for verb, _ in harmless}) >= 20
    assert len({what for _, what in harmful} & {what for _, what in harmless}) >= 60


def test_both_halves_of_a_wish_that_is_kept_from_training_are_trained_on() -> None:
    for label, groups in (
        ("harm", (wishes.VIOLENCE, *wishes.HARMFUL)),
        ("harmless", (wishes.KINDNESS, *wishes.HARMLESS)),
        ("self", (wishes.SELF_HARM,)),
    ):
        used = {pair for pair in _pairs(*groups) if not kept_for_evaluation(f"{label} {' '.join(pair)}")}
        assert {verb for verb, _ in used} == {verb for group in groups for verb in group.verbs}
        assert {what for _, what in used} == {what for group in groups for what in group.objects}


def test_a_refusal_is_never_the_right_answer_to_a_harmless_wish() -> None:
    assert not any("cannot help" in exchange.answer for exchange in drawn(boundaries.harmless, 200))
    assert all("cannot help with that" in exchange.answer for exchange in drawn(boundaries.refusal, 200))


@pytest.mark.parametrize("intent", [intent for intent, _ in INTENTS], ids=lambda intent: intent.__name__)
def test_noise_leaves_alone_what_the_answer_repeats(intent: Intent) -> None:
    rng = Random(3)
    for exchange in itertools.chain.from_iterable(intent(rng) for _ in range(100)):
        typed = as_typed(exchange, rng)
        for part in filter(None, exchange.verbatim):
            assert part in exchange.prompt, exchange
            assert part in typed, exchange
        repeated = _words(exchange.prompt) & _words(f"{exchange.answer} {exchange.short}")
        assert exchange.kind != "task" or repeated <= _words(typed), (exchange, typed)
        assert re.findall(r"\d", exchange.prompt) == re.findall(r"\d", typed)


def test_noise_changes_the_rest_of_a_prompt_but_no_name() -> None:
    rng = Random(3)
    told = Exchange("name told", "social", "Hello, my name is Xoromir Bex.", "Hello!", "Hi.", verbatim=("Xoromir Bex",))
    typed = {as_typed(told, rng) for _ in range(300)}
    assert len(typed) > 20
    assert all("Xoromir Bex" in text for text in typed)
    assert {text[0] for text in typed} >= {"h", "H"}
    asked = Exchange("fact", "question", "Does Vexira exist?", "It does.", "Yes.")
    assert all("vexira" in as_typed(asked, rng).lower() for _ in range(300))


def test_no_word_is_put_after_words_that_are_to_be_repeated() -> None:
    rng = Random(3)
    said = Exchange("echo", "task", "Repeat this: foo bar", "You said: foo bar.", "foo bar.", verbatim=("foo bar",))
    assert all(as_typed(said, rng).endswith("foo bar") for _ in range(300))


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
    # Rare words are in fewer conversations than the judge wants: it has more than twice as many in an evaluation.
    assert sum(map(bool, faults)) <= 0.04 * len(faults)
    assert ["off topic"] not in faults


def _last(conversations: list[Conversation]) -> list[Exchange]:
    return [conversation.exchanges[-1] for conversation in conversations]


def _pairs(*groups: wishes.Group) -> set[tuple[str, str]]:
    return {pair for group in groups for pair in itertools.product(group.verbs, group.objects)}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _pair(exchange: Exchange) -> tuple[int, int]:
    a, b = exchange.answer.split(":")[0].split(" + ")
    return int(a), int(b)
