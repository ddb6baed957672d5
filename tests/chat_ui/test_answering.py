"""How many answers one person may have written at once."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from chat_ui.answering import Answering, Page
from chat_ui.gateway_client import Delta, GatewayClient, Question
from chat_ui.records import ChatSettings, Conversation, ConversationTree, Message
from chat_ui.screen import Update, View

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Slow(GatewayClient):
    """A gateway whose answers last until they are told to end."""

    def __init__(self) -> None:
        super().__init__("http://gateway", "key")
        self.created = 0
        self.over = asyncio.Event()

    async def create_conversation(self, user: str, title: str, settings: ChatSettings) -> Conversation:
        self.created += 1
        return Conversation(id=f"conv_{self.created}", updated_at=NOW)

    async def tree(self, user: str, conversation_id: str) -> ConversationTree:
        return ConversationTree(id=conversation_id, updated_at=NOW)

    async def add_question(self, user: str, conversation_id: str, parent_id: str | None, text: str) -> Message:
        return Message(id="msg_1", parent_id=None, role="user", content=text)

    async def answer(self, user: str, question: Question) -> AsyncGenerator[Delta, None]:
        await self.over.wait()
        yield Delta("chatcmpl-1", "done")


async def test_one_browser_has_a_few_answers_at_once_and_is_told_so() -> None:
    gateway = Slow()
    answering = Answering(gateway, answers_per_person=3)

    async def send(user: str) -> list[Update]:
        return [update async for update in answering.send(Page(user, View(), ChatSettings()), "hello")]

    running = [asyncio.create_task(send("ann")) for _ in range(60)]
    other = asyncio.create_task(send("bob"))
    await asyncio.sleep(0.1)
    refused = [task.result() for task in running if task.done()]
    assert len(refused) >= 57 and not other.done()
    notices = {update.notice.text for updates in refused for update in updates if update.notice}
    assert notices == {"3 answers are being written for you already. Stop one, or wait for its end."}
    gateway.over.set()
    await asyncio.gather(*running, other)
    assert len(await send("ann")) > 1  # there is room again
    await gateway.close()
