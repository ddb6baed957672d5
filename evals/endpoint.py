"""Asking a served model many prompts: any OpenAI-compatible server, at a URL or on a unix socket.

A prompt that gets no answer is returned as such with its reason; none is left out, so that a server that fails on the
hard prompts does not look better for it.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from evals.chat import Chat, Prompt
from evals.errors import UnusableEndpoint, WrongAddress

_WORTH_ANOTHER_TRY = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is served.

    Attributes:
        url: `http://host:port`, with or without `/v1`, or `unix:///path/engine.sock`.
        api_key: Sent as a bearer token; None for a server that wants none.
        concurrency: Requests on their way at once.
        attempts: Tries of one request, the first included.
        timeout_s: Of each try.
        backoff_s: Wait before the second try; doubled for each further one. A `Retry-After` that is longer is obeyed.
    """

    url: str
    api_key: str | None = None
    concurrency: int = 16
    attempts: int = 3
    timeout_s: float = 120.0
    backoff_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Served:
    """A model and where it is served.

    Attributes:
        name: The one that it is served under, such as `attune@v2`.
        endpoint: Where.
    """

    name: str
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answers are drawn: greedily at temperature 0, else from `seed`, of which each prompt gets its own.

    Attributes:
        max_tokens: Of an answer.
        temperature: None for what the server takes by itself, as people get it who set nothing.
        seed: Of the first prompt; the next has the next number.
    """

    max_tokens: int
    temperature: float | None = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `text` is None where nothing did, and then `error` says why."""

    text: str | None
    finish_reason: str | None = None
    error: str | None = None


async def ask(
    endpoint: Endpoint,
    model: str,
    chats: Sequence[Chat],
    sampling: Sampling,
    answered: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """Asks a model everything; returns the answers in the order of the chats.

    Args:
        endpoint: Where.
        model: The name it is served under, such as `attune@v2`.
        chats: What is asked.
        sampling: How the answers are drawn.
        answered: Called after each answer, for a progress bar.

    Raises:
        UnusableEndpoint: The URL cannot be one.
    """
    prompts = [Prompt(chat) for chat in chats]
    return [given[-1] for given in await converse(endpoint, model, prompts, sampling, answered)]


async def converse(
    endpoint: Endpoint, model: str, prompts: Sequence[Prompt], sampling: Sampling, answered: Callable[[], None]
) -> list[list[Answer]]:
    """Asks a model every turn of every prompt, each after its own answers to the turns before.

    Returns its answers to each prompt, in the order of the prompts. A prompt ends with the first turn that gets none;
    `answered` is called for every turn all the same. Other arguments and errors are those of `ask`.
    """
    places = asyncio.Semaphore(endpoint.concurrency)
    async with _client(endpoint) as client:

        async def one(index: int, prompt: Prompt) -> list[Answer]:
            given: list[Answer] = []
            for _ in range(prompt.turns):
                texts = [answer.text for answer in given if answer.text is not None]
                if len(texts) == len(given):
                    async with places:
                        body = _body(model, prompt.chat_after(texts), sampling, index)
                        given.append(await _answer(client, endpoint, body))
                answered()
            return given

        return await asyncio.gather(*(one(index, prompt) for index, prompt in enumerate(prompts)))


async def require_models(endpoint: Endpoint, models: Collection[str]) -> None:
    """Looks whether the server is there and serves the models, before hours are spent on finding out.

    Raises:
        UnusableEndpoint: It does not answer, or does not know one of them.
    """
    async with _client(endpoint) as client:
        try:
            response = await client.get("/v1/models")
            response.raise_for_status()
            served = {str(model["id"]) for model in response.json()["data"]}
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise UnusableEndpoint(
                f"{endpoint.url} does not list its models ({type(error).__name__}: {error}). Is the server up, and is "
                "the key right?"
            ) from error
    if missing := sorted(set(models) - served):
        raise UnusableEndpoint(
            f"{endpoint.url} does not serve {', '.join(missing)}; it serves {', '.join(sorted(served)) or 'nothing'}."
        )


def _client(endpoint: Endpoint) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=endpoint.concurrency)
    if endpoint.url.startswith("unix://"):
        transport = httpx.AsyncHTTPTransport(uds=endpoint.url.removeprefix("unix://"), limits=limits)
        base = "http://engine"
    elif endpoint.url.startswith(("http://", "https://")):
        transport = httpx.AsyncHTTPTransport(limits=limits)
        base = endpoint.url.rstrip("/").removesuffix("/v1")
    else:
        raise WrongAddress(f"{endpoint.url!r} is no address: give http://host:port or unix:///path/engine.sock.")
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    return httpx.AsyncClient(
        transport=transport, base_url=base, timeout=endpoint.timeout_s, headers=headers, trust_env=False
    )


def _body(model: str, chat: Chat, sampling: Sampling, index: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model,
        "messages": [message.model_dump() for message in chat],
        "max_tokens": sampling.max_tokens,
    }
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.temperature != 0:
        body["seed"] = sampling.seed + index
    return body


async def _answer(client: httpx.AsyncClient, endpoint: Endpoint, body: dict[str, Any]) -> Answer:
    error, wait_s = "", 0.0
    for attempt in range(endpoint.attempts):
        await asyncio.sleep(wait_s)
        wait_s = endpoint.backoff_s * 2**attempt
        try:
            response = await client.post("/v1/chat/completions", json=body)
        except httpx.RequestError as problem:
            error = f"{type(problem).__name__}: {problem}"
            continue
        if response.status_code == 200:
            return _read(response)
        error = f"status {response.status_code}: {response.text[:300]}"
        if response.status_code not in _WORTH_ANOTHER_TRY:
            break
        wait_s = min(_LONGEST_WAIT_S, max(wait_s, _retry_after_s(response)))
    return Answer(None, error=error)


def _read(response: httpx.Response) -> Answer:
    try:
        choice = response.json()["choices"][0]
        text, reason = choice["message"]["content"], choice["finish_reason"]
    except (ValueError, KeyError, IndexError, TypeError):
        return Answer(None, error=f"this is no chat completion: {response.text[:300]}")
    if text is not None and not isinstance(text, str):
        return Answer(None, error=f"the content is no text: {response.text[:300]}")
    return Answer(text or "", reason)


def _retry_after_s(response: httpx.Response) -> float:
    """The header in seconds; 0 where it is missing or a date."""
    try:
        return float(response.headers.get("retry-after", ""))
    except ValueError:
        return 0.0
