"""What one connection may take of a server, tried with raw bytes."""

import asyncio
import contextlib
import gc
import json
import time

import pytest

from tests.http_bounds.conftest import Serve

GET = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def code_of(answer: bytes) -> str:
    return str(json.loads(answer.rpartition(b"\r\n\r\n")[2])["error"]["code"])


@pytest.mark.parametrize("count", [1, 300, 3000])
async def test_a_pipelined_burst_is_answered_in_full_and_in_order(serve: Serve, count: int) -> None:
    served = await serve()
    burst = b"".join(b"GET /%d HTTP/1.1\r\nHost: localhost\r\nA: %s\r\n\r\n" % (i, b"x" * 60) for i in range(count))
    answer = await served.answer_to(burst + LAST, within_s=20)
    assert answer.count(b"HTTP/1.1 200 OK") == count + 1
    assert served.app.asked == [*(f"/{i}" for i in range(count)), "/last"]


async def test_a_burst_with_bodies_is_no_long_header(serve: Serve) -> None:
    served = await serve(max_header_bytes=1024)
    post = b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000
    half = b"GET /half HTTP/1.1\r\nHost: loc"
    answer = await served.answer_to(post * 5 + half, b"alhost\r\n\r\n" + LAST, pause_s=0.1)
    assert answer.count(b"\r\n\r\n9000") == 5
    assert served.app.asked[-2:] == ["/half", "/last"]


async def test_requests_that_wait_behind_another_are_not_parsed(serve: Serve) -> None:
    served = await serve()
    served.app.go_on.clear()
    reader, writer = await served.connect()
    writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET * 5000)
    await asyncio.sleep(0.2)
    [connection] = [found for found in gc.get_objects() if type(found) is served.protocol]
    assert len(connection.pipeline) < 200  # each costs some kilobytes, and there were thousands
    served.app.go_on.set()
    writer.write(LAST)
    assert (await asyncio.wait_for(reader.read(), 20)).count(b"HTTP/1.1 200 OK") == 5002
    writer.close()


@pytest.mark.parametrize("end", [b"\r\n\r\n", b""])
@pytest.mark.parametrize("size", [1100, 20_000])
async def test_a_long_header_is_refused_even_if_it_never_ends(serve: Serve, end: bytes, size: int) -> None:
    served = await serve(max_header_bytes=1024)
    answer = await served.answer_to(b"GET /a HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * size + end)
    assert (answer[:12], code_of(answer)) == (b"HTTP/1.1 431", "headers_too_large")
    assert served.app.asked == []


CHUNKED = b"POST /%s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"0\r\nX: " + b"a" * 20_000,  # a trailer that does not end: the parser joins its pieces anew for each one
        b"0\r\n" + b"X: a\r\n" * 2000,
        b"1;" + b"a" * 20_000,
        (b"1;" + b"a" * 4089 + b"\r\nx\r\n") * 5,  # each slice has a byte of the body
    ],
    ids=["trailer", "trailers", "extension", "extensions"],
)
@pytest.mark.parametrize("path", [b"read", b"at-once"])
async def test_what_stands_around_a_body_is_bounded(serve: Serve, sent: bytes, path: bytes) -> None:
    served = await serve(max_header_bytes=1024)
    answer = await served.answer_to(CHUNKED % path, sent, pause_s=0.05)
    assert code_of(answer) == "headers_too_large"


async def test_an_endless_trailer_stalls_nobody(serve: Serve) -> None:
    served = await serve()
    _, writer = await served.connect()
    began = time.process_time()
    writer.write(CHUNKED % b"read" + b"0\r\nX: " + b"a" * 3_000_000)
    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(writer.drain(), 5)
    assert (await served.answer_to(LAST)).startswith(b"HTTP/1.1 200")
    assert time.process_time() - began < 0.3
    writer.close()


@pytest.mark.parametrize("chunk", [b"1\r\nx\r\n", b"0001\r\nx\r\n", b"1;a=b\r\nx\r\n"])
async def test_a_body_may_come_in_small_chunks_with_trailers(serve: Serve, chunk: bytes) -> None:
    served = await serve(max_header_bytes=1024)
    answer = await served.answer_to(CHUNKED % b"read" + chunk * 1_500 + b"0\r\nX: a\r\n\r\n" + LAST)
    assert answer.count(b"\r\n\r\n1500") == 1
    assert served.app.asked == ["/read", "/last"]
    assert b"x" not in served.app.headers  # nothing is believed that comes after the checks


