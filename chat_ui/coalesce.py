"""Groups the pieces of a stream, so that a page is drawn a few times a second and not once per token."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def coalesce(source: AsyncIterator[T], interval_s: float) -> AsyncGenerator[list[T], None]:
    """Yield what came from `source` since the last time, at most every `interval_s` seconds, and the rest at its end.

    Leaving the iteration closes `source`. An error of `source` is raised after the pieces before it were yielded.
    """
    queue: asyncio.Queue[T | None] = asyncio.Queue()

    async def read() -> None:
        try:
            async for piece in source:
                queue.put_nowait(piece)
        finally:
            queue.put_nowait(None)

    reader = asyncio.create_task(read())
    try:
        ended = False
        while not ended:
            pieces = [await queue.get()]
            while not queue.empty():
                pieces.append(queue.get_nowait())
            ended = pieces[-1] is None
            group = [piece for piece in pieces if piece is not None]
            if group:
                yield group
                if not ended:
                    await asyncio.sleep(interval_s)
        await reader
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
