"""Blocking work in a thread of its own: within its bound, and cancelled when its caller is."""

import asyncio
import time

import pytest

from server.controller import own_thread
from server.controller.own_thread import within


async def test_work_that_takes_too_long_is_left_alone() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await within(0.05, time.sleep, 0.5)
    assert time.monotonic() - began < 0.4


async def test_a_cancellation_that_comes_as_the_work_ends_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []

    class Held:
        """A thread whose work the test does when it likes."""

        def __init__(self, target: object, name: str, daemon: bool) -> None:
            self._target = target

        def start(self) -> None:
            started.append(self._target)

    monkeypatch.setattr(own_thread.threading, "Thread", Held)
    task = asyncio.create_task(within(5, lambda: "done"))
    await asyncio.sleep(0)
    [run] = started
    assert callable(run)
    run()  # settles in the next turn of the loop,
    asyncio.get_running_loop().call_soon(task.cancel)  # and right behind it the cancellation comes
    with pytest.raises(asyncio.CancelledError):
        await task
