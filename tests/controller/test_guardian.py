"""Nobody is left behind: the guardian, and finding an engine's processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server.controller.engine_process import EngineProcess, Workplace, sweep
from server.controller.processes import inhabitants, kill_inhabitants, title

pytestmark = pytest.mark.alone

# A server with a child in another session that ignores every polite signal, as a hung engine would.
STUBBORN = ["bash", "-c", "setsid bash -c 'trap \"\" TERM INT HUP; while :; do sleep 1; done' & exec sleep 1000"]


async def start(home: Path, command: list[str]) -> EngineProcess:
    engine = await EngineProcess.start(Workplace.create(home, "eng_1"), command, dict(os.environ))
    await wait_for(lambda: len(inhabitants(home / "run")) >= 3)
    return engine


async def wait_for(condition: object, timeout_s: float = 10) -> float:
    began = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - began < timeout_s, "it did not happen"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def pid_of(home: Path, words: str) -> int:
    return next(pid for pid in inhabitants(home / "run") if words in title(pid) and "guardian" not in title(pid))


async def test_killing_an_engine_leaves_nobody(tmp_path: Path) -> None:
    engine = await start(tmp_path, STUBBORN)
    await engine.kill()
    assert inhabitants(tmp_path / "run") == []
    assert not engine.workplace.folder.exists()


async def test_an_engine_that_ends_takes_its_orphans_with_it(tmp_path: Path) -> None:
    engine = await start(tmp_path, STUBBORN)
    os.kill(pid_of(tmp_path, "sleep 1000"), signal.SIGKILL)
    assert await wait_for(lambda: not inhabitants(tmp_path / "run")) < 2
    await wait_for(lambda: engine.status is not None)
    assert engine.status == 128 + signal.SIGKILL
    await engine.kill()


async def test_a_killed_guardian_takes_the_server_with_it_and_the_controller_kills_the_rest(tmp_path: Path) -> None:
    engine = await start(tmp_path, STUBBORN)
    server = pid_of(tmp_path, "sleep 1000")
    os.kill(engine.pid, signal.SIGKILL)
    await wait_for(lambda: server not in inhabitants(tmp_path / "run"))
    await engine.kill()
    assert inhabitants(tmp_path / "run") == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_however_the_controller_dies_its_engine_dies_within_two_seconds(
    tmp_path: Path, number: signal.Signals
) -> None:
    code = (
        "import asyncio, sys, pathlib; from tests.controller.test_guardian import *;"
        "asyncio.run(start(pathlib.Path(sys.argv[1]), STUBBORN)); print('started', flush=True); signal.pause()"
    )
    # An event loop that has ended must not have taken the engine with it: `signal.pause` keeps the parent.
    controller = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    with controller:
        assert controller.stdout is not None
        assert await asyncio.to_thread(controller.stdout.readline) == b"started\n"
        assert len(inhabitants(tmp_path / "run")) >= 3
        controller.send_signal(number)
        await asyncio.to_thread(controller.wait)
        assert await wait_for(lambda: not inhabitants(tmp_path / "run")) < 2


async def test_what_a_dead_controller_left_is_swept_away_at_the_next_start(tmp_path: Path) -> None:
    left = tmp_path / "run" / "eng_old"
    left.mkdir(parents=True)
    orphan = subprocess.Popen(["sleep", "1000"], cwd=left, start_new_session=True)
    assert sweep(tmp_path) == 1
    assert orphan.wait() == -signal.SIGKILL
    assert not left.exists()


async def test_processes_elsewhere_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "running").mkdir()
    neighbour = subprocess.Popen(["sleep", "1000"], cwd=tmp_path / "running")
    told: list[str] = []
    assert inhabitants(tmp_path / "run") == []
    assert kill_inhabitants(tmp_path / "run", "a test", told.append) == []
    assert told == []
    assert neighbour.poll() is None
    neighbour.kill()
    neighbour.wait()


async def test_a_stop_that_is_not_obeyed_becomes_a_kill(tmp_path: Path) -> None:
    engine = await start(tmp_path, ["bash", "-c", "trap '' TERM; sleep 1000 & while :; do sleep 1; done"])
    began = time.monotonic()
    await engine.stop(timeout_s=0.5)
    assert time.monotonic() - began < 5
    assert inhabitants(tmp_path / "run") == []


FORKS = """
import os, pathlib, time
if (child := os.fork()) == 0:
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    os._exit(0)
os.waitpid(child, 0)
time.sleep(1000)
"""


async def test_a_command_that_a_worker_starts_is_not_taken_for_a_lost_worker(tmp_path: Path) -> None:
    command = ["bash", "-c", f"exec -a VLLM::Worker {sys.executable} -c '{FORKS}'"]

    def workers() -> list[int]:
        return [pid for pid in inhabitants(tmp_path / "run") if title(pid).startswith("VLLM::")]

    engine = await EngineProcess.start(Workplace.create(tmp_path, "eng_1"), command, dict(os.environ))
    await wait_for(lambda: len(workers()) == 2)
    assert engine.lost_processes() == []
    (engine.workplace.folder / "go").touch()
    await wait_for(lambda: len(workers()) == 1)
    assert engine.lost_processes() == []
    [worker] = workers()
    os.kill(worker, signal.SIGKILL)
    await wait_for(lambda: not workers())
    assert engine.lost_processes() == [worker]
    await engine.kill()


async def test_state_is_closed_to_other_users(tmp_path: Path) -> None:
    place = Workplace.create(tmp_path / "home", "eng_1")
    assert place.folder.stat().st_mode & 0o077 == 0
    engine = await EngineProcess.start(place, ["bash", "-c", "touch written; sleep 1000"], dict(os.environ))
    await wait_for(lambda: (place.folder / "written").exists())
    assert (place.folder / "written").stat().st_mode & 0o077 == 0
    assert place.log.stat().st_mode & 0o777 == 0o600
    await engine.kill()


async def test_an_engine_stands_back_as_far_as_asked(tmp_path: Path) -> None:
    place = Workplace.create(tmp_path, "eng_1")
    engine = await EngineProcess.start(place, STUBBORN, dict(os.environ), niceness=7)
    await wait_for(lambda: len(inhabitants(tmp_path / "run")) >= 3)
    for pid in inhabitants(tmp_path / "run"):
        assert os.getpriority(os.PRIO_PROCESS, pid) >= 7
    session = Path(f"/proc/{engine.pid}/autogroup")
    if session.exists() and session.read_text():  # Absent where the kernel does not group tasks by session.
        assert session.read_text().split()[-2:] == ["nice", "7"]
    await engine.kill()


def test_a_long_home_gets_a_short_socket_path(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    place = Workplace.create(home, "eng_1")
    assert len(str(place.socket)) <= 107
    assert place.socket.parent.stat().st_mode & 0o077 == 0
    place.remove()
    assert not place.socket.parent.exists()


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    for number in range(15):
        place = Workplace.create(tmp_path, f"eng_{number}")
        place.log.write_text("")
        os.utime(place.log, (number, number))
    kept = {path.name for path in (tmp_path / "logs").iterdir()}
    assert kept == {f"engine-eng_{number}.log" for number in range(5, 15)}
