"""All that the simulated people, and the one who operates it, know of Attune: its public API. Every failure is kept."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from attune.errors import WrongUsage
from attune.simulate.errors import SimulationFailed
from attune.simulate.people import SOURCE
from attune.version_name import number_of

MAX_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Answer:
    """What Attune said.

    Attributes:
        id: Of the completion.
        ended: Whether it ended by itself, and not at the limit of tokens.
        version: Who answered.
    """

    id: str
    text: str
    ended: bool
    version: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that was not answered as it should be: another status than 2xx, no answer, or one that is no answer.

    Attributes:
        after_s: When, in seconds from the beginning.
        request: `chat`, `vote` or `operate`.
    """

    after_s: float
    request: str
    why: str


class Api:
    """A running Attune, as it is reached over HTTP.

    Attributes:
        sent: How many requests of each kind were sent, whatever came of them.
        failures: Every request that failed. None is sent again, so none is hidden.
    """

    def __init__(self, people: httpx.AsyncClient, operator: httpx.AsyncClient) -> None:
        """Takes clients that send a key each: with the scopes inference and feedback, and with admin."""
        self._people, self._operator = people, operator
        self._began = time.monotonic()
        self.sent = {"chat": 0, "vote": 0, "operate": 0}
        self.failures: list[Failure] = []

    async def ask(self, messages: list[dict[str, str]], user: str, seed: int) -> Answer | None:
        """Sends a chat of somebody at temperature 1; None if it failed."""
        body = {"model": "attune", "messages": messages, "user": user, "temperature": 1.0, "seed": seed}
        response = await self._send(
            "chat", self._people, "POST", "/v1/chat/completions", body | {"max_tokens": MAX_TOKENS}
        )
        if response is None:
            return None
        try:
            whole = response.json()
            choice = whole["choices"][0]
            version = number_of(response.headers["x-attune-version"])
            return Answer(whole["id"], choice["message"]["content"] or "", choice["finish_reason"] == "stop", version)
        except (ValueError, KeyError, IndexError, TypeError, WrongUsage) as error:
            self._failed("chat", f"no chat completion ({type(error).__name__}: {error}): {response.text[:200]}")
            return None

    async def vote(self, answer: Answer, user: str, up: bool) -> bool:
        """Gives a thumb; whether it was acknowledged."""
        body = {"completion_id": answer.id, "value": 1 if up else -1, "user": user, "source": SOURCE}
        return await self._send("vote", self._people, "POST", "/v1/feedback", body) is not None

    async def deployment(self) -> dict[str, Any] | None:
        """What should run, with the latest changes; None if that failed."""
        return await self._read("/v1/deployments")

    async def is_loaded(self, version: int) -> bool:
        """Whether the gateway has a ready engine for a version."""
        found = await self._read(f"/v1/versions/{version}")
        return found is not None and bool(found["loaded"])

    async def change(self, action: str, body: Mapping[str, Any]) -> None:
        """Changes the deployment: `canary`, `withdraw`.

        Raises:
            SimulationFailed: It was refused.
        """
        if await self._send("operate", self._operator, "POST", f"/v1/deployments/{action}", dict(body)) is None:
            raise SimulationFailed(f"The gateway refused {action} {dict(body)}: {self.failures[-1].why}")

    async def _read(self, path: str) -> dict[str, Any] | None:
        response = await self._send("operate", self._operator, "GET", path)
        return None if response is None else dict(response.json())

    async def _send(
        self, kind: str, client: httpx.AsyncClient, method: str, path: str, body: Any = None
    ) -> httpx.Response | None:
        self.sent[kind] += 1
        try:
            response = await client.request(method, path, json=body)
        except httpx.HTTPError as error:
            self._failed(kind, f"{type(error).__name__}: {error}")
            return None
        if response.is_success:
            return response
        self._failed(kind, f"status {response.status_code}: {response.text[:200]}")
        return None

    def _failed(self, kind: str, why: str) -> None:
        self.failures.append(Failure(round(time.monotonic() - self._began, 1), kind, why))
