"""Watching a started engine: until it is ready, and then until it dies, hangs or is no longer wanted."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from server.controller.client import UNREACHABLE, EngineClient
from server.controller.engine_process import EngineProcess
from server.controller.errors import EngineBrokeDown, EngineFailed
from server.controller.hang_watch import until_it_hangs
from server.controller.memory import RecentOomKills
from server.controller.own_thread import within
from server.controller.settings import EngineSettings
from server.controller.startup import StartupLog, diagnose
from server.controller.work_meter import WorkMeter

log = logging.getLogger(__name__)

# One question of a start. An engine that does not answer it in this time is asked again: the first was lost, or what it
# waited for is done by then. The first token may take long where kernels are compiled for it.
_QUESTION_S = 30.0
# A look at the processes takes milliseconds, and seconds on a machine that is short of memory.
_LOOK_TAKES_S = 30.0
_MEMORY_LOOK_S = 5.0


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
    unanswered = 0
    while True:
        engine.protect_socket()
        asked = f"; has not answered {unanswered} questions of {_QUESTION_S:.0f} s" if unanswered else ""
        await report(progress.read() + asked)
        if engine.status is not None or await _lost(engine):
            await engine.logged()
            reason = diagnose(path.read_text(errors="replace"), engine.status)
            raise EngineFailed(f"{reason} Log: {path}")
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise EngineFailed(
                f"The engine was not ready after {settings.start_timeout_s:.0f} s; it was {progress.stage}{asked}. "
                f"Raise ATTUNE_START_TIMEOUT_S if it only needs longer. Log: {path}"
            )
        if engine.workplace.socket.exists():
            answers = await _answers(engine, client, model, min(_QUESTION_S, remaining))
            if answers:
                return
            unanswered += answers is False
        await asyncio.sleep(settings.watch_interval_s / 2)


async def _answers(engine: EngineProcess, client: EngineClient, model: str, timeout_s: float) -> bool | None:
    """Whether it answers a question for a token in time; None if it cannot be asked yet, or has ended meanwhile."""
    with suppress(*UNREACHABLE):
        await client.models(timeout_s=1)
        question = asyncio.ensure_future(client.generate_one_token(model, timeout_s, logprobs=True))
        ended = asyncio.ensure_future(engine.ended())
        try:
            await asyncio.wait({question, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not question.done():
                return None
            try:
                question.result()
                return True
            except TimeoutError:
                log.warning("asked for a first token, engine %s has not answered within %g s", engine.name, timeout_s)
                return False
        finally:
            for task in (question, ended):
                task.cancel()
            await asyncio.gather(question, ended, return_exceptions=True)
    return None


async def until_it_fails(engine: EngineProcess, client: EngineClient, settings: EngineSettings, model: str) -> None:
    """Watches a ready engine until it has to be replaced.

    Raises:
        EngineBrokeDown: It ended, lost a process, or hangs; with the reason.
    """
    work: list[Coroutine[Any, Any, EngineBrokeDown]] = [
        _until_it_ends(engine),
        _until_it_loses_a_process(engine, settings),
        _until_it_hangs(engine, client, settings, model),
    ]
    watchers = [asyncio.ensure_future(one) for one in work]
    kills = RecentOomKills()
    try:
        while True:
            done, _ = await asyncio.wait(watchers, timeout=_MEMORY_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            if done:
                failure = done.pop().result()
                failure.explained |= kills.any
                raise failure
            kills.look()
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)


async def _until_it_ends(engine: EngineProcess) -> EngineBrokeDown:
    status = await engine.ended()
    return _broke_down(engine, f"it ended with exit status {status}")


async def _until_it_loses_a_process(engine: EngineProcess, settings: EngineSettings) -> EngineBrokeDown:
    while not (lost := await _lost(engine)):
        await asyncio.sleep(settings.watch_interval_s)
    return _broke_down(engine, f"its process {lost[0]} ended")


async def _until_it_hangs(
    engine: EngineProcess, client: EngineClient, settings: EngineSettings, model: str
) -> EngineBrokeDown:
    hang = await until_it_hangs(client, settings, model, WorkMeter(engine.processes))
    return _broke_down(engine, hang.reason, explained=hang.explained)


def _broke_down(engine: EngineProcess, reason: str, *, explained: bool = False) -> EngineBrokeDown:
    return EngineBrokeDown(f"The engine broke down: {reason}. Log: {engine.workplace.log}", explained=explained)


async def _lost(engine: EngineProcess) -> list[int]:
    """Processes that it has lost. A look that does not come to an end has seen nothing, and holds nobody up."""
    try:
        return await within(_LOOK_TAKES_S, engine.lost_processes)
    except (TimeoutError, OSError) as error:
        log.warning("the processes of engine %s cannot be looked at (%r); trying again", engine.name, error)
        return []
