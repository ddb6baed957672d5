"""Messages as they are sent to a model, what it is asked without a right answer, and what it replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """One message, in OpenAI's words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


Chat = tuple[Message, ...]
"""What is asked; the last message is the user's."""


def asked(text: str) -> Chat:
    """A chat of one question."""
    return (Message(role="user", content=text),)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked without a right answer.

    Attributes:
        chat: How it begins.
        further: What the user says next, each after the model's own answer to what was before: the second turn of
            MT-Bench (Zheng et al. 2023, arXiv:2306.05685, section 2.2).
    """

    chat: Chat
    further: tuple[str, ...] = ()

    @property
    def turns(self) -> int:
        """How many answers it wants."""
        return 1 + len(self.further)

    @property
    def told(self) -> tuple[str, ...]:
        """Everything that does not come from the model."""
        return (*(message.content for message in self.chat), *self.further)

    def chat_after(self, answers: Sequence[str]) -> Chat:
        """What is asked next of a model that has given these answers, fewer than there are turns."""
        own = (
            message
            for answer, turn in zip(answers, self.further, strict=False)
            for message in (Message(role="assistant", content=answer), *asked(turn))
        )
        return (*self.chat, *own)


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answers to a prompt, one for each of its turns."""

    prompt: Prompt
    answers: tuple[str, ...]

    @property
    def chat(self) -> Chat:
        """What the last answer answers: the model's earlier answers are in it."""
        return self.prompt.chat_after(self.answers[:-1])

    @property
    def text(self) -> str:
        """The last answer."""
        return self.answers[-1]

    @property
    def whole(self) -> str:
        """All answers."""
        return "\n".join(self.answers)


def transcript(chat: Chat) -> str:
    """As a judge reads it: a line for each message, with its role."""
    return "\n".join(f"{message.role}: {message.content}" for message in chat)
