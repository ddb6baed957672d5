"""A log stays within its limits while it is written, and loses no line, whoever is killed meanwhile."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from server.controller import log_writer
from server.controller.log_pipe import LogPipe
from server.controller.log_writer import LogFile
from server.log_limits import LogLimits
from tests.processes import ROOT

WRITES = "import sys\nfor n in range({lines}): sys.stdout.write(f'line {{n:07d}} of the log\\n'); sys.stdout.flush()"


def written(log: Path) -> list[str]:
    """The lines of all files of a log, oldest first."""
    numbered = sorted(log.parent.glob(f"{log.stem}.*.log"), key=lambda path: -int(path.name.split(".")[1]))
    return [line for path in (*numbered, log) for line in path.read_text().splitlines()]


def numbers(lines: list[str]) -> list[int]:
    return [int(line.split()[1]) for line in lines]


async def log_of(pipe: LogPipe, lines: int) -> None:
    """Has a process write lines into a pipe, and waits for them to be in the files."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITES.format(lines=lines), stdout=pipe.end)
    pipe.close()
    await process.wait()
    await pipe.written(10)


async def test_a_log_goes_on_in_new_files_and_loses_no_line(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    await log_of(await LogPipe.open(log, LogLimits(file_bytes=20_000, kept=20)), 10_000)
    assert numbers(written(log)) == list(range(10_000))
    files = list(tmp_path.iterdir())
    assert len(files) == 12 and all(path.stat().st_size < 20_000 + 24 for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


async def test_only_so_many_full_files_are_kept_and_the_newest_lines_are_in_them(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    (tmp_path / "gateway.9.log").write_text("of a time when more were kept\n")
    await log_of(await LogPipe.open(log, LogLimits(file_bytes=20_000, kept=2)), 10_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gateway.1.log", "gateway.2.log", "gateway.log"]
    found = numbers(written(log))
    assert found == list(range(found[0], 10_000)) and len(found) * 24 > 40_000


async def test_a_log_of_which_no_full_file_is_kept_begins_again(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    await log_of(await LogPipe.open(log, LogLimits(file_bytes=20_000, kept=0)), 2_000)
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.log"]
    assert log.stat().st_size < 20_000 + 24 and numbers(written(log))[-1] == 1_999


async def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    for _ in range(2):
        await log_of(await LogPipe.open(log, LogLimits(file_bytes=30_000, kept=4)), 1_000)
    assert numbers(written(log)) == 2 * list(range(1_000))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gateway.1.log", "gateway.log"]


def fed(log: LogFile, data: bytes) -> None:
    """Gives a log what is written into a pipe."""
    source, end = os.pipe()
    os.write(end, data)
    os.close(end)
    while log.take(source):
        pass
    os.close(source)


@pytest.mark.parametrize("splice", [True, False], ids=["spliced", "copied"])
def test_lines_are_whole_in_each_file_however_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, splice: bool
) -> None:
    if not splice:
        monkeypatch.setattr(log_writer.os, "splice", refuse)
        monkeypatch.setattr(log_writer, "_CHUNK", 40)
    log = LogFile(tmp_path / "a.log", limit=100, kept=30)
    text = b"".join(b"%03d %s\n" % (n, b"x" * (n % 60)) for n in range(40)) + b"y" * 250 + b"\nend\n"
    for start in range(0, len(text), 37):
        fed(log, text[start : start + 37])
    numbered = sorted(tmp_path.glob("a.*.log"), key=lambda path: -int(path.name.split(".")[1]))
    files = [*numbered, tmp_path / "a.log"]
    assert b"".join(path.read_bytes() for path in files) == text
    if splice:
        assert sorted(path.stat().st_size for path in files)[-2] <= 100 + 65  # of which one is longer than a file
        assert all(path.read_bytes().endswith(b"\n") for path in files)


def refuse(*_: object) -> int:
    raise OSError(28, "No space left on device")


async def test_the_writer_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    pipe = await LogPipe.open(log, LogLimits(file_bytes=10_000, kept=90))
    slowly = "import time\n" + WRITES.format(lines=4_000) + "; n % 100 or time.sleep(0.005)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", slowly, stdout=pipe.end)
    killed = set()
    while process.returncode is None:
        if (writer := pipe.writer_pid) not in killed and writer is not None:
            killed.add(writer)
            await asyncio.sleep(0.03 + 0.01 * (len(killed) % 4))
            os.kill(writer, signal.SIGKILL)
        await asyncio.sleep(0.01)
    pipe.close()
    await pipe.written(10)
    assert len(killed) >= 2
    assert numbers(written(log)) == list(range(4_000))


PARENT = """
import asyncio, sys
from pathlib import Path
from server.controller.log_pipe import LogPipe
from server.log_limits import LogLimits

async def main():
    pipe = await LogPipe.open(Path(sys.argv[1]), LogLimits(file_bytes=20_000, kept=20))
    await asyncio.create_subprocess_exec(sys.executable, "-c", sys.argv[2], stdout=pipe.end)
    print(pipe.writer_pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_who_started_it_may_be_killed(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    slowly = "import time\n" + WRITES.format(lines=3_000) + "\n  if n == 1_000: time.sleep(0.3)"
    slowly = slowly.replace("for n in range(3000): ", "for n in range(3000):\n  ")
    command = [sys.executable, "-c", PARENT, str(log), slowly]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        writer = psutil.Process(int(parent.stdout.readline()))
        deadline = time.monotonic() + 10
        while len(written(log)) < 1_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        parent.kill()
    writer.terminate()  # meant for others, as when a service is stopped; it goes on to the end of what they write
    writer.wait(10)
    assert numbers(written(log)) == list(range(3_000))


def test_a_full_disk_holds_nobody_up_and_the_log_says_what_it_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogFile(tmp_path / "a.log", limit=1_000, kept=2)
    with monkeypatch.context() as full:
        full.setattr(log_writer.os, "splice", refuse)
        full.setattr(log_writer.os, "write", refuse)
        source, end = os.pipe()
        os.writev(end, [b"lost\n"])
        assert log.take(source)
    fed(log, b"there is room again\n")
    assert (
        tmp_path / "a.log"
    ).read_text() == "(5 bytes of this log were lost: the disk was full)\nthere is room again\n"
    os.close(end)
    os.close(source)


def test_a_folder_that_was_taken_away_is_made_again_or_the_log_is_lost_but_nobody_waits(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    log = LogFile(folder / "a.log", limit=10, kept=1)
    fed(log, b"line 1 of it\n")
    shutil.rmtree(folder)
    fed(log, b"line 2 of it\n")
    assert (folder / "a.log").read_text() == "line 2 of it\n"
    shutil.rmtree(folder)
    folder.write_text("a file in its place")
    for _ in range(3):
        fed(log, b"line 3 of it\n")
    folder.unlink()
    fed(log, b"line 4 of it\n")
    assert "4 of it" in (folder / "a.log").read_text()
