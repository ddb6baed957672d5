"""A client that hangs up frees the engine at once, and leaves a partial row."""

import asyncio
import time

import httpx
import pytest

from ledger import completions
from ledger.errors import NotFound
from ledger.records import Completion
from server.hang_up import ClientGone, HangUp
from tests.fake_engine import Behaviour
from tests.server.conftest import Gateway, eventually

pytestmark = pytest.mark.alone

CHAT = {"model": "attune", "messages": [{"role": "user", "content": "x"}]}


def only_completion(gateway: Gateway) -> Completion:
    with gateway.database.read() as connection:
        [completion_id] = connection.exec_driver_sql("select id from completions").scalars().all()
        return completions.get(connection, completion_id, "acme", "")


async def test_hanging_up_in_a_stream_frees_the_engine_and_stores_a_partial_completion(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(tokens=1000, token_delay_s=0.01)
    async with gateway.http.stream("POST", "/v1/chat/completions", json=CHAT | {"stream": True}) as answer:
        seen = 0
        async for line in answer.aiter_lines():
            seen += line.startswith("data:")
            if seen > 5:
                break
    left = time.monotonic()
    await eventually(lambda: gateway.engine.running == 0, within_s=1)
    assert time.monotonic() - left < 1
    stored = await eventually(lambda: only_completion(gateway))
    assert (stored.status, stored.id) == ("partial", f"chatcmpl-{answer.headers['x-request-id']}")
    assert stored.choices[0].text.startswith("word0 word1 ")
    assert stored.choices[0].finish_reason is None


async def test_hanging_up_while_waiting_for_a_whole_answer_does_so_too(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(tokens=1000, token_delay_s=0.01)
    with pytest.raises(httpx.ReadTimeout):
        await gateway.http.post("/v1/chat/completions", json=CHAT, timeout=0.3)
    await eventually(lambda: gateway.engine.running == 0, within_s=1)
    assert (await eventually(lambda: only_completion(gateway))).status == "partial"


async def test_hanging_up_before_the_first_token_does_so_too(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(first_token_delay_s=30)
    with pytest.raises(httpx.ReadTimeout):
        await gateway.http.post("/v1/completions", json={"model": "attune", "prompt": "x", "stream": True}, timeout=0.3)
    await eventually(lambda: gateway.engine.running == 0, within_s=1)
    assert (await eventually(lambda: only_completion(gateway))).status == "partial"


async def test_hanging_up_in_the_queue_leaves_it_and_asks_no_engine(start) -> None:  # type: ignore[no-untyped-def]
    gateway: Gateway = await start(max_concurrent=1, queue_timeout_s=10)
    gateway.engine.behaviour = Behaviour(tokens=1000, token_delay_s=0.01)
    async with gateway.http.stream("POST", "/v1/chat/completions", json=CHAT | {"stream": True}):
        with pytest.raises(httpx.ReadTimeout):
            await gateway.http.post("/v1/chat/completions", json=CHAT, timeout=0.3)
        admission = gateway.app.state.context.admission
        await eventually(lambda: (admission.running, admission.waiting) == (1, 0))
    await eventually(lambda: admission.running == 0)
    assert len(gateway.engine.received) == 1


async def test_a_partial_answer_can_be_rated(gateway: Gateway) -> None:
    gateway.engine.behaviour = Behaviour(first_token_delay_s=30)
    with pytest.raises(httpx.ReadTimeout):
        await gateway.http.post("/v1/chat/completions", json=CHAT, timeout=0.3)
    stored = await eventually(lambda: only_completion(gateway))
    answer = await gateway.http.post("/v1/feedback", json={"completion_id": stored.id, "value": -1})
    assert answer.status_code == 200


async def test_the_block_is_cancelled_when_the_client_disconnects() -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientGone):
        async with HangUp(receive):
            await asyncio.sleep(30)
    await asyncio.sleep(0)  # the task itself is not cancelled


async def test_an_outer_cancellation_stays_one() -> None:
    forever = asyncio.Event()

    async def receive() -> dict[str, str]:
        await forever.wait()
        return {"type": "http.disconnect"}

    async def work() -> None:
        async with HangUp(receive):
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_disconnect_at_the_blocks_end_is_still_one_and_cancels_nothing_later() -> None:
    gone = asyncio.Event()

    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    with pytest.raises(ClientGone):
        async with HangUp(receive) as hang_up:
            await asyncio.sleep(0)
            hang_up._gone = True  # the watcher's two steps, with the block ending right after them
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
    await asyncio.sleep(0.01)


async def test_an_erased_completion_is_gone(gateway: Gateway) -> None:
    completion_id = (await gateway.ask()).json()["id"]
    answer = await gateway.http.delete(f"/v1/chat/completions/{completion_id}")
    assert answer.json() == {"id": completion_id, "object": "chat.completion.deleted", "deleted": True}
    with pytest.raises(NotFound):
        gateway.stored(completion_id)
    assert (await gateway.http.get(f"/v1/chat/completions/{completion_id}")).status_code == 404
