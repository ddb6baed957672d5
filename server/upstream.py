"""The client of the engines: one pool of connections for each, over a unix socket or TCP."""

import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import orjson

from ledger.records import Engine
from server.errors import NotTaken, UpstreamBroken

# vLLM's server closes a connection that is idle for 5 s; ours must be gone before, or a request could meet the closing.
IDLE_TIMEOUT_S = 2.0
CONNECT_TIMEOUT_S = 5.0
READ_BUFFER_BYTES = 2**16
AVOIDED_S = 5.0
"""An engine that failed is asked last for so long: until then the controller has looked at it."""

_MODELS_TIMEOUT = aiohttp.ClientTimeout(total=2)
_LONGEST_LIST_BYTES = 2**20
_SKIPPED = ("Accept-Encoding", "User-Agent", "Accept")


class Upstream:
    """Sends requests to engines.

    Attributes:
        without_usage: Addresses of engines that refused `stream_options`; their streams are not counted.
    """

    def __init__(self, api_key: str | None = None) -> None:
        """Opens nothing yet.

        Args:
            api_key: For engines at http:// and https:// addresses, which are somebody else's.
        """
        self._api_key = api_key
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._running: Counter[str] = Counter()
        self._failed_at: dict[str, float] = {}
        self.without_usage: set[str] = set()

    def in_order(self, engines: Sequence[Engine], identity: str) -> list[Engine]:
        """Returns engines in the order in which to ask them.

        What failed lately comes last, else the one that has fewest requests of this gateway comes first. Where that is
        even, the same person begins with the same engine, which has cached the conversation.
        """
        if len(engines) == 1:
            return list(engines)
        now = time.monotonic()

        def rank(engine: Engine) -> tuple[bool, int, bytes]:
            ailing = now - self._failed_at.get(engine.url, -AVOIDED_S) < AVOIDED_S
            drawn = hashlib.sha256(f"{engine.url}\0{identity}".encode("utf-8", "surrogatepass")).digest()
            return ailing, self._running[engine.url], drawn

        return sorted(engines, key=rank)

    @asynccontextmanager
    async def post(
        self, engine: Engine, path: str, body: bytes, request_id: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Sends a request; leaving the block before the answer's end closes it, which makes the engine stop.

        Args:
            engine: Which engine.
            path: Such as `/v1/chat/completions`.
            body: JSON.
            request_id: Becomes part of the answer's id.

        Raises:
            NotTaken: The engine cannot be reached.
            UpstreamBroken: It broke off, in here or within the block.
        """
        self._running[engine.url] += 1
        try:
            async with self._posted(engine, path, body, request_id) as response:
                yield response
        except (NotTaken, UpstreamBroken):
            self._failed_at[engine.url] = time.monotonic()
            raise
        finally:
            self._running[engine.url] -= 1

    @asynccontextmanager
    async def _posted(
        self, engine: Engine, path: str, body: bytes, request_id: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        session, base = self._session(engine.url)
        headers = {"Content-Type": "application/json", "X-Request-Id": request_id} | self._authorization(engine)
        try:
            async with session.post(base + path, data=body, headers=headers) as response:
                try:
                    yield response
                finally:
                    if not response.content.at_eof():
                        response.close()  # else the connection would be read to the end of the answer
        except aiohttp.ClientConnectorError as error:
            raise NotTaken(
                "The engine cannot be reached; it is probably being started again.",
                code="engine_unreachable",
                retry_after_s=2,
            ) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise UpstreamBroken(f"The engine broke off: {type(error).__name__}.", code="engine_broke_off") from error

    async def context_length(self, engine: Engine) -> int | None:
        """Return how many tokens a prompt and its answer may have together; None where an engine does not say it."""
        session, base = self._session(engine.url)
        try:
            async with session.get(
                f"{base}/v1/models", headers=self._authorization(engine), timeout=_MODELS_TIMEOUT
            ) as response:
                models = orjson.loads(await response.content.read(_LONGEST_LIST_BYTES))["data"]
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError):
            return None
        for model in models:
            if model.get("id") == engine.upstream_model and isinstance(length := model.get("max_model_len"), int):
                return length
        return None

    async def forget(self, urls: set[str]) -> None:
        """Closes the connections to engines other than these."""
        self.without_usage &= urls
        for url in [url for url in self._sessions if url not in urls]:
            await self._sessions.pop(url).close()

    async def close(self) -> None:
        """Closes all connections."""
        await self.forget(set())

    def _authorization(self, engine: Engine) -> dict[str, str]:
        if self._api_key and not engine.url.startswith("unix:"):
            return {"Authorization": f"Bearer {self._api_key}"}
        return {}

    def _session(self, url: str) -> tuple[aiohttp.ClientSession, str]:
        """The pool for an engine, and what its paths are appended to."""
        unix = url.startswith("unix://")
        base = "http://engine" if unix else url.rstrip("/").removesuffix("/v1")
        session = self._sessions.get(url)
        if session is None:
            path = url.removeprefix("unix://")
            connector: aiohttp.BaseConnector = (
                aiohttp.UnixConnector(path, limit=0, keepalive_timeout=IDLE_TIMEOUT_S)
                if unix
                else aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_TIMEOUT_S)
            )
            session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
                read_bufsize=READ_BUFFER_BYTES,
                auto_decompress=False,
                skip_auto_headers=_SKIPPED,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._sessions[url] = session
        return session, base
