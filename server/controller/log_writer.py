"""Writes what comes from a pipe into a log file, and begins a new file when that is full.

`python log_writer.py FILE BYTES KEPT` reads standard input to its end. FILE exceeds BYTES by the end of one line at
most. What is full becomes `NAME.1.log`, the one before it `NAME.2.log`, up to KEPT; a new file begins with a line.

It is a process of its own because a log has many writers (an engine is several processes), of which none could change
the others' file, and because it outlives them: when they die, by SIGKILL too, it writes what is left in the pipe and
ends. So it ignores signals that are meant for them. Standard library only: it must be small and start at once.
"""

import fcntl
import os
import select
import signal
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_CHUNK = 64 * 1024


class LogFile:
    """A log file that is continued in new files."""

    def __init__(self, path: Path, limit: int, kept: int) -> None:
        self._path, self._limit, self._kept = path, limit, kept
        self._lost = 0  # bytes that the disk had no room for
        self._open()

    def take(self, source: int) -> bool:
        """Moves what is in the pipe `source` to the file, or some of it; waits for something to be there.

        Returns:
            False when the pipe has ended.
        """
        room = self._limit - self._size
        if room <= 0 and self._ends_with_a_line:
            if not _holds_something(source):
                return False
            self._rotate()
            room = self._limit - self._size
        try:
            self._say_lost()
            # The kernel moves it, so a kill at any moment leaves it in the pipe or in the file. Where the file is full
            # within a line, byte by byte up to the end of the line.
            moved = os.splice(source, self._file, min(_CHUNK, room) if room > 0 else 1)
        except OSError:  # no room, or a file system that cannot splice
            return self._copy(source)
        self._size += moved
        return moved > 0

    def _copy(self, source: int) -> bool:
        """Reads and writes. What cannot be written is lost: whoever writes the log must not be held up for it."""
        data = os.read(source, _CHUNK)
        try:
            self._say_lost()
            self._size += os.write(self._file, data)
        except OSError:
            self._lost += len(data)
        return bool(data)

    def _say_lost(self) -> None:
        if self._lost:
            note = b"(%d bytes of this log were lost: the disk was full)\n" % self._lost
            self._size += os.write(self._file, note)
            self._lost = 0

    @property
    def _ends_with_a_line(self) -> bool:
        return os.pread(self._file, 1, self._size - 1) in (b"\n", b"")  # nothing of the null device

    def _rotate(self) -> None:
        with suppress(OSError):  # then this file grows on, and it is tried again
            for old in self._older_than_kept():
                old.unlink(missing_ok=True)
            for number in range(self._kept - 1, 0, -1):
                with suppress(FileNotFoundError):
                    self._numbered(number).replace(self._numbered(number + 1))
            if self._kept:
                self._path.replace(self._numbered(1))
            else:
                self._path.unlink()
        os.close(self._file)
        self._open()

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)  # splice refuses O_APPEND
        except OSError:  # somebody has taken the folder away; it is tried again after as much as a file holds
            self._file = os.open(os.devnull, os.O_RDWR)
        self._size = os.lseek(self._file, 0, os.SEEK_END)

    def _numbered(self, number: int) -> Path:
        return self._path.with_suffix(f".{number}.log")

    def _older_than_kept(self) -> Iterator[Path]:
        """Files that have no place any more: the last one, and those that a higher number was set for before."""
        for path in self._path.parent.glob(f"{self._path.stem}.*.log"):
            number = path.name.removeprefix(f"{self._path.stem}.").removesuffix(".log")
            if number.isdecimal() and int(number) >= max(self._kept, 1):
                yield path


def _holds_something(source: int) -> bool:
    """Waits for a pipe to have something to read; False where it has ended."""
    select.select([source], [], [])
    waiting = fcntl.ioctl(source, termios.FIONREAD, struct.pack("i", 0))
    return struct.unpack("i", waiting) != (0,)


def main(path: Path, limit: int, kept: int) -> None:
    """Writes until the last process that has the pipe open for writing is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    log = LogFile(path, limit, kept)
    while log.take(0):
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
