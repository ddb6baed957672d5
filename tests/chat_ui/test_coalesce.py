"""Grouping the pieces of a stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import pairwise

import pytest

from chat_ui.coalesce import coalesce


async def pieces(count: int, pause_s: float = 0.0) -> AsyncIterator[int]:
    for number in range(count):
        yield number
        await asyncio.sleep(pause_s)


async def test_nothing_is_lost_or_reordered() -> None:
    groups = [group async for group in coalesce(pieces(500, 0.0001), 0.01)]
    assert [piece for group in groups for piece in group] == list(range(500))
    assert len(groups) < 250


async def test_groups_are_at_least_the_interval_apart() -> None:
    clock = asyncio.get_running_loop().time
    times = [clock() async for _ in coalesce(pieces(60, 0.005), 0.05)]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.049


async def test_the_first_piece_comes_at_once_though_the_second_never_does() -> None:
    async def stuck() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    async with aclosing(coalesce(stuck(), 60)) as groups:
        assert await asyncio.wait_for(anext(groups), 5) == [1]


async def test_an_error_comes_after_the_pieces_before_it() -> None:
    async def failing() -> AsyncIterator[int]:
        yield 1
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        async for group in coalesce(failing(), 0.01):
            seen += group
    assert seen == [1]


async def test_leaving_closes_the_source() -> None:
    closed = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.set()

    async with aclosing(coalesce(source(), 0.01)) as groups:
        await anext(groups)
    assert closed.is_set()
