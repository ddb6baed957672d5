"""Finding and killing every process of an engine. Linux; standard library only, because the guardian imports it.

An engine is a tree of processes (API server, engine core, workers). They are recognised by their working folder, which
all of them inherit and none changes. The environment would not do: vLLM's processes overwrite it when they rename
themselves.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

Say = Callable[[str], None]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_DIES_WITHIN_S = 1.0
_LOOKS_AGAIN_S = 5.0


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


def wake_when_parent_dies() -> None:
    """Asks the kernel to let this process run on when its parent dies, if it was stopped (SIGCONT)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)


def inhabitants(folder: Path) -> list[int]:
    """The processes (pids) whose working folder is `folder` or below it, save this one. Zombies do not count.

    All of /proc is searched, which takes seconds on a machine that is short of memory.
    """
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


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that these started; without zombies.

    Only these are looked at, however many processes the machine has. Nothing is found where the kernel does not list
    children (proc_tid_children(5)), nor once `pid` is gone.
    """
    found: list[int] = []
    for child in _children(pid):
        found += ([child] if is_alive(child) else []) + descendants(child)
    return found


def kill_all(find: Callable[[], list[int]], why: str, say: Say) -> list[int]:
    """Kills what is found with SIGKILL, and looks again until nothing is: one may fork while another is killed.

    After 5 s it stops looking again.

    What was found is always signalled before the clock is asked, and looked for once more, however long a search takes.

    Args:
        find: The processes (pids) to kill.
        why: For the log.
        say: Told whom it kills, before it does.

    Returns:
        The pids that are still there; normally none.
    """
    deadline = time.monotonic() + _LOOKS_AGAIN_S
    told: set[int] = set()
    looks = 0
    while left := find():
        looks += 1
        for pid in left:
            if pid not in told:
                told.add(pid)
                say(f"killing process {pid} ({short_name(pid)}): {why}")
            send(pid, signal.SIGKILL)
        if looks > 1 and time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return _after_a_moment(left)


def kill_tree(pid: int, why: str, say: Say) -> list[int]:
    """Kills every descendant of a process, but not itself; as `kill_all`."""
    return kill_all(partial(descendants, pid), why, say)


def kill_inhabitants(folder: Path, why: str, say: Say) -> list[int]:
    """Kills every process in `folder`; as `kill_all`."""
    return kill_all(partial(inhabitants, folder), why, say)


def send(pid: int, number: signal.Signals) -> None:
    """Sends a signal; a process that is already gone is no error."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def send_to_group(leader: int, number: signal.Signals) -> None:
    """Sends a signal to a process group; one that is already gone is no error."""
    with suppress(ProcessLookupError):
        os.killpg(leader, number)


def is_alive(pid: int) -> bool:
    """Whether a process is there, and is no zombie."""
    return _state(pid) not in ("", "Z", "X")


def describe(pid: int) -> str:
    """A process for the log: its name, and in which state it is, as proc_pid_stat(5) writes it (`D`: in the kernel)."""
    return f"process {pid} ({short_name(pid)}, state {_state(pid) or 'gone'})"


def short_name(pid: int) -> str:
    """The name of a process, 15 bytes at most; `?` if it is gone.

    Not its command line: to read that, the kernel waits for the memory of the other process, which may take long.
    """
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return "?"


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


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    except OSError:
        return found
    return found


def _state(pid: int) -> str:
    """One letter, as in proc_pid_stat(5); empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _after_a_moment(pids: list[int]) -> list[int]:
    """Those of them that are there after they have had a moment to die."""
    until = time.monotonic() + _DIES_WITHIN_S
    while (left := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}, {value}): {os.strerror(number)}")
