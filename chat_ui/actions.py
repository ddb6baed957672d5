"""The actions of the page that answer at once. Each takes a user and what the browser sent, returns an `Update`.

They keep nothing between calls: everything is read from the gateway anew, so a reload or a restart loses nothing.
"""

import asyncio
from collections.abc import Awaitable
from typing import Literal

from chat_ui.conversation import find, newest_leaf, path
from chat_ui.errors import GatewayError, Missing, StillStarting
from chat_ui.gateway_client import GatewayClient
from chat_ui.records import ChatSettings, ConversationTree, Message, OwnSampling, Vote
from chat_ui.screen import Notice, Update, View, board, empty_page, open_page, sidebar

SETTLE_TIMEOUT_S = 5.0  # how long a stopped answer may take to reach the ledger
SETTLE_POLL_S = 0.05
LISTED_AT_FIRST = 30
LISTED_AT_MOST = 1000


class ChatActions:
    """The actions of the page that answer at once; `chat_ui.answering` has those that stream."""

    def __init__(self, gateway: GatewayClient) -> None:
        self._gateway = gateway

    async def open(self, user: str, conversation_id: str | None) -> Update:
        """Show a conversation, or a new chat if there is no id or no such conversation of this user."""
        if not conversation_id:
            return empty_page()
        try:
            return open_page(await self._gateway.tree(user, conversation_id), None)
        except GatewayError as error:
            return empty_page(Notice(str(error)))

    async def chats(self, user: str, query: str, count: int = LISTED_AT_FIRST) -> Update:
        """List the user's chats that contain `query`."""
        page = await self._gateway.conversations(user, query.strip(), min(count, LISTED_AT_MOST))
        return Update(sidebar=sidebar(page, query))

    async def own_sampling(self, user: str) -> OwnSampling | None:
        """How the model samples where the settings are empty; None while that is not known."""
        return await self._gateway.own_sampling(user)

    async def settle(self, user: str, view: View) -> Update:
        """After an answer ended, failed or was stopped: show what the ledger holds of it."""
        if view.conversation_id is None or view.question_id is None:
            return Update()
        tree = await self._with_answer(user, view.conversation_id, view.answer_id)
        answered = find(tree.messages, view.answer_id)
        notice = None
        if view.failure:
            kind: Literal["error", "waiting"] = "waiting" if view.failure == StillStarting.SENTENCE else "error"
            notice = Notice(view.failure, kind, retry_id=None if answered else view.question_id)
        return open_page(tree, answered.id if answered else view.question_id, notice)

    async def turn_to(self, user: str, view: View, sibling_id: str) -> Update:
        """Show another answer to the same question, or another wording of it, and what followed."""
        tree, _ = await self._message(user, view, sibling_id)
        return open_page(tree, newest_leaf(tree.messages, sibling_id))

    async def vote(self, user: str, view: View, message_id: str, vote: Vote) -> Update:
        """Store a vote on an answer. Which completion it means is read from the tree."""
        _, message = await self._message(user, view, message_id)
        if message.completion_id is None:
            raise Missing("Only answers can be rated.")
        await self._gateway.vote(user, message.completion_id, message.choice_index or 0, vote)
        tree, _ = await self._message(user, view, message_id)
        return Update(board=board(tree, path(tree.messages, view.leaf_id)))

    async def rename(self, user: str, view: View, conversation_id: str, title: str) -> Update:
        """Give a chat another title."""
        await self._gateway.rename(user, conversation_id, " ".join(title.split())[:200])
        if conversation_id != view.conversation_id:
            return Update()
        tree = await self._gateway.tree(user, conversation_id)
        return Update(board=board(tree, path(tree.messages, view.leaf_id)))

    async def delete(self, user: str, view: View, conversation_id: str) -> Update:
        """Erase a chat; if it is the one that is shown, show a new one."""
        await self._gateway.delete(user, conversation_id)
        return empty_page() if conversation_id == view.conversation_id else Update()

    async def erase_everything(self, user: str) -> Update:
        """Erase all that is stored of the user, and show a new chat."""
        await self._gateway.erase_user(user)
        return empty_page()

    async def change_settings(self, user: str, view: View, settings: ChatSettings) -> Update:
        """Keep the settings with the conversation; those of a new chat are stored when it is made.

        A chat that is opened changes the settings in the page, too: then they are what is stored, and nothing happens.
        """
        if view.conversation_id is not None:
            tree = await self._gateway.tree(user, view.conversation_id)
            if tree.settings != settings:
                await self._gateway.change_settings(user, tree.id, settings)
        return Update()

    async def _message(self, user: str, view: View, message_id: str) -> tuple[ConversationTree, Message]:
        """The tree that the page shows, and one message in it."""
        tree = await self._gateway.tree(user, view.conversation_id or "")
        message = find(tree.messages, message_id)
        if message is None:
            raise Missing("This message is not there (any more).")
        return tree, message

    async def _with_answer(self, user: str, conversation_id: str, answer_id: str | None) -> ConversationTree:
        """The tree once it holds the answer: the gateway stores a stopped one a moment after it was stopped."""
        waited_s = 0.0
        tree = await self._gateway.tree(user, conversation_id)
        while answer_id and find(tree.messages, answer_id) is None and waited_s < SETTLE_TIMEOUT_S:
            await asyncio.sleep(SETTLE_POLL_S)
            waited_s += SETTLE_POLL_S
            tree = await self._gateway.tree(user, conversation_id)
        return tree


async def or_notice(action: Awaitable[Update], busy: bool | None = None) -> Update:
    """The action's update; if the gateway failed, a notice that says why, with `busy` as it then is."""
    try:
        return await action
    except GatewayError as error:
        return Update(notice=Notice(str(error)), busy=busy)
