"""How many requests pass, wait, and are sent away."""

import asyncio
import time

import pytest

from server.admission import Admission
from server.compiling import Compiling
from server.errors import Overloaded, RateLimited

pytestmark = pytest.mark.alone


async def hold(admission: Admission, until: asyncio.Event) -> None:
    async with admission.place():
        await until.wait()


def admission(max_concurrent: int = 2, max_queue: int = 2, timeout_s: float = 5) -> Admission:
    return Admission(max_concurrent=max_concurrent, max_queue=max_queue, timeout_s=timeout_s)


async def test_no_more_run_than_there_are_places() -> None:
    gate, until = admission(max_queue=100), asyncio.Event()
    tasks = [asyncio.create_task(hold(gate, until)) for _ in range(10)]
    await asyncio.sleep(0)
    assert (gate.running, gate.waiting) == (2, 8)
    until.set()
    await asyncio.gather(*tasks)
    assert (gate.running, gate.waiting) == (0, 0)


async def test_a_full_queue_refuses_at_once() -> None:
    gate, until = admission(), asyncio.Event()
    tasks = [asyncio.create_task(hold(gate, until)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited) as refused:
        await hold(gate, until)
    assert refused.value.retry_after_s
    until.set()
    await asyncio.gather(*tasks)


async def test_who_waits_too_long_is_sent_away_and_leaves_no_trace() -> None:
    gate, until = admission(max_concurrent=1, timeout_s=0.05), asyncio.Event()
    holder = asyncio.create_task(hold(gate, until))
    await asyncio.sleep(0)
    began = time.monotonic()
    with pytest.raises(Overloaded) as refused:
        await hold(gate, until)
    assert time.monotonic() - began < 1
    assert refused.value.retry_after_s
    assert (gate.running, gate.waiting) == (1, 0)
    until.set()
    await holder
    await hold(gate, until)
    assert gate.running == 0


async def test_places_go_to_those_who_came_first() -> None:
    gate, order = admission(max_concurrent=1, max_queue=10), []

    async def work(name: int) -> None:
        async with gate.place():
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(*(work(name) for name in range(6)))
    assert order == [0, 1, 2, 3, 4, 5]


async def test_one_who_gives_up_waiting_does_not_take_a_place_along() -> None:
    gate, until = admission(max_concurrent=1), asyncio.Event()
    holder = asyncio.create_task(hold(gate, until))
    waiter = asyncio.create_task(hold(gate, asyncio.Event()))
    await asyncio.sleep(0)
    until.set()
    await holder  # the place is handed to the waiter in this moment …
    waiter.cancel()  # … who is cancelled before it can take it
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert (gate.running, gate.waiting) == (0, 0)


async def test_a_key_that_fills_the_queue_leaves_room_for_another() -> None:
    gate, until = admission(max_concurrent=1, max_queue=8), asyncio.Event()
    tasks = [asyncio.create_task(hold(gate, until)) for _ in range(7)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited, match="6 of them with this key"):
        await hold(gate, until)
    another = gate.place("another")
    waiting = asyncio.create_task(another.__aenter__())
    await asyncio.sleep(0)
    assert gate.waiting == 7
    until.set()
    await waiting
    await another.__aexit__(None, None, None)
    await asyncio.gather(*tasks)
    assert (gate.running, gate.waiting) == (0, 0)


async def test_schemas_pass_as_fast_as_they_compile_though_their_senders_hang_up() -> None:
    compiling = Compiling(max_queue=8, timeout_s=5)
    began = time.monotonic()
    await compiling.turn("many", 0.3)
    await compiling.turn("many", 0.6)
    second = asyncio.create_task(compiling.turn("many", 0.6))
    await asyncio.sleep(0)
    await compiling.turn("few", 0.05)  # finds the room that is kept for small ones
    assert time.monotonic() - began < 0.2
    await second
    assert time.monotonic() - began > 0.25


async def test_a_request_without_a_schema_does_not_wait_for_schemas() -> None:
    compiling = Compiling(max_queue=8, timeout_s=5)
    await compiling.turn("many", 1.0)
    async with asyncio.timeout(0.1):
        await compiling.turn("many", 0.0)
