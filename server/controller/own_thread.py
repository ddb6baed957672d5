"""Blocking work that is waited for within a bound, in a thread of its own.

`asyncio.to_thread` would not do for what may get stuck in the kernel: its few threads are shared, so that stuck ones
keep everybody else's work waiting, and the process does not end before they do.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


async def within(bound_s: float, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Does some work, and returns its result; its exceptions are raised here.

    Raises:
        TimeoutError: It has taken `bound_s` seconds. It goes on by itself, and nobody waits for it any more.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work(*arguments, **named)
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=getattr(work, "__name__", "work"), daemon=True).start()
    # Not wait_for: before Python 3.12 it drops a cancellation that comes as the work ends (CPython's gh-86296), and a
    # watcher that was cancelled would go on for ever.
    async with asyncio.timeout(bound_s):
        return await done
