"""One of the processes that `attune up` looks after."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from server.controller.backoff import Backoff
from server.controller.log_pipe import LogPipe
from server.controller.processes import describe
from server.log_limits import USUAL, LogLimits

_LAST_BYTES = 64 * 1024
LOGGED_WITHIN_S = 2.0
"""After so long its log is not waited for: whoever still has it open writes on."""
KERNEL_TAKES_S = 5.0
"""After so long a process that SIGKILL has not ended is left to the kernel."""
_LOG_PREFIX = re.compile(r"^[\dT:.+-]+ [A-Z]+ [\w.]+: ")


@dataclass(slots=True)
class Child:
    """A Python module as a process of its own group, restarted when it dies, its output in a log.

    Attributes:
        name: For people: `gateway`.
        module: What is run: `server`.
        log: File that its output goes to, and which is continued in others within `log_limits`.
        environment: The whole environment of the process.
        stop_timeout_s: How long it may take to stop before it is killed.
    """

    name: str
    module: str
    log: Path
    environment: Mapping[str, str]
    stop_timeout_s: float
    log_limits: LogLimits = USUAL
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=0.5, limit_s=30, stable_s=30))
    _pipe: LogPipe | None = None
    _process: asyncio.subprocess.Process | None = None
    _started: float = 0

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Starts the process; it goes on with the log of the one before."""
        if self._pipe is None:
            self._pipe = await LogPipe.open(self.log, self.log_limits)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "attune.bound", str(os.getpid()), self.module),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._pipe.end,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(self.environment),
            start_new_session=True,
        )
        self._started = time.monotonic()

    async def ended(self) -> float:
        """Waits for the process to end, and returns how many seconds to wait before it is started again."""
        assert self._process is not None
        await self._process.wait()
        return self.backoff.failed(time.monotonic() - self._started)

    async def stop(self, say: Callable[[str], None]) -> None:
        """Asks the process to end, and kills it after `stop_timeout_s`. Returns a few seconds later at most.

        Its log is written to the end then.

        Args:
            say: Told that it has to be killed, and that not even this has ended it.
        """
        if self._process is not None and self._process.returncode is None:
            await self._stop(self._process, say)
        if self._pipe is not None:
            self._pipe.close()
            await self._pipe.written(LOGGED_WITHIN_S)
            self._pipe = None

    async def _stop(self, process: asyncio.subprocess.Process, say: Callable[[str], None]) -> None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        if not await self._ended_within(self.stop_timeout_s):
            say(f"The {self.name} has not ended within {self.stop_timeout_s:g} s: killing {describe(process.pid)}.")
        self.kill()
        if not await self._ended_within(KERNEL_TAKES_S):
            say(f"SIGKILL has not ended the {self.name}, {describe(process.pid)}; going on without it.")

    async def _ended_within(self, timeout_s: float) -> bool:
        assert self._process is not None
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), timeout_s)
        return self._process.returncode is not None

    def kill(self) -> None:
        """Kills the process and its group at once."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The last line of its log, without the time and the level."""
        lines = _end_of(self.log).decode(errors="replace").strip().splitlines()
        return _LOG_PREFIX.sub("", lines[-1]) if lines else "(it wrote nothing)"


def _end_of(log: Path) -> bytes:
    if not log.exists():
        return b""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LAST_BYTES))
        return file.read()
