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
from server.controller.processes import describe

_LOG_LIMIT_BYTES = 50 * 2**20
KERNEL_TAKES_S = 5.0
"""After so long a process that SIGKILL has not ended is left to the kernel."""
_LOG_PREFIX = re.compile(r"^[\dT:.+-]+ [A-Z]+ [\w.]+: ")


@dataclass(slots=True)
class Child:
    """A Python module as a process of its own group, restarted when it dies, its output in a log.

    Attributes:
        name: For people: `gateway`.
        module: What is run: `server`.
        log: File that its output goes to.
        environment: The whole environment of the process.
        stop_timeout_s: How long it may take to stop before it is killed.
    """

    name: str
    module: str
    log: Path
    environment: Mapping[str, str]
    stop_timeout_s: float
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=0.5, limit_s=30, stable_s=30))
    _process: asyncio.subprocess.Process | None = None
    _started: float = 0

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Starts the process; its last log is kept beside the new one when it has grown large."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.rename(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            os.chmod(self.log, 0o600)
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "attune.bound", str(os.getpid()), self.module),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
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

        Args:
            say: Told that it has to be killed, and that not even this has ended it.
        """
        process = self._process
        if process is None or process.returncode is not None:
            return
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
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return _LOG_PREFIX.sub("", lines[-1]) if lines else "(it wrote nothing)"
