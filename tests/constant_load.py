"""A constant number of chat requests, streams and whole answers in turn, while the model is changed under them."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp

# A gateway may send a request to a version for so long after it was taken away.
GATEWAYS_LAG_S = 1.0
TOKENS = 24
"""Of every answer."""


@dataclass(frozen=True)
class Answered:
    """One answer.

    Attributes:
        began: When it was asked for, on the monotonic clock; `first` and `ended` likewise.
        version: The number in `x-attune-version`; None without one.
        names: Every `model` that stood in the answer's chunks.
        failure: Why it does not count as answered; None if it does.
    """

    began: float
    first: float
    ended: float
    version: int | None
    names: frozenset[str]
    stream: bool
    failure: str | None

    @property
    def mixed(self) -> bool:
        """Whether more than the version of its header answered."""
        return self.failure is None and self.names != {f"attune@v{self.version}"}


@dataclass
class Openings:
    """Which versions were open when, as whoever changes the model writes it down."""

    changes: list[tuple[float, frozenset[int]]] = field(default_factory=list)

    def now(self, *numbers: int, since: float | None = None) -> None:
        """From now on these versions are open; or `since` the latest monotonic time when they were not."""
        self.changes.append((time.monotonic() if since is None else since, frozenset(numbers)))

    def may_answer(self, answer: Answered) -> bool:
        """Whether an answer's version was open when it was asked for, or until a gateway's lag before."""
        before = [numbers for at, numbers in self.changes if at <= answer.began - GATEWAYS_LAG_S][-1:]
        lately = [numbers for at, numbers in self.changes if answer.began - GATEWAYS_LAG_S < at <= answer.first]
        return any(answer.version in numbers for numbers in before + lately)


async def last_before(condition: Callable[[], bool], timeout_s: float, every_s: float) -> float:
    """Waits for a condition; returns the latest monotonic time when it did not hold, or when the wait began.

    Raises:
        TimeoutError: It still does not hold.
    """
    before = looked = time.monotonic()
    async with asyncio.timeout(timeout_s):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(every_s)
            before, looked = looked, time.monotonic()
    return before


class ConstantLoad:
    """Keeps `concurrency` clients asking, each time for a new person, while the block runs; they pause in between.

    Attributes:
        answers: All that have ended.
    """

    def __init__(self, base_url: str, key: str, concurrency: int, *, pause_s: float = 0) -> None:
        self.answers: list[Answered] = []
        self._url, self._key, self._concurrency, self._pause_s = base_url, key, concurrency, pause_s
        self._stop = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._workers = [asyncio.create_task(self._work(number)) for number in range(self._concurrency)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        await asyncio.gather(*self._workers)

    @property
    def failures(self) -> list[str]:
        """Why answers failed."""
        return [answer.failure for answer in self.answers if answer.failure is not None]

    async def _work(self, worker: int) -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        timeout = aiohttp.ClientTimeout(total=120)
        number = 0
        async with aiohttp.ClientSession(headers=headers, timeout=timeout, trust_env=False) as session:
            while not self._stop.is_set():
                number += 1
                body = {
                    "model": "attune",
                    "messages": [{"role": "user", "content": f"Tell me about the number {worker * 1000 + number}."}],
                    "max_tokens": TOKENS,
                    "ignore_eos": True,
                    "stream": (worker + number) % 2 == 0,
                    "user": f"person {worker} {number}",
                }
                self.answers.append(await self._ask(session, body))
                await asyncio.sleep(self._pause_s)

    async def _ask(self, session: aiohttp.ClientSession, body: dict[str, Any]) -> Answered:
        began = first = time.monotonic()
        version, names, failure, said = None, frozenset[str](), None, b""
        try:
            async with session.post(f"{self._url}/chat/completions", json=body) as answer:
                named = answer.headers.get("x-attune-version", "")
                version = int(named.removeprefix("attune@v")) if named else None
                async for chunk in answer.content.iter_any():
                    first = first if said else time.monotonic()
                    said += chunk
                names, whole = _models(said, stream=body["stream"])
                if answer.status != 200 or not whole:
                    failure = f"{answer.status} {said[-300:].decode(errors='replace')}"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            failure = repr(error)
        return Answered(began, first, time.monotonic(), version, names, body["stream"], failure)


def _models(said: bytes, *, stream: bool) -> tuple[frozenset[str], bool]:
    """Every model that an answer names, and whether it came to its end."""
    if not stream:
        answer = json.loads(said)
        return frozenset([answer["model"]] if "model" in answer else []), "choices" in answer
    events = [line.removeprefix(b"data: ") for line in said.split(b"\n\n") if line]
    objects = [json.loads(event) for event in events if event != b"[DONE]"]
    whole = events[-1:] == [b"[DONE]"] and all("error" not in item for item in objects)
    return frozenset(item["model"] for item in objects if "model" in item), whole
