"""Replies and pairs of one turn, from texts."""

from evals.chat import Chat, Prompt, Reply, asked
from evals.preference import Pair


def reply(prompt: str | Chat, text: str | None) -> Reply | None:
    """None where there is no text."""
    chat = asked(prompt) if isinstance(prompt, str) else prompt
    return None if text is None else Reply(Prompt(chat), (text,))


def pair(prompt: str | Chat, candidate: str | None, parent: str | None) -> Pair:
    """What two models replied to the same."""
    chat = asked(prompt) if isinstance(prompt, str) else prompt
    return Pair(Prompt(chat), reply(chat, candidate), reply(chat, parent))
