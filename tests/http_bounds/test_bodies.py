"""Bodies: what one may hold, and all of them together."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive

from http_bounds.bodies import BodiesTooMany, BodyReader, BodyTooLong, HungUp


def receiving(*chunks: bytes, ends: bool = True) -> Receive:
    """A request that brings these chunks, and then its end or a disconnect."""
    messages: Iterable[Message] = (
        *({"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks),
        {"type": "http.request", "body": b"", "more_body": False} if ends else {"type": "http.disconnect"},
    )
    iterator = iter(messages)

    async def receive() -> Message:
        await asyncio.sleep(0)
        return next(iterator)

    return receive


async def test_a_body_is_read_to_its_end() -> None:
    assert await BodyReader(100).read(receiving(b"ab", b"c"), "", 3, "ann") == b"abc"


async def test_a_body_beyond_its_bound_is_not_read_on() -> None:
    with pytest.raises(BodyTooLong):
        await BodyReader(100).read(receiving(b"ab", b"cd"), "", 3, "ann")
    with pytest.raises(BodyTooLong):
        await BodyReader(100).read(receiving(), "4", 3, "ann")
    with pytest.raises(BodyTooLong):
        await BodyReader(100).read(receiving(), "9" * 5000, 3, "ann")


async def test_a_client_that_leaves_holds_nothing() -> None:
    reader = BodyReader(40)
    for _ in range(100):
        with pytest.raises(HungUp):
            await reader.read(receiving(b"x" * 10, ends=False), "", 10, "ann")
    assert await reader.read(receiving(b"x" * 10), "", 10, "ann") == b"x" * 10


async def test_one_sender_has_a_quarter_of_what_all_may_hold() -> None:
    reader = BodyReader(40)
    with pytest.raises(BodiesTooMany):
        await reader.read(receiving(b"x" * 6, b"x" * 6), "", 100, "ann")
    bodies = [reader.read(receiving(b"x" * 6), "", 100, name) for name in ("ann", "ann", "bob", "cid", "dot", "eve")]
    read = await asyncio.gather(*bodies, return_exceptions=True)
    assert [isinstance(one, BodiesTooMany) for one in read] == [False, True, False, False, False, False]
    full = [reader.read(receiving(b"x" * 9), "", 100, name) for name in "abcdef"]
    read = await asyncio.gather(*full, return_exceptions=True)
    assert sum(isinstance(one, BodiesTooMany) for one in read) == 2
