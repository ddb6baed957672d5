"""The actions that stream an answer: send, edit, answer again. Each is an asynchronous generator of `Update`.

Stopping closes the generator, which closes the request, upon which the gateway frees the engine and stores the partial
answer. `ChatActions.settle` then shows it.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, replace

from chat_ui.coalesce import coalesce
from chat_ui.conversation import find, parent_of_next, path, prompt, shortened, title_of
from chat_ui.errors import GatewayError, Missing, Refused, TooLong
from chat_ui.gateway_client import Delta, GatewayClient, Question
from chat_ui.records import ChatSettings, ConversationTree, Message
from chat_ui.screen import Notice, Update, View, board, draft

DRAW_INTERVAL_S = 0.12

Updates = AsyncGenerator[Update, None]
Ask = Callable[[ConversationTree], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Page:
    """Who asks, from where, and with which settings."""

    user: str
    view: View
    settings: ChatSettings


class Answering:
    """The streaming actions, over one gateway."""

    def __init__(self, gateway: GatewayClient, answers_per_person: int) -> None:
        """Take the gateway, and how many answers one person may have written at once."""
        self._gateway = gateway
        self._under_way: set[str] = set()  # conversations: two answers at once would fork the tree
        self._answers_per_person = answers_per_person
        self._answers: Counter[str] = Counter()  # by user

    async def send(self, page: Page, text: str) -> Updates:
        """Store what was typed and stream the answer. If it cannot be stored, the text stays in the text box."""
        if not text.strip():
            yield Update(busy=False)
            return
        view = page.view
        try:
            self._check_place(page.user)
            if view.conversation_id is None:
                created = await self._gateway.create_conversation(page.user, title_of(text), page.settings)
                view = View(conversation_id=created.id)
        except GatewayError as error:
            yield Update(notice=Notice(str(error)), busy=False)
            return

        async def ask(tree: ConversationTree) -> Message:
            parent_id = parent_of_next(path(tree.messages, view.leaf_id))
            return await self._gateway.add_question(page.user, tree.id, parent_id, text)

        async with aclosing(self._answer(Page(page.user, view, page.settings), ask, typed="")) as updates:
            async for update in updates:
                yield update

    def edit(self, page: Page, message_id: str, text: str) -> Updates:
        """Ask another wording of a question, as its sibling, and stream the answer."""

        async def ask(tree: ConversationTree) -> Message:
            edited = find(tree.messages, message_id)
            if edited is None or edited.role != "user" or not text.strip():
                raise Missing("Only a message of yours can be edited, and not to nothing.")
            return await self._gateway.add_question(page.user, tree.id, edited.parent_id, text)

        return self._answer(page, ask)

    def answer_again(self, page: Page, message_id: str) -> Updates:
        """Stream another answer: to a question, or to the question of an answer, as its sibling."""

        async def ask(tree: ConversationTree) -> Message:
            message = find(tree.messages, message_id)
            question = find(tree.messages, message.parent_id) if message and message.role == "assistant" else message
            if question is None:
                raise Missing("This message is not there (any more).")
            return question

        return self._answer(page, ask)

    async def _answer(self, page: Page, ask: Ask, typed: str | None = None) -> Updates:
        """Find or store the question, then stream its answer."""
        with ExitStack() as reservation:
            try:
                reservation.enter_context(self._place(page.user))
                tree = await self._gateway.tree(page.user, page.view.conversation_id or "")
                reservation.enter_context(self._only_one(tree.id))
                question = await ask(tree)
            except GatewayError as error:
                yield Update(view=page.view, notice=Notice(str(error)), busy=False)
                return
            if question not in tree.messages:
                tree = tree.model_copy(update={"messages": (*tree.messages, question)})
            line = path(tree.messages, question.id)
            view = View(conversation_id=tree.id, leaf_id=question.id, question_id=question.id)
            yield Update(view=view, board=board(tree, line), draft=draft(""), typed=typed, busy=True)
            async with aclosing(self._stream(page, view, line)) as updates:
                async for update in updates:
                    yield update

    async def _stream(self, page: Page, view: View, line: tuple[Message, ...]) -> Updates:
        """Draw the answer as it comes. The first update names the answer, so that a stopped one can be found again."""
        messages = prompt(line, page.settings.system_prompt)
        question = Question(view.conversation_id or "", view.question_id or "", messages, page.settings)
        text = ""
        try:
            async with aclosing(coalesce(self._pieces(page.user, question), DRAW_INTERVAL_S)) as groups:
                async for group in groups:
                    text += "".join(delta.text for delta in group)
                    named = view.model_copy(update={"answer_id": answer_id(group[0].completion_id)})
                    new_view = named if named != view else None
                    view = named
                    yield Update(view=new_view, draft=draft(text), busy=True)
        except GatewayError as error:
            yield Update(view=view.model_copy(update={"failure": str(error)}), busy=True)

    async def _pieces(self, user: str, question: Question) -> AsyncGenerator[Delta, None]:
        """The answer's pieces. Where a long conversation does not fit into the model, its older half is left out."""
        messages: list[dict[str, str]] | None = question.messages
        while messages:
            fitting = replace(question, messages=messages)
            try:
                async with aclosing(self._gateway.answer(user, fitting)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except TooLong:
                messages = shortened(messages)
        raise TooLong("This message is too long for the model.")

    def _check_place(self, user: str) -> None:
        if self._answers[user] >= self._answers_per_person:
            raise Refused(
                f"{self._answers[user]} answers are being written for you already. Stop one, or wait for its end."
            )

    @contextmanager
    def _place(self, user: str) -> Iterator[None]:
        self._check_place(user)
        self._answers[user] += 1
        try:
            yield
        finally:
            self._answers[user] -= 1
            if not self._answers[user]:
                del self._answers[user]

    @contextmanager
    def _only_one(self, conversation_id: str) -> Iterator[None]:
        if conversation_id in self._under_way:
            raise Refused("An answer is still being written here. Stop it, or wait for its end.")
        self._under_way.add(conversation_id)
        try:
            yield
        finally:
            self._under_way.discard(conversation_id)


def answer_id(completion_id: str) -> str:
    """The id of the message that the gateway makes of a completion (docs/api.md)."""
    return "msg_" + completion_id.removeprefix("chatcmpl-")
