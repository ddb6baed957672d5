"""The guardian: a small process between the controller and its engine, so that no engine is ever left behind.

`python -m server.controller.guardian LIFELINE FOLDER NICENESS COMMAND…` runs COMMAND in FOLDER as its child, standing
back behind other processes by NICENESS, and waits. It kills every process of the engine when the child ends, and when
the pipe whose file descriptor is LIFELINE closes, which the kernel does when the controller dies in whatever way.
SIGTERM is passed on. If the guardian itself is killed, the kernel kills its child, and the controller kills the rest.
Standard library only: it must be small and start at once.
"""

import os
import select
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import FrameType

from server.controller.processes import adopt_orphans, die_with_parent, kill_inhabitants, stand_back


def main(lifeline: int, folder: Path, niceness: int, command: list[str]) -> int:
    """Runs `command` in `folder` until it ends or nobody wants it any more.

    Returns:
        The exit status of the command, as a shell gives it (128 + signal).
    """
    os.umask(0o077)
    os.chdir(folder)
    adopt_orphans()
    stand_back(niceness)
    wakeup = _signals_to_pipe()
    engine = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=partial(die_with_parent, os.getpid()))
    try:
        signal.signal(signal.SIGTERM, partial(_pass_on, engine))
        while engine.poll() is None:
            readable, _, _ = select.select([lifeline, wakeup], [], [])
            if lifeline in readable:
                break
            os.read(wakeup, 4096)
            _reap(engine)
    finally:
        kill_inhabitants(folder)
    status = engine.wait()
    return status if status >= 0 else 128 - status


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
