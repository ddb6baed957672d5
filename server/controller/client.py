"""What the controller asks an engine over HTTP: its counters, its models, and for one token."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from server.controller.errors import EngineFailed

_TOKENS = frozenset({"vllm:prompt_tokens_total", "vllm:generation_tokens_total"})
_REQUESTS = frozenset({"vllm:num_requests_running", "vllm:num_requests_waiting"})
UNREACHABLE = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


class EngineClient:
    """A client of one engine, at `unix:///path` or `http://host:port`; use it as an async context manager."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        unix = url.startswith("unix://")
        self._base = "http://engine" if unix else url.rstrip("/")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        connector = aiohttp.UnixConnector(url.removeprefix("unix://")) if unix else aiohttp.TCPConnector()
        # Not trusting the environment: a proxy meant for the internet must not see these requests.
        self._session = aiohttp.ClientSession(connector=connector, headers=headers, trust_env=False)

    async def __aenter__(self) -> "EngineClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def tokens(self, timeout_s: float = 5) -> float:
        """How many tokens the engine has processed since its start, prompts and answers together."""
        return sum((await self._samples(_TOKENS, timeout_s)).values())

    async def counts_tokens(self) -> bool:
        """Whether it says how many tokens it has processed, as vLLM does and other servers do not."""
        try:
            return bool(await self._samples(_TOKENS, timeout_s=5))
        except (*UNREACHABLE, ValueError):  # no such page, or another one
            return False

    async def requests(self, timeout_s: float = 5) -> float:
        """How many requests are with the engine, running or waiting."""
        return sum((await self._samples(_REQUESTS, timeout_s)).values())

    async def models(self, timeout_s: float = 5) -> list[str]:
        """The names under `/v1/models`.

        Raises:
            EngineFailed: It answers, but not with a list of models.
            aiohttp.ClientError, TimeoutError: It does not answer.
        """
        async with self._session.get(f"{self._base}/v1/models", timeout=aiohttp.ClientTimeout(timeout_s)) as answer:
            answer.raise_for_status()
            try:
                body: dict[str, Any] = await answer.json()
                return [str(model["id"]) for model in body["data"]]
            except (ValueError, KeyError, TypeError) as error:
                raise EngineFailed(f"asked for its models, its answer cannot be read: {error!r}") from error

    async def generate_one_token(self, model: str, timeout_s: float, *, logprobs: bool = False) -> None:
        """Has the engine generate one token.

        Args:
            model: The name that it serves.
            timeout_s: How long it may take.
            logprobs: Whether it is to say the token's log-probability too, for which vLLM compiles a kernel once.

        Raises:
            EngineFailed: It answers, but not with a completion.
            aiohttp.ClientError, TimeoutError: It does not answer.
        """
        body = {"model": model, "prompt": ".", "max_tokens": 1, "temperature": 0}
        if logprobs:
            body["logprobs"] = 0
        timeout = aiohttp.ClientTimeout(timeout_s)
        async with self._session.post(f"{self._base}/v1/completions", json=body, timeout=timeout) as answer:
            if answer.status != 200:
                raise EngineFailed(f"asked for one token, it answers {answer.status}: {(await answer.text())[:300]}")

    async def answers_people(self, model: str, timeout_s: float) -> None:
        """Asks it one question, for one token. That it refuses what was asked is an answer too.

        Raises:
            EngineFailed: It cannot answer now, or has not within `timeout_s`.
            aiohttp.ClientError, OSError: It cannot be reached.
        """
        body = {"model": model, "messages": [{"role": "user", "content": "."}], "max_tokens": 1}
        timeout = aiohttp.ClientTimeout(timeout_s)
        try:
            async with self._session.post(f"{self._base}/v1/chat/completions", json=body, timeout=timeout) as answer:
                if answer.status >= 500:
                    raise EngineFailed(f"it lists {model}, but asked a question it answers {answer.status}")
        except TimeoutError as error:
            raise EngineFailed(f"it lists {model}, but has not answered a question within {timeout_s:g} s") from error

    async def prompt_logprobs(self, model: str, token_ids: Sequence[int], timeout_s: float = 60) -> list[float]:
        """Log-probabilities (nats) of a prompt's tokens but the first, each given those before it.

        Raises:
            EngineFailed: It does not answer with them.
        """
        body = {"model": model, "prompt": list(token_ids), "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
        timeout = aiohttp.ClientTimeout(timeout_s)
        try:
            async with self._session.post(f"{self._base}/v1/completions", json=body, timeout=timeout) as answer:
                if answer.status != 200:
                    raise EngineFailed(f"asked for a probe, it answers {answer.status}: {(await answer.text())[:300]}")
                places = (await answer.json())["choices"][0]["prompt_logprobs"]
            return [float(place[str(token)]["logprob"]) for place, token in zip(places[1:], token_ids[1:], strict=True)]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise EngineFailed(f"asked for a probe, its answer cannot be read: {error!r}") from error
        except UNREACHABLE as error:
            raise EngineFailed(f"asked for a probe, it does not answer: {type(error).__name__}") from error

    async def load_adapter(self, name: str, folder: Path, timeout_s: float = 60) -> None:
        """Has the engine serve an adapter under a name; nothing if it does already.

        Raises:
            EngineFailed: It cannot.
        """
        try:
            if name not in await self.models():
                await self._change_adapter("load", {"lora_name": name, "lora_path": str(folder)}, timeout_s)
        except UNREACHABLE as error:
            raise EngineFailed(f"asked to load {folder}, the engine does not answer: {type(error).__name__}") from error

    async def unload_adapter(self, name: str, timeout_s: float = 10) -> None:
        """Has the engine forget a name. One that is gone, or does not know it, has forgotten it already."""
        with suppress(*UNREACHABLE, EngineFailed):
            await self._change_adapter("unload", {"lora_name": name}, timeout_s)

    async def _change_adapter(self, change: str, body: Mapping[str, str], timeout_s: float) -> None:
        url = f"{self._base}/v1/{change}_lora_adapter"
        async with self._session.post(url, json=body, timeout=aiohttp.ClientTimeout(timeout_s)) as answer:
            if answer.status != 200:
                said = (await answer.text())[:300]
                if answer.status == 404 and '"error"' not in said:
                    said += " (without VLLM_ALLOW_RUNTIME_LORA_UPDATING=True and --enable-lora vLLM has no such route)"
                raise EngineFailed(f"asked to {change} {body['lora_name']}, the engine answers {answer.status}: {said}")

    async def _samples(self, names: frozenset[str], timeout_s: float) -> Mapping[str, float]:
        timeout = aiohttp.ClientTimeout(timeout_s)
        async with self._session.get(f"{self._base}/metrics", timeout=timeout) as answer:
            answer.raise_for_status()
            text = await answer.text()
        sums: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in names:
                    sums[sample.name] = sums.get(sample.name, 0) + sample.value
        return sums
