"""One of the processes that `attune up` looks after."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from server.controller.backoff import Backoff

_LOG_LIMIT_BYTES = 50 * 2**20
_LOG_PREFIX = re.compile(r"^[\d-]+ [\d:,]+ [A-Z]+ [\w.]+: ")


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

    async def stop(self) -> None:
        """Asks the process to end, and kills it after `stop_timeout_s`."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), self.stop_timeout_s)
        self.kill()
        await self._process.wait()

    def kill(self) -> None:
        """Kills the process and its group at once."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The last line of its log, without the time and the level."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return _LOG_PREFIX.sub("", lines[-1]) if lines else "(it wrote nothing)"
