"""Watching an engine's tokens until it hangs. What counts as a hang is decided in `stall`."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from server.controller.client import UNREACHABLE, EngineClient
from server.controller.pressure import PressureGauge
from server.controller.settings import EngineSettings
from server.controller.stall import Cause, Patience, StallDetector, Tick
from server.controller.work_meter import WorkMeter

log = logging.getLogger(__name__)

_STARVED_SHARE = 0.2
"""Of the last seconds in which all tasks of the machine waited for memory or the disk."""
_BUSY_CORES = 0.5
"""On so much of one core an engine computes, or queues for one, that makes no token."""
_COMPUTED_CORES = 0.08
"""And of this it computes so much at least. An idle one wakes for a few hundredths; where cores are short each waking
queues for long, so that the queue alone would make a stopped engine look busy."""
_LATE_S = 0.25
_READS_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Hang:
    """Why an engine counts as hung.

    Attributes:
        reason: For people.
        explained: Whether something else than the version explains the silence: what computes, or stood still.
    """

    reason: str
    explained: bool


@dataclass(slots=True)
class _Watch:
    """One engine that is watched, and what it is watched by."""

    client: EngineClient
    settings: EngineSettings
    model: str
    work: WorkMeter | None
    pressure: Callable[[], float]
    sees_pressure: bool
    detector: StallDetector = field(init=False)
    _probe: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        settings = self.settings
        patience = Patience(settings.stall_timeout_s, settings.busy_timeout_s, settings.starved_timeout_s)
        self.detector = StallDetector(patience, looked_at=time.monotonic())

    @property
    def interval_s(self) -> float:
        """How long it sleeps between two looks, and waits for the counters at most."""
        return min(_READS_AGAIN_S, self.settings.stall_timeout_s / 10)

    async def look(self) -> None:
        """Reads the counters, asks for a token where none come, sleeps, and tells the detector how that went."""
        interval_s, began = self.interval_s, time.monotonic()
        with suppress(*UNREACHABLE):
            self.detector.saw_tokens(await self.client.tokens(timeout_s=interval_s))
        self._ask()
        asleep = time.monotonic()
        await asyncio.sleep(interval_s)
        now = time.monotonic()
        held_up_s = max(0.0, asleep - began - interval_s) + now - asleep - interval_s
        late = held_up_s > max(_LATE_S, interval_s / 2)
        # Where nothing tells that the machine stands still, a delay is all that does.
        late_s = (held_up_s if self.sees_pressure else now - began) if late else 0.0
        self.detector.ticked(
            Tick(
                now,
                late_s=late_s,
                starved=self.pressure() >= _STARVED_SHARE,
                busy=self._works(now - began),
            )
        )

    def _ask(self) -> None:
        detector, probe = self.detector, self._probe
        if probe is not None and probe.done():
            if probe.exception() is None:
                detector.answered()
            self._probe = None
        if self._probe is None and (detector.probe_due or detector.waiting):
            detector.asked()
            self._probe = asyncio.create_task(self.client.generate_one_token(self.model, self.settings.stall_timeout_s))

    def _works(self, passed_s: float) -> bool:
        """Whether it computes. It is looked at only while it is silent: that is many small files."""
        if self.work is None:
            return False
        if not self.detector.waiting:
            self.work.forget()
            return False
        work = self.work.work()
        queued = work.computed_s + work.queued_s >= _BUSY_CORES * passed_s
        return queued and work.computed_s >= _COMPUTED_CORES * passed_s

    def end(self) -> None:
        """Withdraws a probe that is under way."""
        if self._probe is not None:
            self._probe.cancel()


async def until_it_hangs(
    client: EngineClient,
    settings: EngineSettings,
    model: str,
    work: WorkMeter | None = None,
    pressure: Callable[[], float] | None = None,
) -> Hang:
    """Watches an engine's tokens, and asks for one when none come, until it hangs.

    Args:
        client: Of the engine.
        settings: How long it may be silent.
        model: The name that it is asked for.
        work: Says how much its processes compute; None where they are not on this machine.
        pressure: Says which share of the last seconds the machine stood still, 0 to 1; by default as the kernel says.
    """
    gauge = PressureGauge()
    watch = _Watch(client, settings, model, work, pressure or gauge.share, sees_pressure=bool(pressure or gauge.files))
    told = False
    try:
        while (cause := watch.detector.hangs) is None:
            await watch.look()
            if (excused := watch.detector.excused_s >= settings.stall_timeout_s) and not told:
                log.warning(
                    "%s has been silent for %.0f s, but the machine stands still or it computes: it is given time",
                    model,
                    watch.detector.excused_s,
                )
            told = excused
    finally:
        watch.end()
    return Hang(_sentence(cause, watch.detector.patience), explained=cause != "silent")


def _sentence(cause: Cause, patience: Patience) -> str:
    if cause == "busy":
        return f"it hangs: it has computed for {patience.busy_s:.0f} s without a token and without an answer"
    if cause == "starved":
        return f"it hangs: no token and no answer for {patience.starved_s:.0f} s in which the machine stood still"
    return f"it hangs: no token and no answer for {patience.silent_s:.0f} s"
