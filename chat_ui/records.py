"""The gateway's conversations on the wire (docs/api.md), as frozen models; unknown fields are ignored."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

MAX_TOKENS_LIMIT = 32768
SEED_LIMIT = 2**31 - 1


class WireModel(BaseModel):
    """What comes from the gateway: frozen, and open to fields that this chat does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Done(WireModel):
    """An answer of which nothing is needed but that it came."""


class OwnSampling(WireModel):
    """How a model samples where a request does not say."""

    temperature: float
    top_p: float


class Model(WireModel):
    """A model of the gateway; `default_sampling` is None where the gateway does not know it."""

    default_sampling: OwnSampling | None = None


class ChatSettings(WireModel):
    """How answers of one conversation are sampled. Units: `max_tokens` in tokens; None leaves it to the model."""

    system_prompt: str = Field(default="", max_length=8000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=MAX_TOKENS_LIMIT)
    seed: int | None = Field(default=None, ge=0, le=SEED_LIMIT)

    def sampling(self) -> dict[str, Any]:
        """The fields of a completion request, without those that are not set."""
        return self.model_dump(exclude={"system_prompt"}, exclude_none=True)


def _settings_or_default(value: object) -> object:
    """A conversation made by another client may hold any settings: those that do not fit become the defaults."""
    try:
        return ChatSettings.model_validate(value)
    except ValidationError:
        return ChatSettings()


class Vote(WireModel):
    """What this person thinks of an answer: 1 up, -1 down, 0 takes the vote back. Also read from the browser."""

    value: int = Field(ge=-1, le=1)
    reasons: tuple[Annotated[str, Field(max_length=64)], ...] = Field(default=(), max_length=16)
    comment: str | None = Field(default=None, max_length=4_000)
    correction: str | None = Field(default=None, max_length=32_768)


class Message(WireModel):
    """One message of the tree. `parent_id` is None for a first one; only answers have what follows `content`."""

    id: str
    parent_id: str | None
    role: Literal["system", "user", "assistant"]
    content: str
    completion_id: str | None = None
    choice_index: int | None = None
    status: Literal["complete", "partial", "error"] | None = None
    model_version: int | None = None
    feedback: Vote | None = None


class Said(WireModel):
    """A message of a prompt that is rated."""

    role: str
    content: str


class ItemToRate(WireModel):
    """An answer to rate, without the version that gave it."""

    id: str
    prompt: tuple[Said, ...]
    answer: str


class NextToRate(WireModel):
    """What to rate next; `aspects` says on what, with the question that each answers."""

    item: ItemToRate | None
    aspects: dict[str, str]
    lowest: int
    highest: int


class Rating(WireModel):
    """What this person thinks of an answer, 1 to 5."""

    item_id: str
    fluency: int
    coherence: int
    relevance: int


class Conversation(WireModel):
    """A conversation without its messages."""

    id: str
    title: str = ""
    settings: Annotated[ChatSettings, BeforeValidator(_settings_or_default)] = ChatSettings()
    updated_at: datetime


class ConversationTree(Conversation):
    """A conversation and its messages, oldest first: a parent stands before its children.

    While `under_trial`, two versions answer, and nobody who votes may be shown which.
    """

    messages: tuple[Message, ...] = ()
    under_trial: bool = False


class ConversationPage(WireModel):
    """A part of the list of conversations, newest first."""

    data: tuple[Conversation, ...]
    has_more: bool = False
