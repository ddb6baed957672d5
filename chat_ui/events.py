"""What the page's events do: each reads the user, the page and what was clicked, and calls one action."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from pydantic import ValidationError

from chat_ui.actions import LISTED_AT_FIRST, ChatActions, or_notice
from chat_ui.answering import Answering, Page, Updates
from chat_ui.page import Components
from chat_ui.records import ChatSettings, Vote
from chat_ui.screen import Notice, Update, View

# Everything that stands in the page, by component.
Values = Mapping[Any, Any]

NUMBERS = ("temperature", "top_p", "max_tokens", "seed")
"""The settings that are numbers, in the order of their components in the page."""
PRIVATE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


@dataclass(frozen=True, slots=True)
class Given:
    """What came with an event."""

    parts: Components
    values: Values
    request: gr.Request

    @property
    def user(self) -> str:
        """The id from the signed cookie. Gradio lets no request without one as far as this."""
        return str(self.request.username)

    @property
    def view(self) -> View:
        """Where the page stands."""
        return View.from_browser(self.values[self.parts.view])

    @property
    def query(self) -> str:
        """What stands in the search box."""
        return str(self.values[self.parts.search] or "")

    @property
    def typed(self) -> str:
        """What stands in the text box."""
        return str(self.values[self.parts.composer] or "")

    @property
    def settings(self) -> ChatSettings:
        """The settings in the page. One that is empty, or does not fit, is left to the model."""
        prompt, *numbers = (str(self.values[part] or "") for part in self.parts.settings)
        return settings_of(prompt, dict(zip(NUMBERS, numbers, strict=True)))

    @property
    def page(self) -> Page:
        """What streaming actions need."""
        return Page(self.user, self.view, self.settings)


class Events:
    """Connects the components' events to actions."""

    def __init__(self, parts: Components, actions: ChatActions, answering: Answering) -> None:
        self._parts = parts
        self._actions = actions
        self._answering = answering
        self._inputs = {parts.view, parts.search, parts.composer, *parts.settings}
        self._outputs = [
            parts.view, parts.board, parts.draft, parts.status, parts.sidebar, parts.composer, *parts.settings
        ]  # fmt: skip

    def connect(self, blocks: gr.Blocks) -> None:
        """Connect all of them; call it inside the `gr.Blocks`."""
        parts = self._parts
        self._on(blocks.load, self.load)
        self._on(parts.search.change, self.list_chats)
        self._on(parts.sidebar.more_chats, self.more_chats)
        self._on(parts.sidebar.open_chat, self.open_chat)
        self._on(parts.sidebar.rename_chat, self.rename_chat)
        self._on(parts.sidebar.delete_chat, self.delete_chat)
        self._on(parts.erasure.erase_everything, self.erase_everything)
        self._on(parts.board.turn, self.turn)
        self._on(parts.board.rate, self.rate)
        for setting in parts.settings:
            self._on(setting.change, self.keep_settings)
        streams = [
            self._on(parts.composer.submit, self.send),
            self._on(parts.board.ask, self.ask),
            self._on(parts.board.reword, self.reword),
            self._on(parts.board.regenerate, self.answer_again),
            self._on(parts.status.retry, self.answer_again),
        ]
        for stream in streams:
            # `then` and not `success`: a stopped answer is shown as it stands, too
            stream.then(self.settle, self._inputs, self._outputs, **PRIVATE)
        parts.stop.click(None, None, None, cancels=streams, show_progress="hidden", queue=False)

    def _on(self, event: Any, handler: Any) -> Any:
        return event(handler, self._inputs, self._outputs, **PRIVATE)

    async def load(self, values: Values, request: gr.Request) -> list[Any]:
        """The page was opened."""
        given = Given(self._parts, values, request)
        opened, listed, own = await asyncio.gather(
            self._actions.open(given.user, str(request.query_params.get("c", ""))),
            or_notice(self._actions.chats(given.user, given.query)),
            self._actions.own_sampling(given.user),
        )
        return values_of(replace(opened, sidebar=listed.sidebar, own_sampling=own))

    async def open_chat(self, values: Values, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A chat was chosen, or a new one (no id)."""
        given = Given(self._parts, values, request)
        return values_of(await self._actions.open(given.user, _text(event, "id")))

    async def list_chats(self, values: Values, request: gr.Request) -> list[Any]:
        """Something was typed into the search box."""
        given = Given(self._parts, values, request)
        return values_of(await or_notice(self._actions.chats(given.user, given.query)))

    async def more_chats(self, values: Values, request: gr.Request, event: gr.EventData) -> list[Any]:
        """Older chats were asked for."""
        given = Given(self._parts, values, request)
        count = _sent(event, "count")
        count = count if isinstance(count, int) else LISTED_AT_FIRST
        return values_of(await or_notice(self._actions.chats(given.user, given.query, count)))

    async def rename_chat(self, values: Values, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A chat was given another title."""
        given = Given(self._parts, values, request)
        action = self._actions.rename(given.user, given.view, _text(event, "id"), _text(event, "title"))
        return await self._with_list(given, await or_notice(action))

    async def delete_chat(self, values: Values, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A chat was deleted."""
        given = Given(self._parts, values, request)
        action = self._actions.delete(given.user, given.view, _text(event, "id"))
        return await self._with_list(given, await or_notice(action))

    async def erase_everything(self, values: Values, request: gr.Request) -> list[Any]:
        """All chats and votes of this person are to be erased."""
        given = Given(self._parts, values, request)
        return await self._with_list(given, await or_notice(self._actions.erase_everything(given.user)))

    async def turn(self, values: Values, request: gr.Request, event: gr.EventData) -> list[Any]:
        """Another sibling of a message was chosen."""
        given = Given(self._parts, values, request)
        action = self._actions.turn_to(given.user, given.view, _text(event, "id"))
        return values_of(await or_notice(action, busy=False))

    async def rate(self, values: Values, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A thumb was pressed, or feedback sent."""
        given = Given(self._parts, values, request)
        try:
            vote = Vote.model_validate(_sent(event, "vote"))
        except ValidationError:
            return values_of(Update(notice=Notice("This feedback is too long to be stored.")))
        return values_of(await or_notice(self._actions.vote(given.user, given.view, _text(event, "id"), vote)))

    async def keep_settings(self, values: Values, request: gr.Request) -> list[Any]:
        """A setting was changed."""
        given = Given(self._parts, values, request)
        return values_of(await or_notice(self._actions.change_settings(given.user, given.view, given.settings)))

    async def settle(self, values: Values, request: gr.Request) -> list[Any]:
        """An answer has ended in one way or another."""
        given = Given(self._parts, values, request)
        settled = await or_notice(self._actions.settle(given.user, given.view), busy=False)
        return await self._with_list(given, settled)

    async def send(self, values: Values, request: gr.Request) -> AsyncIterator[list[Any]]:
        """Enter was pressed, or the send button."""
        given = Given(self._parts, values, request)
        async for shown in _streamed(self._answering.send(given.page, given.typed)):
            yield shown

    async def ask(self, values: Values, request: gr.Request, event: gr.EventData) -> AsyncIterator[list[Any]]:
        """An example was chosen."""
        given = Given(self._parts, values, request)
        async for shown in _streamed(self._answering.send(given.page, _text(event, "text"))):
            yield shown

    async def reword(self, values: Values, request: gr.Request, event: gr.EventData) -> AsyncIterator[list[Any]]:
        """A message was edited."""
        given = Given(self._parts, values, request)
        async for shown in _streamed(self._answering.edit(given.page, _text(event, "id"), _text(event, "text"))):
            yield shown

    async def answer_again(self, values: Values, request: gr.Request, event: gr.EventData) -> AsyncIterator[list[Any]]:
        """Another answer was asked for."""
        given = Given(self._parts, values, request)
        async for shown in _streamed(self._answering.answer_again(given.page, _text(event, "id"))):
            yield shown

    async def _with_list(self, given: Given, update: Update) -> list[Any]:
        """The update together with the list of chats as it is now."""
        listed = await or_notice(self._actions.chats(given.user, given.query))
        return values_of(replace(update, sidebar=listed.sidebar))


def settings_of(prompt: str, numbers: Mapping[str, str]) -> ChatSettings:
    """The settings that were typed; a number that is empty, or does not fit, is left to the model."""
    given: dict[str, Any] = {"system_prompt": prompt[:8000]}
    given |= {name: number.strip().replace(",", ".") for name, number in numbers.items() if number.strip()}
    try:
        return ChatSettings.model_validate(given)
    except ValidationError as error:
        unfit = {fault["loc"][0] for fault in error.errors()}
        return ChatSettings.model_validate({name: value for name, value in given.items() if name not in unfit})


def values_of(update: Update) -> list[Any]:
    """An update as the values of the output components."""
    chat, own = update.settings, update.own_sampling
    settings: list[Any] = [gr.skip()] * (1 + len(NUMBERS))
    if chat is not None:
        numbers = (getattr(chat, name) for name in NUMBERS)
        settings = [chat.system_prompt, *("" if number is None else str(number) for number in numbers)]
    if chat is not None and own is not None:
        for place, value in enumerate((own.temperature, own.top_p), start=1):
            settings[place] = gr.update(value=settings[place], placeholder=f"{value:g}, the model's own")
    view = update.view.model_dump() if update.view else None
    shown = [view, update.board, update.draft, update.status(), update.sidebar, update.typed]
    return [gr.skip() if value is None else value for value in shown] + settings


async def _streamed(updates: Updates) -> AsyncIterator[list[Any]]:
    async with aclosing(updates):
        async for update in updates:
            yield values_of(update)


def _text(event: gr.EventData, name: str) -> str:
    """A field of what the browser sent with an event."""
    value = _sent(event, name)
    return value if isinstance(value, str) else ""


def _sent(event: gr.EventData, name: str) -> Any:
    """A value of what the browser sent with an event; None if it sent none."""
    return event._data.get(name) if isinstance(event._data, dict) else None
