"""The Dockerfile's own steps in a clean Debian tree, and the processes of the image that comes out of them.

    python -m benchmarks.image_steps [--work-dir DIR] [--bind PATH]

For machines without a container engine. Every RUN, COPY, ENV and USER of the target `gateway` and of the stages that it
stands on is taken from the Dockerfile. Then the processes of deploy/compose.yaml that this image runs are started with
the commands from there, as the image's user, with a read-only root file system, in a network namespace of their own,
before a fake engine: tables and keys, controller, gateway, chat. They are asked for an answer, take a vote, pass their
health checks, and stop.

What differs from an image: Debian's own Python of the same minor version in place of the one of the base image, and no
seccomp profile. Needs root and debootstrap.
"""

import argparse
import asyncio
import ctypes
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks import dockerfile, results
from benchmarks.clean_tree import Builder, StepFailed, Tree
from tests.fake_engine import FakeEngine

ROOT = Path(__file__).resolve().parents[1]
TARGET = "gateway"
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


class Image:
    """The tree of the target, with a home volume, and what runs in it."""

    def __init__(self, tree: Tree, volume: Path) -> None:
        self._tree, self.volume = tree, volume

    def run(self, command: Sequence[str], **extra: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        closed = self._tree.closed_command(command, self.volume, extra=extra)
        return subprocess.run(closed, capture_output=True, text=True, timeout=120, check=False)

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


def main() -> int:
    """Builds, starts, asks, and writes what was seen; 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--work-dir", type=Path, help="folder of the trees, kept; by default a new one, removed at the end"
    )
    parser.add_argument(
        "--bind", action="append", default=[], help="of this machine, for the steps: wheels, for example"
    )
    given = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("image_steps: chroot and mount need root")
    with tempfile.TemporaryDirectory(prefix="attune-image-", dir="/var/tmp") as scratch:
        work = given.work_dir or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        steps = dockerfile.read(ROOT / "Dockerfile")
        release = re.sub(r".*slim-", "", steps.base_image(TARGET))
        builder = Builder(steps, ROOT, work, release, given.bind)
        try:
            tree = builder.build(TARGET)
        except StepFailed as error:
            sys.exit(f"image_steps: {error}")
        figures = {"seconds": builder.seconds, **_contents(tree)}
        volume = Path(scratch) / "volume"
        subprocess.run(["cp", "--archive", f"{tree.root}{tree.environment['ATTUNE_HOME']}", str(volume)], check=True)
        _own_network()
        figures |= asyncio.run(_serve(Image(tree, volume), steps, Path(scratch)))
    path = results.write("image-steps", figures, _report(figures, release))
    sys.stdout.write(path.read_text())
    return 0 if all(figures["seen"].values()) else 1


def _contents(tree: Tree) -> dict[str, Any]:
    installed = tree.root / "opt/attune"
    packages = list(installed.glob(".venv/lib/python*/site-packages/*.dist-info"))
    size = subprocess.run(
        ["du", "--summarize", "--block-size=1M", str(installed)], capture_output=True, text=True, check=True
    )
    return {"packages": len(packages), "installed_mib": int(size.stdout.split()[0])}


def _own_network() -> None:
    """Moves this process into a network namespace in which it alone is, so that every port is free."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket() as any_socket:
        request = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP))


async def _serve(image: Image, steps: dockerfile.Dockerfile, logs: Path) -> dict[str, Any]:
    async with FakeEngine(port=0, model="base") as engine:
        return await asyncio.to_thread(_use, image, steps, logs, engine.url)


def _use(image: Image, steps: dockerfile.Dockerfile, logs: Path, engine_url: str) -> dict[str, Any]:
    """Starts what the Compose file starts of this image, and uses it as people do."""
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    command, check = steps.last(TARGET, "CMD"), steps.last(TARGET, "HEALTHCHECK")
    assert command is not None and check is not None
    health = json.loads(check.value.partition("CMD ")[2])
    seen = {
        "a file outside the volumes cannot be written": image.run(["touch", "/opt/attune/file"]).returncode != 0,
        "torch is not there": image.run(["python", "-c", "import torch"]).returncode != 0,
        "attune prepare": _ok(image.run(services["prepare"]["command"])),
    }
    began = time.monotonic()
    with (
        image.running(["python", "-m", "server.controller"], logs / "controller", ATTUNE_UPSTREAM=engine_url),
        image.running(command.words(), logs / "gateway") as gateway,
        image.running(services["chat"]["command"], logs / "chat", ATTUNE_GATEWAY_URL="http://127.0.0.1:8000") as chat,
    ):
        api = httpx.Client(base_url="http://127.0.0.1:8000", trust_env=False, timeout=60)
        page = httpx.Client(base_url="http://127.0.0.1:7860", trust_env=False)
        seen["gateway ready"] = _answers(api, "/health/ready")
        ready_s = time.monotonic() - began
        seen["chat answers"] = _answers(page, "/")
        chat_s = time.monotonic() - began
        api.headers["Authorization"] = f"Bearer {(image.volume / 'admin.key').read_text().strip()}"
        body = {"model": "attune", "messages": [{"role": "user", "content": "Hello"}]}
        answer = api.post("/v1/chat/completions", json=body)
        seen["an answer"] = answer.status_code == 200
        vote = api.post("/v1/feedback", json={"completion_id": answer.json().get("id"), "value": 1})
        seen["a vote"] = vote.status_code == 200
        seen["health check of the image"] = _ok(image.run(health))
        seen["health check of the chat"] = _ok(image.run(services["chat"]["healthcheck"]["test"][1:]))
        seen["attune status --check"] = _ok(image.run(["attune", "status", "--check"]))
        seen["attune backup"] = _ok(image.run(["attune", "backup", "/var/lib/attune/copy.backup"]))
        memory = {name: _resident_mib(process.pid) for name, process in (("gateway", gateway), ("chat", chat))}
        gateway.send_signal(signal.SIGTERM)
        seen["the gateway ends with 0 after SIGTERM"] = gateway.wait(60) == 0
    for log in () if all(seen.values()) else sorted(logs.glob("*")):
        if log.is_file():
            sys.stderr.write(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}\n")
    return {"ready_s": round(ready_s, 1), "chat_s": round(chat_s, 1), "resident_mib": memory, "seen": seen}


def _ok(done: "subprocess.CompletedProcess[str]") -> bool:
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    return done.returncode == 0


def _answers(client: httpx.Client, path: str, timeout_s: float = 120) -> bool:
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


def _resident_mib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


def _report(figures: dict[str, Any], release: str) -> list[str]:
    steps = [f"| {name} | {seconds} |" for name, seconds in figures["seconds"].items()]
    seen = [f"| {what} | {'yes' if so else '**no**'} |" for what, so in figures["seen"].items()]
    memory = ", ".join(f"{name} {mib} MiB" for name, mib in figures["resident_mib"].items())
    return [
        f"The steps of the target `{TARGET}` of the Dockerfile in a clean Debian {release}, with Debian's own",
        "Python; no container engine was used.",
        "",
        "| step | seconds |",
        "| --- | --- |",
        *steps,
        "",
        f"Installed: {figures['packages']} packages, {figures['installed_mib']} MiB with bytecode. As user 10001,",
        f"with a read-only root file system, the gateway was ready after {figures['ready_s']} s and the chat after",
        f"{figures['chat_s']} s, started together; resident: {memory}.",
        "",
        "| seen | |",
        "| --- | --- |",
        *seen,
    ]


if __name__ == "__main__":
    sys.exit(main())
