"""What a killed process leaves in a temporary folder is cleared away, and nothing of the living."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ledger import scratch
from ledger.scratch import ScratchFolder, remove_abandoned, remove_abandoned_sockets
from server.controller.engine_process import Workplace, sweep_temporary
from tests.processes import ROOT

HOLDER = """
import sys, time
from pathlib import Path
from ledger.scratch import ScratchFolder
folder = ScratchFolder.make(Path(sys.argv[1]), "engine")
(folder.path / "engine.sock").touch()
print(folder.path, flush=True)
time.sleep(60)
"""


def test_a_folder_is_cleared_once_its_process_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().decode().strip())
        assert remove_abandoned(tmp_path) == [] and folder.is_dir()
        os.kill(holder.pid, signal.SIGKILL)
    assert remove_abandoned(tmp_path) == [folder] and not folder.exists()


def test_nothing_of_others_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "attune-home").mkdir()
    (tmp_path / ".attune-file").touch()
    (tmp_path / ".attune-link-1").symlink_to(tmp_path / "attune-home")
    ours = ScratchFolder.make(tmp_path, "engine")
    os.close(ours._descriptor)
    monkeypatch.setattr(scratch.os, "geteuid", lambda: os.getuid() + 1)
    sweep_temporary(tmp_path)
    assert ours.path.is_dir()
    monkeypatch.undo()
    sweep_temporary(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".attune-file", ".attune-link-1", "attune-home"]


def test_a_folder_that_was_cleared_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, cleared = scratch.fcntl.flock, []

    def late(descriptor: int, how: int) -> None:
        if not cleared:
            cleared.append(path := next(tmp_path.iterdir()))
            path.rmdir()
        lock(descriptor, how)

    monkeypatch.setattr(scratch.fcntl, "flock", late)
    made = ScratchFolder.make(tmp_path, "engine")
    assert cleared and made.path.is_dir() and made.path != cleared[0]
    made.remove()
    made.remove()


def test_sockets_of_the_version_before_are_cleared_where_nobody_listens(tmp_path: Path) -> None:
    dead, living, home = (tmp_path / name for name in ("attune-abcdefgh", "attune-12345678", "attune-myhome12"))
    for folder in (dead, living, home):
        folder.mkdir()
    (home / "engine.sock").touch()
    (home / "ledger.db").touch()
    with socket.socket(socket.AF_UNIX) as gone, socket.socket(socket.AF_UNIX) as here:
        gone.bind(str(dead / "engine.sock"))
        gone.close()
        here.bind(str(living / "engine.sock"))
        here.listen()
        assert remove_abandoned_sockets(tmp_path) == [dead]
    assert home.is_dir()


def test_an_engine_whose_socket_lies_elsewhere_leaves_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = Path(tempfile.mkdtemp())  # `tmp_path` is too long for a socket
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    place = Workplace.create(tmp_path / ("long" * 30), "eng_1")
    assert place.socket.parent.parent == temporary
    sweep_temporary()
    assert place.socket.parent.is_dir()
    place.remove()
    temporary.rmdir()  # it is empty
