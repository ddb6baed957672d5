"""An image that was built as a tree: its processes, with a volume as their home folder."""

import ctypes
import fcntl
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.clean_tree import Tree

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


class Image:
    """A tree, with a home volume, and what runs in it: as the image's user, on a read-only root."""

    def __init__(self, tree: Tree, volume: Path) -> None:
        self._tree, self.volume = tree, volume

    def run(self, command: Sequence[str], timeout_s: float = 120, **extra: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command to its end."""
        closed = self._tree.closed_command(command, self.volume, extra=extra)
        return subprocess.run(closed, capture_output=True, text=True, timeout=timeout_s, check=False)

    def ends_well(self, command: Sequence[str]) -> bool:
        """Whether a command ends with 0; else what it said is shown."""
        done = self.run(command)
        if done.returncode:
            sys.stderr.write(done.stdout + done.stderr)
        return done.returncode == 0

    @contextmanager
    def running(self, command: Sequence[str], log: Path, **extra: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Runs a command while the block runs."""
        with log.open("wb") as output:
            closed = self._tree.closed_command(command, self.volume, extra=extra)
            process = subprocess.Popen(closed, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def own_network() -> None:
    """Moves this process into a network namespace in which it alone is, so that every port is free."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket() as any_socket:
        request = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP))


def answers(client: httpx.Client, path: str, timeout_s: float = 120) -> bool:
    """Whether it answers 200 in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if client.get(path).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    return False


def resident_mib(pid: int) -> int:
    """Memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0
