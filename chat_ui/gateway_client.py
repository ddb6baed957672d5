"""The gateway's HTTP API (docs/api.md) as typed calls; every failure becomes a sentence for the person who chats."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar
from urllib.parse import quote, urlencode

import httpx
from pydantic import ValidationError

from chat_ui.errors import BrokenOff, GatewayAway, GatewayError, Missing, MissingKey, Refused, StillStarting, TooLong
from chat_ui.raters import rater_of
from chat_ui.records import (
    ChatSettings,
    Conversation,
    ConversationPage,
    ConversationTree,
    Done,
    Message,
    Model,
    NextToRate,
    OwnSampling,
    Rating,
    Vote,
    WireModel,
)

Answer = TypeVar("Answer", bound=WireModel)

AWAY = "The server cannot be reached. It may be starting: try again in a moment."
_ENGINES_WORDS = ("engine_busy", "engine_error", "engine_unreachable")  # codes of errors that quote an engine
_VERSION = re.compile(r"attune@v\d+")
CALL_TIMEOUT_S = 30.0
LIST_PAGE = 100  # the most that the gateway lists at once
NO_TIMEOUT_WHILE_READING = httpx.Timeout(
    10.0, read=None
)  # a slow model is not an error; the gateway has its own limits


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an answer. `completion_id` is the same in all pieces of one answer."""

    completion_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a completion request needs: the messages to answer, and where the answer belongs in the tree.

    Attributes:
        conversation_id: None for a temporary chat, which stands in no conversation.
        parent_id: The message that is answered; None as before.
        keep: How much the gateway keeps of question and answer. In a conversation it must be all.
    """

    conversation_id: str | None
    parent_id: str | None
    messages: list[dict[str, str]]
    settings: ChatSettings = field(default_factory=ChatSettings)
    keep: Literal["full", "metadata", "nothing"] = "full"

    @property
    def place(self) -> dict[str, Any]:
        """The field of a request that says where the answer belongs; empty where it belongs nowhere."""
        named = {"conversation_id": self.conversation_id, "parent_id": self.parent_id}
        found = {name: value for name, value in named.items() if value is not None}
        return {"metadata": found} if found else {}


def load_key(path: Path) -> str:
    """Read the API key.

    Raises:
        MissingKey: If the file is not there or is empty.
    """
    try:
        key = path.read_text().strip()
    except OSError as error:
        raise MissingKey(
            f"The API key cannot be read from {path}: {error.strerror}. `attune up` writes it; or make one with"
            " `attune keys create --name chat --scope inference --scope feedback` and set ATTUNE_UI_KEY_FILE."
        ) from error
    if not key:
        raise MissingKey(
            f"The chat's API key file {path} is empty. Put a key with the scopes inference and feedback into it."
        )
    return key


class GatewayClient:
    """Calls the gateway for one user after the other; every method takes the user's id.

    Raises (all methods):
        GatewayAway: It cannot be reached, or no engine is ready.
        Refused: It refuses the request as it stands, or the rate is too high.
        Missing: The conversation or answer is not there, or is another person's.
    """

    def __init__(self, base_url: str, api_key: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"authorization": f"Bearer {api_key}"},
            timeout=NO_TIMEOUT_WHILE_READING,
            limits=httpx.Limits(max_connections=None),
            transport=transport,
            trust_env=False,  # the gateway is named by its own setting; a proxy for the web must not get our key
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def create_conversation(self, user: str, title: str, settings: ChatSettings) -> Conversation:
        """Begin a conversation."""
        body = {"title": title, "settings": settings.model_dump(mode="json", exclude_none=True)}
        return await self._call(Conversation, "POST", "/v1/conversations", user, body)

    async def conversations(self, user: str, query: str, count: int) -> ConversationPage:
        """The user's newest `count` conversations whose title or messages contain `query`."""
        found: list[Conversation] = []
        has_more = True
        while has_more and len(found) < count:
            params = {"limit": str(min(LIST_PAGE, count - len(found)))}
            params |= {"query": query} if query else {}
            params |= {"after": found[-1].id} if found else {}
            page = await self._call(ConversationPage, "GET", f"/v1/conversations?{urlencode(params)}", user)
            found.extend(page.data)
            has_more = page.has_more and bool(page.data)
        return ConversationPage(data=tuple(found), has_more=has_more)

    async def tree(self, user: str, conversation_id: str) -> ConversationTree:
        """A conversation with all its messages and this user's votes."""
        return await self._call(ConversationTree, "GET", _conversation(conversation_id), user)

    async def rename(self, user: str, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        await self._call(Done, "POST", _conversation(conversation_id), user, {"title": title})

    async def change_settings(self, user: str, conversation_id: str, settings: ChatSettings) -> None:
        """Store other settings with a conversation."""
        body = {"settings": settings.model_dump(mode="json", exclude_none=True)}
        await self._call(Done, "POST", _conversation(conversation_id), user, body)

    async def delete(self, user: str, conversation_id: str) -> None:
        """Erase a conversation."""
        await self._call(Done, "DELETE", _conversation(conversation_id), user)

    async def erase_user(self, user: str) -> None:
        """Erase the user's conversations, answers and votes; somebody who never wrote anything has none."""
        with suppress(Missing):
            await self._call(Done, "DELETE", f"/v1/users/{quote(user, safe='')}", user)

    async def add_question(self, user: str, conversation_id: str, parent_id: str | None, text: str) -> Message:
        """Store what the user wrote, under `parent_id` (None for a first message)."""
        body = {"role": "user", "content": text, "parent_id": parent_id}
        return await self._call(Message, "POST", f"{_conversation(conversation_id)}/messages", user, body)

    async def vote(self, user: str, completion_id: str, choice_index: int, vote: Vote) -> None:
        """Store what the user thinks of an answer (0 takes a vote back): when this returns, it is on disk."""
        named = {"completion_id": completion_id, "choice_index": choice_index, "source": "chat_ui"}
        body = named | vote.model_dump(mode="json", exclude_defaults=True)
        await self._call(Done, "POST", "/v1/feedback", user, body)

    async def next_to_rate(self, user: str) -> NextToRate:
        """An answer that the user has not rated yet."""
        return await self._call(NextToRate, "GET", "/v1/ratings/next", user)

    async def rate(self, user: str, rating: Rating) -> None:
        """Store a rating: when this returns, it is on disk."""
        await self._call(Done, "POST", "/v1/ratings", user, rating.model_dump())

    async def ready(self) -> bool:
        """Whether the gateway can be reached and an engine is ready."""
        try:
            response = await self._http.get("/health/ready", timeout=5.0)
        except httpx.TransportError:
            return False
        return response.is_success

    async def own_sampling(self, user: str) -> OwnSampling | None:
        """How the live model samples where a request does not say; None while that is not known."""
        try:
            return (await self._call(Model, "GET", "/v1/models/attune", user)).default_sampling
        except GatewayError:
            return None

    async def answer(self, user: str, question: Question) -> AsyncGenerator[Delta, None]:
        """Ask for an answer and pass on its pieces; leaving the iteration makes the gateway stop the engine.

        Raises:
            BrokenOff: If the answer began, but its stream did not end as it should.
        """
        body = {
            "model": "attune",
            "messages": question.messages,
            "stream": True,
            **question.place,
            **question.settings.sampling(),
        }
        headers = _who(user) | {"x-attune-keep": question.keep}
        async with self._stream("/v1/chat/completions", headers, body) as response:
            async for line in response.aiter_lines():
                data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
                if data == "[DONE]":
                    return
                if data:
                    yield _delta(data)
        raise BrokenOff("The answer broke off.")

    async def _call(self, model: type[Answer], method: str, path: str, user: str, body: object = None) -> Answer:
        try:
            response = await self._http.request(method, path, json=body, headers=_who(user), timeout=CALL_TIMEOUT_S)
        except httpx.TransportError as error:
            raise GatewayAway(AWAY) from error
        if not response.is_success:
            _refuse(response)
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise GatewayAway("The server answered something that this chat does not understand.") from error

    @asynccontextmanager
    async def _stream(self, path: str, headers: dict[str, str], body: object) -> AsyncIterator[httpx.Response]:
        begun = False
        try:
            async with self._http.stream("POST", path, json=body, headers=headers) as response:
                if not response.is_success:
                    await response.aread()
                    _refuse(response)
                begun = True
                yield response
        except httpx.TransportError as error:
            if begun:
                raise BrokenOff("The answer broke off: the connection to the server was lost.") from error
            raise GatewayAway(AWAY) from error


def _who(user: str) -> dict[str, str]:
    """The headers that say for whom a request is, and which rater this browser's votes count as."""
    return {"x-attune-user": user, "x-attune-counts-as": rater_of(user)}


def _conversation(conversation_id: str) -> str:
    return f"/v1/conversations/{quote(conversation_id, safe='')}"


def _delta(data: str) -> Delta:
    """The text in one event of a stream."""
    try:
        event = json.loads(data)
        if "error" in event:
            raise BrokenOff(f"The answer broke off: {_said(event['error'])}")
        choice = (event.get("choices") or [{}])[0]
        return Delta(event["id"], choice.get("delta", {}).get("content") or "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenOff("The answer broke off: the server sent something that is not part of one.") from error


def _refuse(response: httpx.Response) -> NoReturn:
    """Raise the error that an unsuccessful response means."""
    seconds = response.headers.get("retry-after", "")
    wait = f"in {seconds} s" if seconds.isdigit() and seconds != "0" else "in a moment"
    message, code = _error(response)
    match response.status_code:
        case 400 if code == "context_length_exceeded":
            raise TooLong(message)
        case 404:
            raise Missing("This chat is not there (any more).")
        case 401 | 403:
            raise Refused("The chat's own key was refused by the server. Whoever runs it has to replace the key.")
        case 413:
            raise TooLong("This is too long to send.")
        case 429:
            raise GatewayAway(f"Too many requests right now. Please try again {wait}.")
        case 503 if code == "no_engine_ready" and " is starting" in message:
            raise StillStarting
        case 502 | 503 | 504:
            raise GatewayAway(f"{message} Please try again {wait}.")
        case status if status >= 500:
            raise GatewayAway("The server failed to handle this. Please try again; its log says more.")
    raise Refused(f"The server refused this: {message}")


def _error(response: httpx.Response) -> tuple[str, str | None]:
    """The message of an OpenAI error body as a sentence, and its code."""
    try:
        error = response.json()["error"]
        return _said(error), error.get("code")
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"The server answered with status {response.status_code}.", None


def _said(error: dict[str, Any]) -> str:
    """What an error says as a sentence, without what would tell a person which version answers them.

    An engine's own words can name its model; the gateway's can name a version.
    """
    if error.get("code") in _ENGINES_WORDS:
        return "The model could not answer."
    text = _VERSION.sub("the model", str(error["message"]).strip())
    return text if text.endswith((".", "!", "?")) else text + "."
