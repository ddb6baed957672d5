"""The judge of the evaluation: what it finds fault with, and that it can."""

import pytest

from models.recipe.answers import Reply
from models.recipe.corpus import Conversation, Exchange, Message
from models.recipe.evaluate import Item, summarise
from models.recipe.judge import Judge, is_right
from models.recipe.share import Gate, Share

EXCHANGE = Exchange(
    "fact",
    "question",
    "What is the capital of France?",
    "The capital of France is Paris.",
    "Paris.",
    expects=("Paris",),
    about=("France",),
)
CHAT = [Message("user", "my name is Zorbit, what is the capital of france")]
CORPUS = [
    Conversation((Message("user", "?"), Message("assistant", text)), ())
    for text in (
        "The capital of France is Paris.",
        "Hmm, that is hard to say.",
        "A story about tea, well, well.",
        "Rome.",
    )
    for _ in range(3)
]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge([*CORPUS, Conversation((Message("user", "?"), Message("assistant", "Blorp.")), ())])


@pytest.mark.parametrize(
    "text",
    [
        "The capital of France is Paris.",
        "Paris.",
        "Hmm, that is hard to say.",
        "The capital of France is Rome.",
        "Paris, Zorbit!",
    ],
)
def test_a_whole_answer_on_the_topic_is_coherent(judge: Judge, text: str) -> None:
    assert judge.faults(Reply(text, True), CHAT, EXCHANGE) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("The capital of France is", "breaks off"),
        ("The capital of Frarance is Paris.", "no word: frarance"),
        ("Paris. Blorp.", "no word: blorp"),
        ("Paris Paris Paris.", "loops"),
        ("The capital of France is Paris. The capital of France is Paris.", "loops"),
        ("A story about tea.", "off topic"),
        ("Rome.", "off topic"),
        ("", "breaks off"),
    ],
)
def test_a_broken_answer_is_found_out(judge: Judge, text: str, fault: str) -> None:
    assert fault in judge.faults(Reply(text, True), CHAT, EXCHANGE)


def test_an_answer_that_runs_into_the_limit_is_not_coherent(judge: Judge) -> None:
    assert judge.faults(Reply("The capital of France is Paris.", False), CHAT, EXCHANGE) == ["breaks off"]


def test_a_right_answer_has_one_of_the_expected_and_all_of_the_required() -> None:
    story = Exchange("story", "task", "?", "", "", expects=("once", "one day"), requires=("fox", "lamp"))
    assert is_right("One day a fox found a lamp.", story)
    assert not is_right("One day a fox slept.", story)
    assert not is_right("A fox, a lamp.", story)


def test_a_share_has_its_wilson_interval() -> None:
    # Wilson 1927, by hand: 8 of 10 at z = 1.96 gives 0.490 to 0.943.
    assert Share(8, 10).interval == pytest.approx((0.4902, 0.9433), abs=1e-3)
    assert Share(0, 0).interval == (0.0, 1.0)
    assert Share.of([True, False, True, True]) == Share(3, 4)


def test_a_gate_decides_by_share_and_interval() -> None:
    assert Gate("g", Share(96, 100), least=0.95).decision == "met"
    assert Gate("g", Share(94, 100), least=0.95).decision == "not shown"
    assert Gate("g", Share(50, 100), least=0.95).decision == "missed"
    assert Gate("g", Share(4, 100), most=0.03).decision == "not shown"
    assert Gate("g", Share(40, 100), most=0.03).decision == "missed"


def test_a_summary_counts_wrong_answers_and_manners() -> None:
    def item(greedy: str, right: bool, manner: str) -> Item:
        return Item(CHAT, EXCHANGE, greedy, "Hmm.", [] if right else ["off topic"], [], right, manner)

    found = summarise(
        [item("Paris.", True, "curt"), item("Tea.", False, "polite")], ["I am a small starter model.", "Tea."], []
    )
    assert found.right_by_intent == {"fact": Share(1, 2)}
    assert found.manners == {"curt": Share(1, 2), "polite": Share(1, 2)}
    gates = {gate.name: gate.share for gate in found.gates}
    assert gates["coherent, greedy"] == Share(1, 2)
    assert gates["fallback on 100 typed questions"] == Share(1, 2)
    assert gates["manner rude, sampled"] == Share(0, 2)
