"""What the browser is shown: a conversation's tree turned into the values of the page's components.

The browser holds only this picture and two ids (`View`). What a click means is decided from the tree, which the gateway
gives for this user only, so that an id made up in a browser leads nowhere.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chat_ui.conversation import Shown, path, with_siblings
from chat_ui.records import ChatSettings, ConversationPage, ConversationTree, Message, OwnSampling

SHOWN_MESSAGES = 40  # what a browser draws at once
NEW_CHAT = "New chat"


class View(BaseModel):
    """Where a browser's page stands: which conversation, and which leaf of its tree.

    Attributes:
        question_id: The message that is being answered; None while nothing is.
        answer_id: The answer's own id, once it is known.
        failure: Why the answer failed or broke off.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    conversation_id: str | None = Field(default=None, max_length=100)
    leaf_id: str | None = Field(default=None, max_length=100)
    question_id: str | None = Field(default=None, max_length=100)
    answer_id: str | None = Field(default=None, max_length=100)
    failure: str | None = Field(default=None, max_length=2000)

    @classmethod
    def from_browser(cls, value: object) -> "View":
        """Read what the browser sent; anything unfit is an empty page."""
        try:
            return cls.model_validate(value or {})
        except ValidationError:
            return cls()


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above the text box. With `retry_id`, a button asks for an answer to that message again.

    One that is `waiting` does so by itself as soon as the model is ready (static/status.js).
    """

    text: str
    kind: Literal["error", "info", "waiting"] = "error"
    retry_id: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """New values for the page's components; None leaves one as it is.

    Attributes:
        draft: The answer that is being written, made by `draft`.
        typed: What stands in the text box.
        own_sampling: How the model samples by itself, which the empty settings show.
        busy: Whether an answer is being written. Whoever sets it also replaces the notice.
    """

    view: View | None = None
    board: dict[str, Any] | None = None
    draft: dict[str, Any] | None = None
    sidebar: dict[str, Any] | None = None
    typed: str | None = None
    settings: ChatSettings | None = None
    own_sampling: OwnSampling | None = None
    notice: Notice | None = None
    busy: bool | None = None

    def status(self) -> dict[str, Any]:
        """Notice and busy as the page takes them; the revision tells the browser that its event was handled."""
        notice = asdict(self.notice) if self.notice else None
        return {"revision": time.monotonic_ns(), "busy": self.busy, "notice": notice}


def draft(text: str | None) -> dict[str, Any]:
    """The answer that is being written, as far as it came; None while there is none."""
    return {"text": text}


def board(tree: ConversationTree, line: Sequence[Message]) -> dict[str, Any]:
    """The messages and what stands around them. All of it is data, never markup: static/message.js draws it.

    Versions are left out while two are tried beside each other, so that nobody can vote for or against one of them.
    """
    return {
        "conversation_id": tree.id,
        "title": tree.title or NEW_CHAT,
        "hidden": max(0, len(line) - SHOWN_MESSAGES),
        "messages": [
            _board_message(item, blind=tree.under_trial)
            for item in with_siblings(tree.messages, line)[-SHOWN_MESSAGES:]
        ],
    }


def sidebar(chats: ConversationPage, query: str) -> dict[str, Any]:
    """The list of earlier chats."""
    return {
        "query": query,
        "has_more": chats.has_more,
        "items": [
            {"id": item.id, "title": item.title or NEW_CHAT, "updated_at": item.updated_at.isoformat()}
            for item in chats.data
        ],
    }


def open_page(tree: ConversationTree, leaf_id: str | None, notice: Notice | None = None) -> Update:
    """Show a conversation along the path to a leaf."""
    line = path(tree.messages, leaf_id)
    return Update(
        view=View(conversation_id=tree.id, leaf_id=line[-1].id if line else None),
        board=board(tree, line),
        draft=draft(None),
        settings=tree.settings,
        notice=notice or _unanswered(line),
        busy=False,
    )


def empty_page(notice: Notice | None = None) -> Update:
    """Show a new chat."""
    nothing: dict[str, Any] = {"conversation_id": None, "title": NEW_CHAT, "hidden": 0, "messages": []}
    return Update(view=View(), board=nothing, draft=draft(None), settings=ChatSettings(), notice=notice, busy=False)


def _unanswered(line: Sequence[Message]) -> Notice | None:
    """A path that ends with a question offers to ask again."""
    if line and line[-1].role == "user":
        return Notice("This message has no answer yet.", "info", retry_id=line[-1].id)
    return None


def _board_message(item: Shown, *, blind: bool) -> dict[str, Any]:
    message = item.message
    return {
        "id": message.id,
        "role": message.role,
        "text": message.content,
        "status": message.status,
        "version": None if blind else message.model_version,
        "position": item.position,
        "count": item.count,
        "previous_id": item.previous_id,
        "next_id": item.next_id,
        "can_vote": message.completion_id is not None,
        "vote": message.feedback.model_dump(mode="json") if message.feedback else None,
    }