@pytest.mark.parametrize("target", [b"read", b"a"])  # one reads its body, the other answers before it is there
async def test_endless_small_chunks_stall_nobody(serve: Serve, target: bytes) -> None:
    served = await serve()
    reader, writer = await served.connect()
    began = time.process_time()
    writer.write(CHUNKED % target + b"1\r\nx\r\n" * 200_000)
    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(writer.drain(), 5)
        assert b"chunks_too_small" in await asyncio.wait_for(reader.read(), 5) or target == b"a"
    assert (await served.answer_to(LAST)).startswith(b"HTTP/1.1 200")
    assert time.process_time() - began < 0.5
    writer.close()


async def test_large_chunks_may_be_many(serve: Serve) -> None:
    served = await serve()
    answer = await served.answer_to(CHUNKED % b"read" + (b"40\r\n" + b"x" * 64 + b"\r\n") * 4_000 + b"0\r\n\r\n" + LAST)
    assert b"\r\n\r\n256000" in answer


@pytest.mark.parametrize("sent", [b"", b"GET /a HT", b"GET /a HTTP/1.1\r\nHost: localhost\r\nA:", b"\r\n"])
async def test_a_head_that_does_not_end_is_given_up(serve: Serve, sent: bytes) -> None:
    served = await serve(head_timeout_s=0.3)
    began = time.monotonic()
    answer = await served.answer_to(sent)
    assert (answer[:12], code_of(answer)) == (b"HTTP/1.1 408", "request_timeout")
    assert 0.25 < time.monotonic() - began < 2


async def test_trickling_does_not_lengthen_the_time_for_a_head(serve: Serve) -> None:
    served = await serve(head_timeout_s=0.4)
    began = time.monotonic()
    reader, writer = await served.connect()
    with contextlib.suppress(ConnectionError):
        while not reader.at_eof() and time.monotonic() - began < 3:
            writer.write(b"GET /a HTTP/1.1\r\nHost: localhost\r\n" if served.app.asked else GET + b"GET")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1000), 0.1)
    assert time.monotonic() - began < 2
    writer.close()


async def test_empty_lines_do_not_keep_a_connection(serve: Serve) -> None:
    served = await serve(head_timeout_s=0.4)
    reader, writer = await served.connect()
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n0")
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while not reader.at_eof() and time.monotonic() - began < 3:
            writer.write(b"\r\n")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1000), 0.1)
    assert time.monotonic() - began < 2
    writer.close()


async def test_an_idle_connection_is_closed(serve: Serve) -> None:
    served = await serve(keep_alive_timeout_s=1)
    began = time.monotonic()
    assert (await served.answer_to(GET)).startswith(b"HTTP/1.1 200")
    assert 0.9 < time.monotonic() - began < 3


@pytest.mark.parametrize(("path", "answered"), [(b"/read", b"HTTP/1.1 408"), (b"/at-once", b"HTTP/1.1 200")])
async def test_a_body_that_does_not_end_is_given_up(serve: Serve, path: bytes, answered: bytes) -> None:
    served = await serve(body_timeout_s=0.4, keep_alive_timeout_s=30)
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx" % path
    began = time.monotonic()
    reader, writer = await served.connect()
    writer.write(head)
    answer = b""
    with contextlib.suppress(ConnectionError):
        while not reader.at_eof() and time.monotonic() - began < 3:
            with contextlib.suppress(TimeoutError):
                answer += await asyncio.wait_for(reader.read(1000), 0.1)
            writer.write(b"x")  # it trickles
    assert answer.startswith(answered)
    assert time.monotonic() - began < 2
    writer.close()


async def test_a_slow_answer_is_not_the_clients_fault(serve: Serve) -> None:
    served = await serve(head_timeout_s=0.2, body_timeout_s=0.2)
    served.app.go_on.clear()
    reader, writer = await served.connect()
    writer.write(b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000)
    await asyncio.sleep(0.6)
    served.app.go_on.set()
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_connections_are_bounded_by_client_and_in_all(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = await serve(max_connections=3, max_connections_per_client=2)
    monkeypatch.setattr(served.protocol, "_address", "203.0.113.5")
    opened = [await served.connect() for _ in range(2)]
    await asyncio.sleep(0.05)
    answer = await served.answer_to()
    assert (answer[:12], code_of(answer)) == (b"HTTP/1.1 429", "too_many_connections")
    monkeypatch.undo()
    opened.append(await served.connect())
    await asyncio.sleep(0.05)
    answer = await served.answer_to()
    assert (answer[:12], code_of(answer)) == (b"HTTP/1.1 503", "too_many_connections")
    for _, writer in opened:
        writer.close()
    await asyncio.sleep(0.1)
    assert (await served.answer_to(LAST)).startswith(b"HTTP/1.1 200")  # those that ended make room


async def test_a_socket_cannot_be_upgraded_past_the_bounds(serve: Serve) -> None:
    served = await serve()
    upgrade = (
        b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    reader, writer = await served.connect()
    writer.write(b"GET /a HTTP/1.1\r\nHost: localhost\r\n" + upgrade)
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 200")
    writer.close()
