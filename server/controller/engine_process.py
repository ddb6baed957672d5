"""One engine as a tree of processes on this machine: started under a guardian, watched, stopped."""

import asyncio
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

from server.controller.errors import EngineFailed
from server.controller.processes import inhabitants, kill_inhabitants, parent, title

# sun_path in sockaddr_un (unix(7)) holds 108 bytes, the last of them NUL.
_LONGEST_SOCKET_PATH = 107
_PROCESS_TITLE = "VLLM::"
_KEPT_LOGS = 10


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an engine lives: `run/<id>` in ATTUNE_HOME, its working folder, by which its processes are recognised."""

    folder: Path
    socket: Path
    log: Path

    @classmethod
    def create(cls, home: Path, engine_id: str) -> "Workplace":
        """Makes the folders, readable by this user only, and removes the oldest logs.

        A socket whose path would be too long for the kernel goes to a folder of its own under the temporary folder.
        """
        folder = home / "run" / engine_id
        logs = home / "logs"
        for path in (home, home / "run", folder, logs):
            path.mkdir(mode=0o700, exist_ok=True)
        for old in sorted(logs.glob("engine-*.log"), key=lambda path: path.stat().st_mtime)[: 1 - _KEPT_LOGS]:
            old.unlink(missing_ok=True)
        socket = folder / "engine.sock"
        if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
            socket = Path(tempfile.mkdtemp(prefix="attune-")) / "engine.sock"
        if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
            raise EngineFailed(f"No socket path is short enough: shorten ATTUNE_HOME ({home}) or TMPDIR.")
        return cls(folder, socket, logs / f"engine-{engine_id}.log")

    @property
    def url(self) -> str:
        """The engine's address for the gateway."""
        return f"unix://{self.socket}"

    def remove(self) -> None:
        """Removes the folder and the socket; the log stays."""
        if self.socket.parent != self.folder:
            shutil.rmtree(self.socket.parent, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(slots=True)
class EngineProcess:
    """A started engine. The pipe's writing end lives here: when this process dies, the guardian sees it close."""

    workplace: Workplace
    _guardian: asyncio.subprocess.Process
    _lifeline: int
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
        with workplace.log.open("ab") as log:
            os.chmod(workplace.log, 0o600)
            process = await asyncio.create_subprocess_exec(
                *guardian,
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(environment),
                pass_fds=(reader,),
                start_new_session=True,
            )
        os.close(reader)
        return cls(workplace, process, lifeline)

    @property
    def pid(self) -> int:
        """Of the guardian, which leads the engine's session."""
        return self._guardian.pid

    @property
    def status(self) -> int | None:
        """Exit status of the engine as a shell gives it; None while it runs."""
        code = self._guardian.returncode
        return code if code is None or code >= 0 else 128 - code

    async def ended(self) -> int:
        """Waits until it ends by itself, and returns its exit status as a shell gives it."""
        await self._guardian.wait()
        assert self.status is not None
        return self.status

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
        """Asks the engine to end, and kills what is left of it after `timeout_s`."""
        if self._guardian.returncode is None:
            self._guardian.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._guardian.wait(), timeout_s)
        await self.kill()

    async def kill(self) -> None:
        """Kills every process of the engine, and clears its folder away."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        await asyncio.to_thread(kill_inhabitants, self.workplace.folder)
        await self._guardian.wait()
        self.workplace.remove()


def sweep(home: Path) -> int:
    """Kills what engines of a dead controller left behind in `home`, and clears their folders.

    Returns:
        How many processes were found.
    """
    run = home / "run"
    found = len(inhabitants(run))
    kill_inhabitants(run)
    for folder in run.iterdir() if run.is_dir() else ():
        shutil.rmtree(folder, ignore_errors=True)
    return found
