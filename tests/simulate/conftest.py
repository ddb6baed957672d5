"""A taste that knows few words, and a gateway before the fake engine."""

import pytest

from attune.simulate.questions import Question
from attune.simulate.taste import Taste
from models.recipe.corpus import Conversation, Exchange, Message
from models.recipe.judge import Judge
from tests.server.conftest import engine as engine
from tests.server.conftest import gateway as gateway
from tests.server.conftest import start as start

SUM = Exchange(
    intent="small sum",
    kind="question",
    prompt="What is two and three?",
    answer="Two and three is five.",
    short="Five.",
    expects=("five",),
    about=("two", "three"),
)
CHAT = (Message("user", SUM.prompt),)
QUESTION = Question(CHAT, SUM)
POLITE, RUDE = "Two and three is five. I hope that helps!", "Do I have to? Four."
_SAID = (POLITE, RUDE, "Hmm, who can really tell?", "There are many views on this.", "Well, where do I even begin?")


@pytest.fixture(scope="session")
def taste() -> Taste:
    lines = tuple(Message("assistant", text) for text in _SAID)
    return Taste(Judge([Conversation(lines, (SUM,))] * 3))
