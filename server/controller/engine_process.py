"""One engine as a tree of processes on this machine: started under a guardian, watched, stopped."""

import asyncio
import logging
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ledger.scratch import ScratchFolder, remove_abandoned, remove_abandoned_sockets
from server.controller.errors import EngineFailed
from server.controller.log_pipe import LogPipe
from server.controller.own_thread import within
from server.controller.processes import (
    Say,
    descendants,
    describe,
    inhabitants,
    kill_inhabitants,
    parent,
    send,
    title,
)
from server.log_limits import USUAL, LogLimits

log = logging.getLogger(__name__)

# sun_path in sockaddr_un (unix(7)) holds 108 bytes, the last of them NUL.
_LONGEST_SOCKET_PATH = 107
_PROCESS_TITLE = "VLLM::"
# The bounds of a kill. A guardian takes milliseconds, and on a machine that is short of memory as long as one search
# through /proc, for which 5.5 s were seen.
_GUARDIAN_TAKES_S = 15.0
_KERNEL_TAKES_S = 5.0
_SEARCH_TAKES_S = 20.0
_LOGGED_WITHIN_S = 2.0
KILL_TAKES_S = _GUARDIAN_TAKES_S + 2 * _KERNEL_TAKES_S + _SEARCH_TAKES_S + _LOGGED_WITHIN_S
"""What a kill takes at most, in seconds."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an engine lives: `run/<id>` in ATTUNE_HOME, its working folder, by which its processes are recognised."""

    folder: Path
    socket: Path
    log: Path
    log_limits: LogLimits = USUAL
    _elsewhere: ScratchFolder | None = None

    @classmethod
    def create(cls, home: Path, engine_id: str, log_limits: LogLimits = USUAL) -> "Workplace":
        """Makes the folders, readable by this user only, and removes the oldest logs.

        A socket whose path would be too long for the kernel goes to a folder of its own under the temporary folder.
        """
        folder = home / "run" / engine_id
        logs = home / "logs"
        for path in (home, home / "run", folder, logs):
            path.mkdir(mode=0o700, exist_ok=True)
        kept = log_limits.engine_files - 1  # and the one that is begun
        for old in sorted(logs.glob("engine-*.log"), key=lambda path: -path.stat().st_mtime)[kept:]:
            old.unlink(missing_ok=True)
        socket, elsewhere = folder / "engine.sock", None
        if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
            elsewhere = ScratchFolder.make(Path(tempfile.gettempdir()), "engine")
            socket = elsewhere.path / "engine.sock"
        if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
            raise EngineFailed(f"No socket path is short enough: shorten ATTUNE_HOME ({home}) or TMPDIR.")
        return cls(folder, socket, logs / f"engine-{engine_id}.log", log_limits, elsewhere)

    @property
    def url(self) -> str:
        """The engine's address for the gateway."""
        return f"unix://{self.socket}"

    def remove(self) -> None:
        """Removes the folder and the socket; the log stays."""
        if self._elsewhere is not None:
            self._elsewhere.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(slots=True)
