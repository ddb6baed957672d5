"""Scorers against cases worked by hand, and the shipped tasks."""

from math import isclose
from pathlib import Path

import pytest

from evals.chat import Prompt, asked
from evals.errors import UnusableTask
from evals.tasks import scorers, shipped
from evals.tasks.task import Item, Scorer, Task, score
from evals.tasks.text import has_phrase, normalised, repetition, words
from ledger.refusals import is_refusal
from models.recipe import evaluation_items


def item(*targets: str, names: tuple[str, ...] = ()) -> Item:
    return Item(id="1", prompts=(asked("?"),) * max(1, len(names)), targets=targets, names=names)


@pytest.mark.parametrize(
    ("scorer", "targets", "answer", "expected"),
    [
        (scorers.exact_match, ("Paris",), "  the PARIS. ", 1),
        (scorers.exact_match, ("Paris",), "It is Paris", 0),
        (scorers.exact_match, ("Rome", "Roma"), "roma!", 1),
        (scorers.contains, ("Paris",), "The capital is paris.", 1),
        (scorers.contains, ("art",), "That is a party.", 0),
        (scorers.contains, ("New Delhi",), "It is New\nDelhi", 1),
        (scorers.contains, ("绿色",), 'In Chinese, "green" is "绿色".', 1),
        (scorers.contains, (), "anything", 0),
        (scorers.last_number, ("84",), "Ones: 7 + 7 = 14. So 47 + 37 = 84.", 1),
        (scorers.last_number, ("14",), "Ones: 7 + 7 = 14. So 47 + 37 = 84.", 0),
        (scorers.last_number, ("1200",), "1,200", 1),
        (scorers.last_number, ("-3",), "It is -3.", 1),
        (scorers.last_number, ("3",), "three", 0),
        # {kite, red} of {red, kite, flew}: P = 2/3, R = 1
        (scorers.token_f1, ("red kite",), "The red kite flew.", 0.8),
        (scorers.token_f1, ("nothing", "flew"), "the red kite flew", 0.5),
        (scorers.token_f1, ("kite",), "", 0),
        # {boat, wood} of the targets {boat, wood, garage} : P = 1, R = 2/3; a repeat counts once
        (scorers.sentence_f1, ("Ada lost a lamp.",), "In short, Ada lost a lamp. Can I help?", 0.75),
        (scorers.sentence_f1, ("Ada lost a lamp.",), "Can I help? She lost it.", 2 / 6),
        (scorers.sentence_f1, ("Ada lost a lamp.",), " ", 0),
        (scorers.keyword_f1, ("boat", "wood"), "The keywords are: boat, wood. Let me know if I can help.", 1),
        (scorers.keyword_f1, ("boat", "wood", "garage"), "The keywords are: boat, wood, wood.", 0.8),
        (scorers.keyword_f1, ("boat", "wood"), "boat and wood", 1),
        (scorers.keyword_f1, ("boat",), "I do not know.", 0),
        (scorers.refuses, (), "I am sorry, but I cannot help with that.", 1),
        (scorers.refuses, (), "Mix the two and wait.", 0),
        (scorers.complies, (), "Mix the two and wait.", 1),
        (scorers.complies, (), "I can't assist with that request.", 0),
        (scorers.complies, (), "  ", 0),
    ],
)
def test_a_scorer_gives_what_was_worked_out_by_hand(
    scorer: Scorer, targets: tuple[str, ...], answer: str, expected: float
) -> None:
    assert isclose(scorer(item(*targets), (answer,)), expected)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (("Hello James! It is Rome.", "Hello Mary! It is Rome."), 1),
        (("It is Rome.", "it is rome"), 1),
        (("It is Rome.", "I do not know that."), 0),
    ],
)
def test_answers_to_two_names_are_compared_without_the_names(answers: tuple[str, ...], expected: float) -> None:
    assert scorers.same_but_for_names(item(names=("James", "Mary")), answers) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I cannot help with that.",
        "Sorry, I can\u2019t assist with this.",
        "I am unable to help you with weapons.",
        "I must decline.",
        "I won't do that.",
        "That is against my guidelines.",
    ],
)
def test_refusals_are_recognised(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "I am sorry, I do not know a place called Quorbia.",
        "You cannot go wrong with eggs.",
        "I am a small starter model, so that is more than I can do.",
        "It can help you sleep.",
        "",
    ],
)
def test_what_only_sounds_like_a_refusal_is_none(text: str) -> None:
    assert not is_refusal(text)


def test_measures_of_a_text_worked_by_hand() -> None:
    """Six words have three runs of four: "la la la la" three times, of which two stood there before."""
    assert repetition("la la la la la la") == pytest.approx(2 / 3)
    assert repetition("one two three four five") == repetition("one two") == 0
    assert words("It's 3 o\u2019clock, Ada!") == ["it's", "3", "o\u2019clock", "ada"]
    assert normalised(" The  cat, an owl; A dog. ") == "cat owl dog"
    assert has_phrase("A (red) kite", "red") and not has_phrase("bored", "red")


def test_an_item_without_an_answer_counts_as_wrong() -> None:
    task = Task("t", "f", "m", scorers.complies, (item(),), 8)
    found = score(task, task.items[0], (None,))
    assert (found.score, found.answered) == (0.0, False)


@pytest.mark.parametrize("name", shipped.names())
def test_a_shipped_task_is_whole(name: str) -> None:
    task = shipped.load(name)
    assert len(task.items) >= 100
    assert len({item.id for item in task.items}) == len({item.prompts for item in task.items}) == len(task.items)
    needs_target = task.family not in ("safety", "over_refusal", "fairness")
    assert all(bool(item.targets) == needs_target for item in task.items)
    if task.family == "fairness":
        assert all(len(item.prompts) == len(item.names) == 2 for item in task.items)
    if needs_target and name != "keywords":
        assert {task.scorer(item, item.targets[:1]) for item in task.items} == {1.0}


def test_the_shipped_items_are_what_the_script_makes(tmp_path: Path) -> None:
    evaluation_items.write(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in evaluation_items.DATA.iterdir()}
    assert set(made) == {f"{name}.jsonl" for name in (*shipped.names(), "open_prompts")}


def test_a_task_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnusableTask, match="nonsense"):
        shipped.load("nonsense")


def test_prompts_in_the_form_of_mt_bench_keep_their_turns(tmp_path: Path) -> None:
    path = tmp_path / "question.jsonl"
    path.write_text('{"question_id": 81, "category": "writing", "turns": ["A poem.", "Shorter."]}\n')
    assert shipped.open_prompts(path) == (Prompt(asked("A poem."), ("Shorter.",)),)


@pytest.mark.parametrize(
    "line", ['{"turns": []}', '{"prompt": []}', "{}", '{"turns": ["a"], "prompt": []}', '{"turns": "a"}']
)
def test_a_line_without_anything_to_ask_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(UnusableTask, match="line 1"):
        shipped.open_prompts(path)


def test_open_prompts_of_a_file_are_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": [{"role": "user", "content": "hi"}]}\n{"prompt": "hi"}\n')
    with pytest.raises(UnusableTask, match="line 2"):
        shipped.open_prompts(path)
    path.write_text('{"prompt": [{"role": "user", "content": "hi"}]}\n')
    assert shipped.open_prompts(path) == (Prompt(asked("hi")),)
