"""A controller whose loop is stuck ends by itself, and says where it stood."""

import subprocess
import sys

import pytest

from tests.processes import ROOT

PROGRAM = """
import asyncio, re, sys, time
from server.controller.loop_watch import exit_when_stuck

async def main():
    stop = asyncio.Event()
    watching = asyncio.create_task(exit_when_stuck(0.4, stop))
    await asyncio.sleep(0.8)  # longer than the bound, but not stuck
    print("well", flush=True)
    if sys.argv[1] == "stopped":
        stop.set()
        await watching
        faulthandler_cancelled()
        return
    if sys.argv[1] == "asleep":
        time.sleep(30)
    re.match(r"(a+)+$", "a" * 40 + "b")  # holds the interpreter: no other thread of Python's runs

def faulthandler_cancelled():
    import faulthandler
    faulthandler.cancel_dump_traceback_later()

asyncio.run(main())
"""


@pytest.mark.parametrize(("how", "status"), [("asleep", 1), ("interpreter held", 1), ("stopped", 0)])
def test_a_loop_that_stands_still_ends_the_process(how: str, status: int) -> None:
    command = [sys.executable, "-c", PROGRAM, how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (status, "well\n"), done.stderr
    assert ("Timeout (0:00:00.4" in done.stderr) == (status == 1)
