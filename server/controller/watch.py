"""Watching a started engine: until it is ready, and then until it dies, hangs or is no longer wanted."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from server.controller.client import UNREACHABLE, EngineClient
from server.controller.engine_process import EngineProcess
from server.controller.errors import EngineFailed
from server.controller.settings import EngineSettings
from server.controller.stall import StallDetector
from server.controller.startup import StartupLog, diagnose

log = logging.getLogger(__name__)

_HEARTBEAT_S = 5.0


async def until_ready(
    engine: EngineProcess,
    client: EngineClient,
    settings: EngineSettings,
    model: str,
    report: Callable[[str], Awaitable[None]],
) -> None:
    """Follows an engine's start until it has generated a token and told its log-probability.

    Args:
        engine: What was started.
        client: Connected to its socket.
        settings: Its settings; `start_timeout_s` is how long it may take.
        model: The name that it serves.
        report: Told each stage that is reached.

    Raises:
        EngineFailed: It ended, or took too long; the message says why and names the log.
    """
    path = engine.workplace.log
    progress = StartupLog(path)
    deadline = time.monotonic() + settings.start_timeout_s
    while True:
        engine.protect_socket()
        await report(progress.read())
        if engine.status is not None or engine.lost_processes():
            await asyncio.sleep(settings.watch_interval_s)  # The last lines of the log may still be on their way.
            reason = diagnose(path.read_text(errors="replace"), engine.status)
            raise EngineFailed(f"{reason} Log: {path}")
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise EngineFailed(
                f"The engine was not ready after {settings.start_timeout_s:.0f} s; it was {progress.stage}. Raise "
                f"ATTUNE_START_TIMEOUT_S if it only needs longer. Log: {path}"
            )
        if engine.workplace.socket.exists():
            with suppress(*UNREACHABLE):
                await client.models(timeout_s=1)
                await client.generate_one_token(model, timeout_s=remaining, logprobs=True)
                return
        await asyncio.sleep(settings.watch_interval_s / 2)


async def until_it_fails(
    engine: EngineProcess,
    client: EngineClient,
    settings: EngineSettings,
    model: str,
    heartbeat: Callable[[], Awaitable[None]],
) -> str:
    """Watches a ready engine, and returns why it has to be replaced: it ended, lost a process, or hangs."""
    watchers = [
        asyncio.ensure_future(_until_it_ends(engine, settings)),
        asyncio.ensure_future(until_it_hangs(client, settings, model)),
        asyncio.ensure_future(_beat(heartbeat)),
    ]
    try:
        done, _ = await asyncio.wait(watchers, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)


async def _until_it_ends(engine: EngineProcess, settings: EngineSettings) -> str:
    while engine.status is None:
        if lost := await asyncio.to_thread(engine.lost_processes):
            return f"its process {lost[0]} ended"
        await asyncio.sleep(settings.watch_interval_s)
    return f"it ended with exit status {engine.status}"


async def until_it_hangs(client: EngineClient, settings: EngineSettings, model: str) -> str:
    """Watches its tokens, and asks for one when none come; returns the reason when it hangs."""
    detector = StallDetector(settings.stall_timeout_s, progress_at=time.monotonic())
    interval = min(2.0, settings.stall_timeout_s / 10)
    probe: asyncio.Task[None] | None = None
    try:
        while not detector.stalled(time.monotonic()):
            with suppress(*UNREACHABLE):
                detector.saw_tokens(await client.tokens(timeout_s=interval), time.monotonic())
            if probe is not None and probe.done():
                if probe.exception() is None:
                    detector.answered(time.monotonic())
                probe = None
            if probe is None and (detector.probe_due(time.monotonic()) or detector.waiting):
                detector.asked(time.monotonic())
                probe = asyncio.create_task(client.generate_one_token(model, settings.stall_timeout_s))
            await asyncio.sleep(interval)
    finally:
        if probe is not None:
            probe.cancel()
    return f"it hangs: no token and no answer for {settings.stall_timeout_s:.0f} s"


async def _beat(heartbeat: Callable[[], Awaitable[None]]) -> str:
    while True:
        await asyncio.sleep(_HEARTBEAT_S)
        await heartbeat()