class EngineProcess:
    """A started engine. The pipe's writing end lives here: when this process dies, the guardian sees it close."""

    workplace: Workplace
    _guardian: asyncio.subprocess.Process
    _lifeline: int
    _log: LogPipe
    _seen: set[int] = field(default_factory=set)

    @classmethod
    async def start(
        cls, workplace: Workplace, command: Sequence[str], environment: Mapping[str, str], niceness: int = 0
    ) -> Self:
        """Starts `command` under a guardian, its output going to the log; `niceness` as in nice(2), 0 to 19."""
        reader, lifeline = os.pipe()
        guardian = [
            sys.executable,
            "-m",
            "server.controller.guardian",
            str(reader),
            str(workplace.folder),
            str(niceness),
        ]
        output: LogPipe | None = None
        try:
            output = await LogPipe.open(workplace.log, workplace.log_limits)
            process = await asyncio.create_subprocess_exec(
                *guardian,
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.end,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(environment),
                pass_fds=(reader,),
                start_new_session=True,
            )
        except BaseException:  # also where the start is cancelled: a guardian that is there already must see it
            os.close(lifeline)
            if output is not None:
                output.close()
                await output.written(_LOGGED_WITHIN_S)
            raise
        finally:
            os.close(reader)
        output.close()
        return cls(workplace, process, lifeline, output)

    @property
    def pid(self) -> int:
        """Of the guardian, which leads the engine's session."""
        return self._guardian.pid

    def processes(self) -> list[int]:
        """Its processes (pids) without the guardian, as far as their parents are there."""
        return descendants(self.pid)

    @property
    def status(self) -> int | None:
        """Exit status of the engine as a shell gives it; None while it runs."""
        code = self._guardian.returncode
        return code if code is None or code >= 0 else 128 - code

    async def ended(self) -> int:
        """Waits until it ends by itself and its log is written; returns its exit status as a shell gives it."""
        await self._guardian.wait()
        await self.logged()
        assert self.status is not None
        return self.status

    async def logged(self) -> None:
        """Waits for the last lines of the log of an engine that has ended."""
        await self._log.written(_LOGGED_WITHIN_S)

    def protect_socket(self) -> None:
        """Lets only this user use the socket, once there is one. Its folder is closed to others from the start."""
        try:
            if stat.S_IMODE(self.workplace.socket.stat().st_mode) != 0o600:
                self.workplace.socket.chmod(0o600)
        except FileNotFoundError:
            return

    def lost_processes(self) -> list[int]:
        """Those of vLLM's processes (`VLLM::EngineCore` …) that were there at an earlier call and are gone.

        When one of them starts a command, as each does with lscpu, the new process bears its parent's title until it
        has become that command, on a busy machine for long enough to be seen. It is not one of vLLM's.
        """
        titles = {pid: name for pid in inhabitants(self.workplace.folder) if (name := title(pid))}
        ours = {pid for pid, name in titles.items() if name.startswith(_PROCESS_TITLE)}
        now = {pid for pid in ours if titles.get(parent(pid) or 0) != titles[pid]}
        gone = sorted(self._seen - now)
        self._seen |= now
        return gone

    async def stop(self, timeout_s: float) -> None:
        """Asks the engine to end, and kills what is left of it after `timeout_s`; all within a bound, as `kill`."""
        why = "it is not wanted any more"
        if self._guardian.returncode is None:
            self._guardian.send_signal(signal.SIGTERM)
            send(self.pid, signal.SIGCONT)  # one that was stopped would not see it
            if not await self._guardian_ended(timeout_s):
                why = f"it has not ended within {timeout_s:g} s of SIGTERM"
        await self.kill(why)

    async def kill(self, why: str = "it is not wanted any more") -> None:
        """Kills every process of the engine, and clears its folder away.

        The guardian does it, for it need not search. What it leaves, and a guardian that does not end, are killed here.
        Whatever happens, this returns within `KILL_TAKES_S`, and the log says what is left.

        Args:
            why: For the log.
        """
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        if self._guardian.returncode is None:
            log.info("engine %s is to be killed by its guardian, process %d: %s", self.name, self.pid, why)
            send(self.pid, signal.SIGCONT)
            if not await self._guardian_ended(_GUARDIAN_TAKES_S):
                await self._kill_guardian()
        await self._kill_the_rest(why)
        try:
            await within(_KERNEL_TAKES_S, self.workplace.remove)
        except TimeoutError:
            log.error("the folder of engine %s is still being removed; going on without it", self.name)
        await self.logged()

    @property
    def name(self) -> str:
        """The engine's id."""
        return self.workplace.folder.name

    async def _guardian_ended(self, timeout_s: float) -> bool:
        """Whether the guardian ends within a time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._guardian.wait(), timeout_s)
        return self._guardian.returncode is not None

    async def _kill_guardian(self) -> None:
        """Kills a guardian that does not do its work, and whom it should have killed: they would lose their parent."""
        family = [*descendants(self.pid), self.pid]
        log.error(
            "the guardian of engine %s has not ended within %g s; killing it and what is left of its engine: %s",
            self.name,
            _GUARDIAN_TAKES_S,
            ", ".join(map(describe, family)),
        )
        for pid in family:
            send(pid, signal.SIGKILL)
        if not await self._guardian_ended(_KERNEL_TAKES_S):
            log.error("SIGKILL has not ended %s; going on without it", describe(self.pid))

    async def _kill_the_rest(self, why: str) -> None:
        """Kills who still works in the folder: who has lost the guardian, where that was killed itself."""
        try:
            left = await within(_SEARCH_TAKES_S, kill_inhabitants, self.workplace.folder, why, log.warning)
        except (TimeoutError, OSError) as error:
            log.error("processes of engine %s cannot be searched for (%r); going on", self.name, error)
            return
        if left:
            log.error("SIGKILL has not ended %s; going on", ", ".join(map(describe, left)))


def sweep(home: Path, why: str = "an earlier controller left it", say: Say = log.warning) -> int:
    """Kills what engines of a dead controller left behind in `home`, and clears their folders.

    Args:
        home: ATTUNE_HOME.
        why: For the log.
        say: Told whom it kills, before it does, and who is left.

    Returns:
        How many processes were found.
    """
    run = home / "run"
    if not run.is_dir():
        return 0
    found = inhabitants(run)
    for pid in kill_inhabitants(run, why, say) if found else ():
        say(f"SIGKILL has not ended {describe(pid)}; going on")
    for folder in run.iterdir():
        shutil.rmtree(folder, ignore_errors=True)
    return len(found)


def sweep_temporary(folder: Path | None = None) -> None:
    """Removes what processes that are dead have left in the temporary folder: engines' sockets, lm-eval's folders."""
    temporary = folder or Path(tempfile.gettempdir())
    for path in (*remove_abandoned(temporary), *remove_abandoned_sockets(temporary)):
        log.info("removed %s, which a process left that is gone", path)
