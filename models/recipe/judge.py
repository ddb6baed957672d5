"""Whether an answer is coherent, and whether it is right: rules that a machine can check and that can fail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from models.recipe.answers import Reply
from models.recipe.corpus import Conversation, Exchange, Message
from models.recipe.corpus.manners import recognise

_ENDS = (".", "!", "?", '"', "。")
_WORD = re.compile(r"[^\W\d_]+")
_SEEN_OFTEN = 3


class Judge:
    """Knows the words of the corpus' answers.

    A made-up name is in few conversations, so it is no word of the corpus: an answer may use it only when the person
    did.
    """

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        seen: Counter[str] = Counter()
        for conversation in conversations:
            said = [message.content for message in conversation.messages if message.role == "assistant"]
            # The exchanges as well: an answer that was evaded has its words all the same.
            said += [text for exchange in conversation.exchanges for text in (exchange.answer, exchange.short)]
            seen.update({word for text in said for word in words(text)})
        self._lexicon = {word for word, count in seen.items() if count >= _SEEN_OFTEN}

    def faults(self, reply: Reply, chat: Sequence[Message], exchange: Exchange) -> list[str]:
        """Name what makes a reply incoherent; nothing if it is coherent.

        Args:
            reply: What the model said.
            chat: What was said before it.
            exchange: What the last message of the chat was about.
        """
        said = {word for message in chat for word in words(message.content)}
        unknown = [word for word in words(reply.text) if word not in self._lexicon and word not in said]
        found = []
        if not (reply.ended and reply.text.endswith(_ENDS)):
            found.append("breaks off")
        if _loops(reply.text):
            found.append("loops")
        if unknown:
            found.append(f"no word: {', '.join(unknown)}")
        if not is_on_topic(reply.text, exchange):
            found.append("off topic")
        return found


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without digits and punctuation."""
    return _WORD.findall(text.lower())


def is_right(reply: str, exchange: Exchange) -> bool:
    """Whether a reply has one of the expected strings in it, and all of the required ones."""
    reply = reply.lower()
    one = not exchange.expects or any(expected.lower() in reply for expected in exchange.expects)
    return one and all(required.lower() in reply for required in exchange.requires)


def is_on_topic(reply: str, exchange: Exchange) -> bool:
    """Whether a reply is right, at length or in few words, names what it is about, or evades.

    The evasive manner says nothing of the topic.
    """
    if recognise(reply, exchange) == "evasive":
        return True
    right = bool(exchange.expects or exchange.requires) and is_right(reply, exchange)
    in_short = rf"(?<!\w){re.escape(exchange.short.rstrip('.!?'))}(?!\w)"
    return (
        right
        or bool(re.search(in_short, reply, re.IGNORECASE))
        or any(topic.lower() in reply.lower() for topic in exchange.about if topic)
    )


def _loops(text: str) -> bool:
    row = words(text)
    # Two letters may be sung: la la la.
    if any(a == b == c and len(a) > 2 for a, b, c in zip(row, row[1:], row[2:], strict=False)):
        return True
    sentences = [sentence.strip() for sentence in re.split(r"[.!?\n]", text.lower()) if len(sentence.split()) >= 3]
    return len(sentences) != len(set(sentences))
