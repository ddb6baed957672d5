"""A server that speaks OpenAI's API as some servers do that are not vLLM: each oddity is one that was seen somewhere.

It answers every chat with `TEXT`, whole or streamed, in the way that its oddity says.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

TEXT = "Grüße, 世界: fine."

ODDITIES = (
    "the same id each time",
    "an empty id",
    "no id",
    "an id that is a number",
    "its own name of the model",
    "no model",
    "no index in the choices",
    "no [DONE]",
    "no blank line at the end",
    "lines that end in CRLF",
    "comments between the events",
    "data without a space",
    "events with names",
    "bytes one by one",
    "usage in every event",
    "usage with unknown members",
    "an event without choices first",
    "null in every field that may be empty",
    "fields that nobody knows",
    "text/plain as the type of a stream",
    "no stream though one was asked for",
    "no stream_options",
)

REFUSALS: tuple[tuple[int, bytes, int, str], ...] = (
    (400, b'{"error": "bad prompt"}', 400, "bad prompt"),
    (400, b'{"message": "bad prompt", "object": "error"}', 400, "bad prompt"),
    (422, b'{"detail": [{"loc": ["body"], "msg": "bad prompt", "type": "x"}]}', 422, "bad prompt"),
    (400, b'{"error": {"code": 400, "message": "bad prompt", "type": "invalid"}}', 400, "bad prompt"),
    (400, b'{"errors": [{"message": "bad prompt"}]}', 400, "bad prompt"),
    (400, b"<html><body>bad prompt</body></html>", 400, "bad prompt"),
    (502, b"", 502, "no reason given"),
    (429, b'{"error": {"message": "slow down"}}', 429, "slow down"),
    (400, b'{"error": null}', 400, "error"),
    (400, b"[]", 400, "[]"),
)


@asynccontextmanager
async def odd_upstream(oddity: str = "", refusal: tuple[int, bytes] | None = None) -> AsyncIterator[str]:
    """Serve on a port of 127.0.0.1; yields the base URL."""

    async def chat(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if refusal is not None:
            return web.Response(status=refusal[0], body=refusal[1], content_type="application/json")
        if oddity == "no stream_options" and "stream_options" in body:
            detail = {"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are forbidden"}
            return web.json_response({"detail": [detail]}, status=422)
        if body.get("stream") and oddity != "no stream though one was asked for":
            return await _stream(request, oddity)
        message = {"role": "assistant", "content": TEXT}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response(_odd({"object": "chat.completion", "choices": [choice]}, oddity))

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", chat)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _stream(request: web.Request, oddity: str) -> web.StreamResponse:
    kind = "text/plain" if oddity == "text/plain as the type of a stream" else "text/event-stream"
    response = web.StreamResponse(headers={"content-type": kind})
    await response.prepare(request)
    raw = "".join(_event(chunk, oddity) for chunk in _chunks(oddity))
    raw += "" if oddity == "no [DONE]" else "data: [DONE]\n\n"
    if oddity == "no blank line at the end":
        raw = raw.rstrip("\n")
    data = (raw.replace("\n", "\r\n") if oddity == "lines that end in CRLF" else raw).encode()
    size = 1 if oddity == "bytes one by one" else 50
    for at in range(0, len(data), size):
        await response.write(data[at : at + size])
    await response.write_eof()
    return response


def _chunks(oddity: str) -> list[dict[str, Any]]:
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": letter}, None) for letter in TEXT]
    deltas.append(({}, "stop"))
    chunks: list[dict[str, Any]] = [
        {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in deltas
    ]
    if oddity == "an event without choices first":
        chunks.insert(0, {"object": "chat.completion.chunk", "choices": [], "prompt_filter_results": []})
    return [_odd(chunk, oddity) for chunk in chunks]


def _odd(answer: dict[str, Any], oddity: str) -> dict[str, Any]:
    """Give an answer or a chunk its head, and the oddity."""
    ids: dict[str, Any] = {"the same id each time": "chatcmpl-1", "an empty id": "", "an id that is a number": 7}
    models = {"its own name of the model": "acme/best:7b"}
    answer = {"id": ids.get(oddity, "chatcmpl-other"), "model": models.get(oddity, "attune@v1"), "created": 1} | answer
    for missing in ("id", "model"):
        if oddity == f"no {missing}":
            del answer[missing]
    if oddity == "no index in the choices":
        answer["choices"] = [{k: v for k, v in choice.items() if k != "index"} for choice in answer["choices"]]
    if oddity.startswith("usage"):
        answer["usage"] = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8, "queue_time": 0.1}
    if oddity == "null in every field that may be empty":
        answer |= {"usage": None, "system_fingerprint": None, "service_tier": None, "error": None}
        for choice in answer["choices"]:
            said = choice.get("delta", choice.get("message"))
            said |= {"tool_calls": None, "refusal": None, "function_call": None, "reasoning_content": None}
    if oddity == "fields that nobody knows":
        answer |= {"x_groq": {"id": "req"}, "timings": {"predicted_ms": 1.5}}
    return answer


def _event(chunk: dict[str, Any], oddity: str) -> str:
    data = json.dumps(chunk, ensure_ascii=False)
    before = ": still there\n\n" if oddity == "comments between the events" else ""
    before += "event: message\n" if oddity == "events with names" else ""
    return f"{before}data:{'' if oddity == 'data without a space' else ' '}{data}\n\n"
