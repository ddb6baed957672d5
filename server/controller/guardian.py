"""The guardian: a small process between the controller and its engine, so that no engine is ever left behind.

`python -m server.controller.guardian LIFELINE FOLDER NICENESS COMMAND…` runs COMMAND in FOLDER as its child, standing
back behind other processes by NICENESS, and waits. It kills every process of the engine when the child ends, and when
the pipe whose file descriptor is LIFELINE closes, which the kernel does when the controller dies in whatever way.
SIGTERM is passed on. If the guardian itself is killed, the kernel kills its child, and the controller kills the rest.
If it is stopped (SIGSTOP) while the controller dies, the kernel lets it run on. It never waits without a bound once
nobody wants the engine any more. Standard library only: it must be small and start at once.
"""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType

from ledger.clock import iso, utc_now
from server.controller.processes import (
    adopt_orphans,
    describe,
    die_with_parent,
    is_alive,
    kill_inhabitants,
    kill_tree,
    send_to_group,
    stand_back,
    wake_when_parent_dies,
)

_DIES_WITHIN_S = 5.0


def main(lifeline: int, folder: Path, niceness: int, command: list[str]) -> int:
    """Runs `command` in `folder` until it ends or nobody wants it any more.

    Returns:
        The exit status of the command, as a shell gives it (128 + signal).
    """
    os.umask(0o077)
    os.chdir(folder)
    adopt_orphans()
    wake_when_parent_dies()
    stand_back(niceness)
    wakeup = _signals_to_pipe()
    # A process group of its own, which can be killed at once; in the same session, for which niceness counts.
    engine = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, preexec_fn=partial(die_with_parent, os.getpid()), process_group=0
    )
    why = "the guardian has failed"
    try:
        signal.signal(signal.SIGTERM, partial(_pass_on, engine))
        why = _until_unwanted(engine, lifeline, wakeup)
    finally:
        _kill(engine, folder, why)
    status = 128 + signal.SIGKILL if engine.returncode is None else engine.returncode
    return status if status >= 0 else 128 - status


def _until_unwanted(engine: "subprocess.Popen[bytes]", lifeline: int, wakeup: int) -> str:
    """Waits until the engine ends or the controller lets go; returns which, for the log."""
    while engine.poll() is None:
        readable, _, _ = select.select([lifeline, wakeup], [], [])
        if lifeline in readable:
            return "the controller has let go of the engine, or is gone"
        os.read(wakeup, 4096)
        _reap(engine)
    return f"the engine's server, process {engine.pid}, has ended with status {engine.returncode}"


def _kill(engine: "subprocess.Popen[bytes]", folder: Path, why: str) -> None:
    """Kills the engine within a bound: its server and its group first, which need no search.

    All others are descendants, for whoever lost its parent was adopted. The search through /proc, which may be slow,
    is for the rest alone: for who has none of us as a parent.
    """
    if engine.poll() is None:
        _say(f"killing {describe(engine.pid)} and its group: {why}")
        send_to_group(engine.pid, signal.SIGKILL)
        engine.kill()
    left = kill_tree(os.getpid(), why, _say)
    with suppress(OSError):
        left += kill_inhabitants(folder, why, _say)
    with suppress(subprocess.TimeoutExpired):
        engine.wait(_DIES_WITHIN_S)
    for pid in {*left, engine.pid}:
        if is_alive(pid):
            _say(f"SIGKILL has not ended {describe(pid)}; it is left to the kernel")


def _say(text: str) -> None:
    """Writes a line into the engine's log; a disk that is full must not keep it from killing."""
    with suppress(OSError):
        sys.stderr.write(f"{iso(utc_now())} guardian {os.getpid()}: {text}\n")
        sys.stderr.flush()


def _signals_to_pipe() -> int:
    """Makes every signal write a byte, so that `select` returns; SIGINT, which is for the controller, is ignored."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return reader


def _pass_on(engine: "subprocess.Popen[bytes]", number: int, frame: FrameType | None) -> None:
    engine.send_signal(number)


def _reap(engine: "subprocess.Popen[bytes]") -> None:
    """Collects the adopted processes that have ended. The engine is left to `Popen`, which must see its status."""
    while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != engine.pid:
        os.waitpid(ended.si_pid, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
