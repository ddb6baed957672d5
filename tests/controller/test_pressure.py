"""What the kernel says of a machine that stands still, of processes that compute, and of those it has killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from server.controller.memory import RecentOomKills
from server.controller.pressure import PressureGauge, pressure_files
from server.controller.work_meter import WorkMeter


def write_pressure(path: Path, full_s: float) -> None:
    some = "some avg10=9.00 avg60=9.00 avg300=9.00 total=99999999"
    path.write_text(f"{some}\nfull avg10=1.00 avg60=1.00 avg300=1.00 total={full_s * 1e6:.0f}\n")


def test_pressure_is_the_share_of_the_last_seconds_in_which_everybody_waited(tmp_path: Path) -> None:
    memory, disk, now = tmp_path / "memory", tmp_path / "io", 0.0
    write_pressure(memory, 100)
    write_pressure(disk, 50)
    gauge = PressureGauge([memory, disk], clock=lambda: now)
    assert gauge.share() == 0
    now = 2.0
    write_pressure(disk, 51)
    assert gauge.share() == 0.5
    now = 4.0
    write_pressure(memory, 103)
    assert gauge.share() == 0.75
    now = 8.0
    assert gauge.share() == 0
    now = 60.0  # nobody has looked for long
    write_pressure(memory, 129)
    assert gauge.share() == 0.5


def test_without_pressure_files_there_is_no_pressure(tmp_path: Path) -> None:
    assert pressure_files(tmp_path, tmp_path / "none", [tmp_path]) == []
    gauge = PressureGauge([tmp_path / "gone"])
    assert (gauge.share(), gauge.share()) == (0, 0)
    assert PressureGauge([]).share() == 0


def test_a_containers_own_pressure_counts(tmp_path: Path) -> None:
    group = tmp_path / "group" / "attune.service"
    group.mkdir(parents=True)
    write_pressure(group / "memory.pressure", 1)
    (tmp_path / "cgroup").write_text("4:memory:/elsewhere\n0::/attune.service\n")
    found = pressure_files(tmp_path / "proc", tmp_path / "cgroup", [tmp_path / "group"])
    assert found == [group / "memory.pressure"]


def test_this_machines_files_can_be_read() -> None:
    gauge = PressureGauge()
    assert gauge.share() == 0
    assert 0 <= gauge.share() <= 1


def test_work_is_what_threads_compute_and_neither_sleep_nor_stop() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    idle = subprocess.Popen(["sleep", "1000"])
    meters = {process.pid: WorkMeter(lambda pid=process.pid: [pid]) for process in (busy, idle)}
    try:
        for meter in meters.values():
            assert meter.work() == (0, 0)
        time.sleep(0.3)
        assert sum(meters[busy.pid].work()) > 0.15  # on a core, or in the queue for one
        assert sum(meters[idle.pid].work()) < 0.1
        os.kill(busy.pid, signal.SIGSTOP)
        time.sleep(0.1)
        meters[busy.pid].work()
        time.sleep(0.2)
        assert meters[busy.pid].work() == (0, 0)
    finally:
        for process in (busy, idle):
            process.kill()
            process.wait()


def test_kills_for_want_of_memory_are_recent_for_two_looks(tmp_path: Path) -> None:
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("pgfault 5\noom_kill 7\n")
    kills = RecentOomKills(vmstat)
    assert not kills.any
    vmstat.write_text("oom_kill 8\n")
    assert kills.any
    kills.look()
    assert kills.any
    kills.look()
    assert not kills.any
    assert not RecentOomKills(tmp_path / "none").any
