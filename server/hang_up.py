"""Noticing that the client has gone, whatever is being waited for."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from starlette.types import Receive


class ClientGone(Exception):
    """The client hung up; nobody is left to answer."""


class HangUp:
    """Cancels what runs in its block when the client disconnects, and raises `ClientGone` instead.

    The request's body must have been read: everything else that the client sends is passed over.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None, "only a task can be cancelled"
        self._watcher = asyncio.create_task(self._watch(task))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._watcher is not None
        self._watcher.cancel()
        if not self._gone:
            return
        task = asyncio.current_task()
        assert task is not None
        if kind is None:  # the block ended in the same moment: the cancellation is still to come
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        if task.uncancel() == 0 and (kind is None or issubclass(kind, asyncio.CancelledError)):
            raise ClientGone from error

    async def _watch(self, task: "asyncio.Task[object]") -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        task.cancel()
