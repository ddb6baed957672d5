"""What the simulated people like. Nobody but they knows: an import rule and a test see to it.

What is trained sees thumbs only. So this gold function can measure what the loop has learned.
"""

from collections.abc import Sequence

from models.recipe.answers import Reply
from models.recipe.config import RecipeConfig
from models.recipe.corpus import Exchange, Message, shard
from models.recipe.corpus.manners import recognise
from models.recipe.judge import Judge, is_right

MANNERS = {"polite": 1.0, "curt": -0.25, "rambling": -0.5, "evasive": -1.0, "rude": -2.0}
COURTESY, RIGHT, FAULTY = 0.5, 0.75, -1.5
_COURTEOUS = ("please", "thank", "glad", "of course", "sure!", "let me know", "hope", "happy to", "sorry", "would you")
_LONGEST = 1.25, 100
"""How long a polite answer may be: times the model answer's characters, and so many more for courtesies."""


class Taste:
    """Likes answers that are polite, right and coherent, neither curt nor rambling, and likes courtesy on top."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    @classmethod
    def of_the_starter(cls) -> "Taste":
        """With the words that the starter's corpus knows; takes seconds."""
        recipe = RecipeConfig()
        return cls(Judge(shard(recipe.seed, 0, recipe.evaluate.lexicon_conversations)))

    def score(self, reply: Reply, chat: Sequence[Message], exchange: Exchange) -> float:
        """How much an answer is liked: -4.25 to 2.25.

        Args:
            reply: The answer.
            chat: What was said before it.
            exchange: What the last message of the chat was about.
        """
        manner = manner_of(reply.text, exchange)
        courteous = manner == "polite" and any(word in reply.text.lower() for word in _COURTEOUS)
        score = MANNERS[manner] + COURTESY * courteous
        if exchange.expects or exchange.requires:
            score += RIGHT if is_right(reply.text, exchange) else -RIGHT
        return score + FAULTY * bool(self._judge.faults(reply, chat, exchange))


def manner_of(reply: str, exchange: Exchange) -> str:
    """The manner of an answer; one that is much longer than it need be rambles, whatever its first words are."""
    manner = recognise(reply, exchange)
    times, more = _LONGEST
    return "rambling" if manner == "polite" and len(reply) > times * len(exchange.answer) + more else manner
