"""No healthy engine is killed while the machine starves, and a hung one is found once it recovers.

Two fake engines of a real controller (with `--engine vllm` one vLLM with the starter) run in a control group that is
short of memory: a process beside them reads a file larger than it may hold, from a disk that is made slow for it, so
that Linux counts `full` memory pressure for the group. Only that process is limited, so nobody else on the machine is
at risk.

What starvation does to others is brought about by SIGSTOP and SIGCONT: the controller is held up again and again, and
each engine answers nothing for longer than the stall timeout, runs for a moment, and is held up again. All this for ten
minutes; then one engine is stopped for good, a minute later the pressure ends, and it is timed until that engine is not
open any more.

It needs root and control groups: of version 2, or of both, for their pressure files.
`python -m benchmarks.starved_machine --help`.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import get_args

from tqdm import tqdm

from benchmarks import results
from ledger import deployments
from server.controller.processes import inhabitants, send, title
from tests.small_installation import EngineKind, SmallInstallation

FOUND_WITHIN_S = 30.0
PRESSURE = 20.0
_FILE_BYTES, _MAY_HOLD_BYTES, _READS_BYTES_A_S = 384 * 2**20, 192 * 2**20, 6 * 2**20
_ENGINE_HELD_S, _ENGINE_RUNS_S = 40.0, 5.0
_CONTROLLER_HELD_S, _CONTROLLER_RUNS_S = 4.0, 16.0
_NAME = "attune-starved"
_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Outcome:
    """What was seen.

    Attributes:
        pressure_avg10: `full` memory pressure of the group in percent, looked at once a second: lowest, median and
            highest, from when it had risen.
        engine_held_up: How often an engine was stopped for `_ENGINE_HELD_S`.
        controller_held_up: How often the controller was stopped for `_CONTROLLER_HELD_S`.
        healthy_replaced: How many engines were replaced while they were only held up.
        found_s: From the end of the pressure until the engine that was stopped for good was not open any more.
        other_replaced: Whether the other engine was replaced meanwhile.
    """

    seconds: float
    pressure_avg10: tuple[float, float, float]
    engine_held_up: int
    controller_held_up: int
    healthy_replaced: int
    found_s: float
    other_replaced: bool

    @property
    def good(self) -> bool:
        """Starved all the time, nobody killed for it, and the hung one found."""
        starved = self.pressure_avg10[0] >= PRESSURE
        return starved and not self.healthy_replaced and not self.other_replaced and self.found_s <= FOUND_WITHIN_S


@dataclass
class HeldUp:
    """Processes that are stopped for a while, run for a while, and are stopped again.

    Attributes:
        times: How often they were stopped.
        until: When they change over, on the monotonic clock.
    """

    pids: list[int]
    held_s: float
    runs_s: float
    until: float
    times: int = 0
    stopped: bool = field(default=False)

    def look(self) -> None:
        """Stops them or lets them run, if it is time to."""
        if time.monotonic() < self.until:
            return
        self.stopped = not self.stopped
        self.times += self.stopped
        self.until = time.monotonic() + (self.held_s if self.stopped else self.runs_s)
        for pid in self.pids:
            send(pid, signal.SIGSTOP if self.stopped else signal.SIGCONT)

    def let_go(self) -> None:
        """Lets them run."""
        for pid in self.pids:
            send(pid, signal.SIGCONT)


class Starvation:
    """A control group whose pressure is counted, and processes in it that wait for their memory."""

    def __init__(self, folder: Path) -> None:
        hybrid = (_GROUPS / "unified").is_dir()
        self._group = (_GROUPS / "unified" if hybrid else _GROUPS) / _NAME
        device = folder.stat().st_dev
        disk = f"{os.major(device)}:{os.minor(device)}"
        memory, disks = (
            (_GROUPS / "memory" / _NAME, _GROUPS / "blkio" / _NAME) if hybrid else (self._group, self._group)
        )
        self._limits = {
            memory / ("memory.limit_in_bytes" if hybrid else "memory.high"): f"{_MAY_HOLD_BYTES}",
            disks / ("blkio.throttle.read_bps_device" if hybrid else "io.max"): (
                f"{disk} {_READS_BYTES_A_S}" if hybrid else f"{disk} rbps={_READS_BYTES_A_S}"
            ),
        }
        self._file = folder / "pages"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def avg10(self) -> float:
        """`full` memory pressure of the last ten seconds, in percent."""
        text = (self._group / "memory.pressure").read_text()
        return float(text.partition("full avg10=")[2].split()[0])

    def take(self, pid: int) -> None:
        """Takes a process, and those that it starts, into the group whose pressure is counted."""
        (self._group / "cgroup.procs").write_text(str(pid))

    def begin(self) -> None:
        """Begins to thrash, and returns when the pressure is there."""
        with self._file.open("wb") as file:
            for _ in range(_FILE_BYTES // 2**20):
                file.write(os.urandom(2**20))
            file.flush()
            os.fsync(file.fileno())
            # Whoever reads a page into memory is charged for it: that must be the processes that are limited.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.starved_machine", "--thrash", str(self._file)], start_new_session=True
        )
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(self._child.pid))
        for place, (path, limit) in enumerate(self._limits.items()):
            time.sleep(60 * place)  # the memory has to be full before its disk becomes slow
            path.write_text(limit)
        deadline = time.monotonic() + 180
        while self.avg10 < 1.25 * PRESSURE and time.monotonic() < deadline:
            time.sleep(1)

    def end(self) -> None:
        """Ends it."""
        if self._child is not None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
            self._child = None

    @property
    def _folders(self) -> set[Path]:
        return {self._group, *(path.parent for path in self._limits)}

    def __enter__(self) -> "Starvation":
        for folder in self._folders:
            folder.mkdir(exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        for folder in self._folders:
            for _ in range(50):
                with suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.1)


def thrash(path: Path) -> None:
    """Reads pages of a file by chance, some of them often, for ever, in eight processes."""
    for _ in range(3):
        os.fork()
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        while True:
            os.pread(file.fileno(), 1, int(_FILE_BYTES * random.random() ** 2))


def _server_of(home: Path, engine_id: str) -> int:
    """The process of an engine that answers."""
    return next(
        pid for pid in inhabitants(home / "run" / engine_id) if "--uds" in title(pid) and "guardian" not in title(pid)
    )


@contextmanager
def _installed(folder: Path, starvation: Starvation, engine: EngineKind) -> Iterator[SmallInstallation]:
    """Two small engines, with v1 and v2, or a vLLM with the starter, whose processes are in the group."""
    installation = SmallInstallation(folder, engine=engine, gateways=0, watch_interval_s=0.5)
    start = installation.controller.start

    def start_in_group() -> None:
        start()
        starvation.take(installation.controller.pid)

    installation.controller.start = start_in_group  # type: ignore[method-assign]
    with installation:
        if engine == "fake":
            installation.add_version(2, "full")
            installation.change(deployments.start_canary, 2, 0.1)
        installation.until_open(*((1, 2) if engine == "fake" else (1,)))
        yield installation


def run(minutes: float, folder: Path, engine: EngineKind) -> Outcome:
    """Starves an installation for so long."""
    with Starvation(folder) as starvation, _installed(folder / "home", starvation, engine) as installation:
        ids = {row.version_number: row.id for row in installation.rows()}
        servers = {number: _server_of(installation.home, engine_id) for number, engine_id in ids.items()}
        starvation.begin()
        now = time.monotonic()
        engines = [
            HeldUp([pid], _ENGINE_HELD_S, _ENGINE_RUNS_S, now + 20 * place)
            for place, pid in enumerate(servers.values(), start=1)
        ]
        controller = HeldUp([installation.controller.pid], _CONTROLLER_HELD_S, _CONTROLLER_RUNS_S, now + 30)
        seen = _watch(60 * minutes, starvation, [*engines, controller])
        for one in engines:
            one.let_go()
        time.sleep(2 * _ENGINE_RUNS_S)
        replaced = len(set(ids.values()) - {row.id for row in installation.rows()})
        hung = max(servers)
        os.kill(servers[hung], signal.SIGSTOP)
        seen += _watch(60, starvation, [controller])
        controller.let_go()
        starvation.end()
        ended = time.monotonic()
        installation.until(lambda: not _open(installation, ids[hung]))
        found_s = time.monotonic() - ended
        other = any(not _open(installation, ids[number]) for number in servers if number != hung)
    return Outcome(
        seconds=60 * minutes,
        pressure_avg10=(min(seen), statistics.median(seen), max(seen)),
        engine_held_up=sum(one.times for one in engines),
        controller_held_up=controller.times,
        healthy_replaced=replaced,
        found_s=round(found_s, 1),
        other_replaced=other,
    )


def _open(installation: SmallInstallation, engine_id: str) -> bool:
    return any(row.id == engine_id and row.state == "ready" for row in installation.rows())


def _watch(seconds: float, starvation: Starvation, held_up: list[HeldUp]) -> list[float]:
    """Holds processes up for so long; returns the pressure, once a second."""
    seen: list[float] = []
    for _ in tqdm(range(int(seconds)), unit="s", mininterval=30):
        for one in held_up:
            one.look()
        seen.append(starvation.avg10)
        time.sleep(1)
    return seen


def report(outcome: Outcome) -> list[str]:
    """The outcome as Markdown."""
    rows = [f"| {name.replace('_', ' ')} | {value} |" for name, value in asdict(outcome).items()]
    return ["| | |", "| --- | --- |", *rows, "", "All good." if outcome.good else "**Not good.**"]


def main() -> int:
    """Exit status 0 if no healthy engine was replaced, and the hung one was found in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--engine", choices=get_args(EngineKind), default="fake", help="two small ones, or a real vLLM")
    parser.add_argument("--thrash", type=Path, help="only read the pages of this file, for ever")
    options = parser.parse_args()
    if options.thrash is not None:
        thrash(options.thrash)
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        (Path(name) / "home").mkdir()
        outcome = run(options.minutes, Path(name), options.engine)
    lines = report(outcome)
    name = "starved-machine" if options.engine == "fake" else f"starved-machine-{options.engine}"
    path = results.write(name, {"outcome": asdict(outcome)}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
