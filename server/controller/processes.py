"""Finding and killing every process of an engine. Linux; standard library only, because the guardian imports it.

An engine is a tree of processes (API server, engine core, workers). They are recognised by their working folder, which
all of them inherit and none changes. The environment would not do: vLLM's processes overwrite it when they rename
themselves.
"""

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(parent_pid: int) -> None:
    """Asks the kernel to kill this process when its parent dies (prctl(2), PR_SET_PDEATHSIG); survives exec.

    Args:
        parent_pid: Who the parent should be; if it is already gone, this process ends at once.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def adopt_orphans() -> None:
    """Makes orphaned descendants children of this process rather than of init (PR_SET_CHILD_SUBREAPER)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def stand_back(niceness: int) -> None:
    """Lets other processes have the CPU before this one and those that it starts.

    Where the kernel groups tasks by session (sched(7), autogroup), niceness weighs only within a session, so that the
    session of this process stands back as a whole too.

    Args:
        niceness: As in nice(2), 0 to 19; a process that is nicer already stays so.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(niceness, os.getpriority(os.PRIO_PROCESS, 0)))
    if niceness > 0:
        # Missing where the kernel does not group; refused when it was changed a moment ago.
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness))


def inhabitants(folder: Path) -> list[int]:
    """The processes (pids) whose working folder is `folder` or below it, save this one. Zombies do not count."""
    root = str(folder)
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            cwd = os.readlink(f"/proc/{entry.name}/cwd").removesuffix(" (deleted)")
        except OSError:  # It is gone, a zombie, or somebody else's.
            continue
        if cwd == root or cwd.startswith(root + "/"):
            found.append(int(entry.name))
    return found


def kill_inhabitants(folder: Path, timeout_s: float = 5) -> list[int]:
    """Kills every process in `folder` with SIGKILL, until none is left: one may fork while another is killed.

    Returns:
        The pids that are still there after `timeout_s`; normally none.
    """
    deadline = time.monotonic() + timeout_s
    while left := inhabitants(folder):
        if time.monotonic() > deadline:
            break
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.02)
    return left


def send(pid: int, number: signal.Signals) -> None:
    """Sends a signal; a process that is already gone is no error."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def title(pid: int) -> str:
    """The command line of a process, such as `VLLM::EngineCore`; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def parent(pid: int) -> int | None:
    """The process that started another one, or took it over; None if the other is gone."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(status.rpartition(")")[2].split()[1])  # "pid (name) state parent …" (proc_pid_stat(5))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}, {value}): {os.strerror(number)}")
