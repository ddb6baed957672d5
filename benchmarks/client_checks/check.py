"""What a check is: one call of the official client, and whether it should be answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Route = Literal[
    "chat", "completions", "responses", "models", "model", "tokenize", "detokenize", "health", "ping", "version"
]

MODEL = "attune@v1"
HELLO: dict[str, Any] = {"role": "user", "content": "Hello, who are you?"}
CHAT: dict[str, Any] = {"model": MODEL, "messages": [HELLO], "max_tokens": 16, "temperature": 0}
TEXT: dict[str, Any] = {"model": MODEL, "prompt": "Hello, I am", "max_tokens": 8, "temperature": 0}
RESPONSE: dict[str, Any] = {"model": MODEL, "input": "Hello, who are you?", "max_output_tokens": 16, "temperature": 0}


@dataclass(frozen=True)
class Check:
    """One call, and what should come of it.

    Attributes:
        name: Unique among all checks.
        route: What is called.
        body: The fields, as a user of the client passes them.
        expects: `answer`, or the class of the client's exception; the class that OpenAI's own API leads to.
        headers: Sent besides the client's own.
        helper: A method of the client that wraps the route, such as `parse`.
    """

    name: str
    route: Route
    body: Mapping[str, Any] = field(default_factory=dict)
    expects: str = "answer"
    headers: Mapping[str, str] = field(default_factory=dict)
    helper: Literal["", "parse", "stream"] = ""


def chats(group: str, bodies: Mapping[str, Mapping[str, Any]], expects: str = "answer") -> list[Check]:
    """Checks of /v1/chat/completions, each with the fields that differ from `CHAT`."""
    return [Check(f"{group}: {name}", "chat", CHAT | dict(body), expects) for name, body in bodies.items()]


def conversation(*messages: Mapping[str, Any]) -> dict[str, Any]:
    """The field `messages`, where a check is about them."""
    return {"messages": list(messages)}
