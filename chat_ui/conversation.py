"""The tree of a conversation: which messages are shown, and what stands beside each of them. Pure functions.

Messages with the same parent are siblings: regenerated answers, or an edited question. The *path* is the line of
messages from a first one to a leaf; it is what the screen shows and what the model is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chat_ui.records import Message


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on the path, with its place among its siblings.

    Attributes:
        position: From 1.
        count: How many siblings there are, itself included.
        previous_id: The sibling before it; None for the first.
        next_id: The sibling after it; None for the last.
    """

    message: Message
    position: int
    count: int
    previous_id: str | None
    next_id: str | None


def find(messages: Sequence[Message], message_id: str | None) -> Message | None:
    """The message with this id; None if there is none."""
    return next((message for message in messages if message.id == message_id), None)


def newest_leaf(messages: Sequence[Message], under: str | None = None) -> str | None:
    """The last message below `under` (or of all), going down from the newest child to its newest child.

    Args:
        messages: Oldest first.
        under: Where to start; with None the leaf is the newest message of all.

    Returns:
        Its id: `under` itself if nothing follows it, None if there are no messages.
    """
    if under is None:
        return messages[-1].id if messages else None
    newest_child = {message.parent_id: message.id for message in messages}
    leaf = under
    while leaf in newest_child:
        leaf = newest_child[leaf]
    return leaf


def path(messages: Sequence[Message], leaf_id: str | None) -> tuple[Message, ...]:
    """The messages from a first one to `leaf_id`, in reading order; to the newest if there is no such message."""
    by_id = {message.id: message for message in messages}
    current = by_id.get(leaf_id or "") or by_id.get(newest_leaf(messages) or "")
    line: list[Message] = []
    while current is not None:
        line.append(current)
        current = by_id.get(current.parent_id or "")
    return tuple(reversed(line))


def with_siblings(messages: Sequence[Message], line: Sequence[Message]) -> tuple[Shown, ...]:
    """Each message of `line` with its place among the messages that have the same parent and role."""
    families: dict[tuple[str | None, str], list[str]] = {}
    for message in messages:
        families.setdefault((message.parent_id, message.role), []).append(message.id)
    shown = []
    for message in line:
        family = families[message.parent_id, message.role]
        place = family.index(message.id)
        shown.append(
            Shown(
                message=message,
                position=place + 1,
                count=len(family),
                previous_id=family[place - 1] if place else None,
                next_id=family[place + 1] if place + 1 < len(family) else None,
            )
        )
    return tuple(shown)


def parent_of_next(line: Sequence[Message]) -> str | None:
    """Under which message a new question belongs: the last answer; an unanswered question becomes its sibling."""
    return next((message.id for message in reversed(line) if message.role == "assistant"), None)


def prompt(line: Sequence[Message], system_prompt: str) -> list[dict[str, str]]:
    """The `messages` of a completion request for a path that ends with a question."""
    system = [{"role": "system", "content": system_prompt}] if system_prompt.strip() else []
    return system + [{"role": message.role, "content": message.content} for message in line]


def shortened(messages: Sequence[dict[str, str]]) -> list[dict[str, str]] | None:
    """A prompt without the older half of its exchanges; None if there is only the last question left."""
    kept = [message for message in messages if message["role"] != "system"]
    system = [message for message in messages if message["role"] == "system"]
    begins = [place for place, message in enumerate(kept) if message["role"] == "user"]
    if len(begins) < 2:
        return None
    return system + kept[begins[(len(begins) + 1) // 2] :]


def title_of(text: str, limit: int = 60) -> str:
    """A title from a first message: its words up to `limit` characters, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= limit else words[: limit - 1].rsplit(" ", 1)[0].rstrip() + "…"
