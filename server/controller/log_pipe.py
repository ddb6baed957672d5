"""The pipe through which a process writes its log, and the writer at its end (`log_writer`), kept alive."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from server.controller import log_writer
from server.log_limits import LogLimits

_AGAIN_AFTER_S = 0.2


class LogPipe:
    """A log that stays within limits while many processes write it.

    Give `end` to them as standard output and standard error, and close it here; the writer ends when the last of them
    is gone. If it is killed, another one goes on: the pipe stays open, and what is in it is kept.
    """

    def __init__(self, path: Path, limits: LogLimits) -> None:
        self._path, self._limits = path, limits
        self._reader, self.end = os.pipe()
        self._done = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._writer: asyncio.subprocess.Process | None = None

    @classmethod
    async def open(cls, path: Path, limits: LogLimits) -> Self:
        """Makes the file, for this user only, and starts its writer.

        Raises:
            OSError: The file cannot be written, or no process be started.
        """
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        path.chmod(0o600)
        pipe = cls(path, limits)
        try:
            await pipe._start()
        except BaseException:
            pipe.close()
            os.close(pipe._reader)
            raise
        pipe._keeping = asyncio.create_task(pipe._keep())
        return pipe

    @property
    def writer_pid(self) -> int | None:
        """The process that writes now."""
        return None if self._writer is None else self._writer.pid

    def close(self) -> None:
        """Lets go of the end that is written to."""
        if self.end >= 0:
            os.close(self.end)
            self.end = -1

    async def written(self, timeout_s: float) -> None:
        """Waits until everything is in the file, which needs every writing process to be gone; no longer than that."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), timeout_s)

    async def _start(self) -> None:
        program = (sys.executable, "-I", "-S", log_writer.__file__)
        bounds = (str(self._path), str(self._limits.file_bytes), str(self._limits.kept))
        self._writer = await asyncio.create_subprocess_exec(
            *program,
            *bounds,
            stdin=self._reader,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",  # not the folder of an engine, whose inhabitants are killed with it
            start_new_session=True,
        )

    async def _keep(self) -> None:
        """Starts the writer again until it has read to the end."""
        assert self._writer is not None
        while await self._writer.wait() != 0:
            await asyncio.sleep(_AGAIN_AFTER_S)
            with suppress(OSError):
                await self._start()
        os.close(self._reader)
        self._done.set()
