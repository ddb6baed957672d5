"""What a test run starts ends with it, however it ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.processes import ROOT

STARTS_ONE = """
import sys, time
from pathlib import Path
from tests.processes import Process
process = Process([sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"], Path(sys.argv[1]))
process.start()
process.wait_for_output("Serving")
print(process.pid, flush=True)
time.sleep(1000)
"""


def test_a_process_ends_with_the_one_that_started_it_also_when_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-c", STARTS_ONE, str(tmp_path / "log")]
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as starter:
        assert starter.stdout is not None
        child = psutil.Process(int(starter.stdout.readline()))
        assert child.is_running()
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while _alive(child):
        assert time.monotonic() < deadline, "it is still there"
        time.sleep(0.05)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
