"""`attune up` with an upstream in place of an own engine: the whole system as its user starts it, without vLLM."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests import snippets
from tests.fake_engine import FakeEngine
from tests.processes import ROOT, free_port
from tests.random_model import write_random_model

# The docs' lines that are run below.
DOCUMENTED = (
    "make up",
    "ATTUNE_UPSTREAM=http://HEAD:8000/v1 ATTUNE_UPSTREAM_MODEL=base ATTUNE_UPSTREAM_FOLDER=/models/base attune up",
)


class Running:
    """An `attune up`, its ports and its processes."""

    def __init__(self, home: Path, process: asyncio.subprocess.Process, port: int, ui_port: int) -> None:
        self.home, self.process, self.port, self.ui_port = home, process, port, ui_port
        self.family: set[int] = set()

    async def said(self, words: str, timeout_s: float = 90) -> str:
        """Reads its output up to a line with `words`."""
        assert self.process.stdout is not None
        heard = ""
        async with asyncio.timeout(timeout_s):
            while words not in heard:
                line = await self.process.stdout.readline()
                assert line, f"it ended: {heard}"
                heard += line.decode()
        self.family |= {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}
        return heard

    def child(self, module: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if child.cmdline()[-1] == module)

    async def ask(self) -> int:
        """Sends one chat request; the status of the answer."""
        headers = {"Authorization": f"Bearer {(self.home / 'admin.key').read_text().strip()}"}
        body = {"model": "attune", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
        url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
        async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
            return answer.status

    async def all_gone(self, timeout_s: float = 5) -> None:
        """Waits until none of its processes is left."""
        async with asyncio.timeout(timeout_s):
            while any(_alive(pid) for pid in self.family):
                await asyncio.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@asynccontextmanager
async def attune_up(home: Path, *arguments: str) -> AsyncIterator[Running]:
    """Starts `attune up`; whatever of it is left at the end is killed."""
    async with started(home, sys.executable, "-m", "attune", "up", *arguments) as running:
        yield running


@asynccontextmanager
async def started(home: Path, *command: str, **settings: str) -> AsyncIterator[Running]:
    """Starts what runs `attune up`, with free ports; whatever of it is left at the end is killed."""
    port, ui_port = free_port(), free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    environment |= {"ATTUNE_HOME": str(home), "ATTUNE_PORT": str(port), "ATTUNE_UI_PORT": str(ui_port)}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env=environment | settings,
    )
    running = Running(home, process, port, ui_port)
    try:
        yield running
    finally:
        if process.returncode is None:
            running.family |= {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
            process.kill()
        for pid in filter(_alive, running.family):
            with suppress(ProcessLookupError):  # it ended with its parent
                os.kill(pid, signal.SIGKILL)
        await process.wait()  # which ends when nobody holds its output any more


async def test_everything_starts_with_closed_secrets_restarts_what_dies_and_drains(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with FakeEngine(port=0, model="m") as engine, attune_up(home, "--upstream", engine.url) as attune:
        said = await attune.said("Ctrl-C")
        files = [home / name for name in ("admin.key", "ui.key", "ui.secret", "ledger.db", "logs/gateway.log")]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert f"http://127.0.0.1:{attune.port}/v1" in said
        assert f"http://127.0.0.1:{attune.ui_port}" in said
        assert await attune.ask() == 200

        attune.child("server").kill()
        await attune.said("gateway ended")
        async with asyncio.timeout(30):
            while True:
                try:
                    assert await attune.ask() == 200
                    break
                except (aiohttp.ClientError, AssertionError):
                    await asyncio.sleep(0.2)

        attune.process.send_signal(signal.SIGTERM)
        await attune.said("Stopping")
        assert await asyncio.wait_for(attune.process.wait(), 30) == 0
        await attune.all_gone()


async def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    async with FakeEngine(port=0, model="m") as engine, attune_up(tmp_path, "--upstream", engine.url) as attune:
        await attune.said("Ctrl-C")
        attune.child("server").suspend()  # It will not drain.
        attune.process.send_signal(signal.SIGINT)
        await attune.said("Stopping")
        attune.process.send_signal(signal.SIGINT)
        await asyncio.wait_for(attune.process.wait(), 10)
        await attune.all_gone()


@pytest.mark.skipif(not (ROOT / ".venv" / "installed").exists(), reason="`make` would install here first")
async def test_make_up_starts_everything(tmp_path: Path) -> None:
    async with (
        FakeEngine(port=0, model="m") as engine,
        started(tmp_path, *DOCUMENTED[0].split(), ATTUNE_UPSTREAM=engine.url) as attune,
    ):
        assert f"http://127.0.0.1:{attune.ui_port}" in await attune.said("Ctrl-C")
        assert await attune.ask() == 200


async def test_the_line_for_an_external_engine_serves_it_and_its_kill_leaves_nobody_behind(tmp_path: Path) -> None:
    folder = write_random_model(tmp_path / "base")
    async with FakeEngine(port=0, model="base") as engine:
        words = snippets.words(DOCUMENTED[1], {"http://HEAD:8000": engine.url, "/models/base": str(folder)})
        settings = dict(word.split("=", 1) for word in words[:-2])
        async with started(tmp_path / "home", sys.executable, "-m", *words[-2:], **settings) as attune:
            await attune.said("Ctrl-C")
            assert await attune.ask() == 200
            assert engine.received[-1].body["model"] == "base"

            assert len(attune.family) >= 3
            attune.process.kill()
            await attune.process.wait()
            await attune.all_gone(2)


async def refused(*arguments: str, home: Path, status: int = 1) -> str:
    """What `attune up` says when it cannot start; 64 is a mistake that no later start mends."""
    async with attune_up(home, *arguments) as attune:
        output, _ = await asyncio.wait_for(attune.process.communicate(), 60)
        assert attune.process.returncode == status
        assert b"Traceback" not in output
        return output.decode()


async def test_a_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        said = await refused("--port", str(port), home=tmp_path)
    assert f"Port {port} is taken by process {os.getpid()}" in said
    assert "--port" in said


async def test_a_model_that_is_not_there_is_named_and_everything_ends(tmp_path: Path) -> None:
    said = await refused("--model", str(tmp_path / "nothing"), home=tmp_path / "home", status=64)
    assert f"no model folder {tmp_path / 'nothing'}" in said
    assert "ended" not in said  # It is said before anything was started.
    assert not (tmp_path / "home").exists()


async def test_an_architecture_that_vllm_does_not_know_is_named_in_one_line(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"architectures": ["FooForCausalLM"], "model_type": "foo"}')
    for name in ("model.safetensors", "tokenizer.json"):
        (model / name).touch()
    said = await refused("--model", str(model), home=tmp_path / "home", status=64)
    known = "attune: vLLM does not know the architecture FooForCausalLM"
    assert said.startswith(known), said


async def test_an_upstream_that_is_not_there_is_named(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    said = await refused("--upstream", address, home=tmp_path)
    assert address in said


def test_the_module_is_the_same_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "attune", "settings", "--json"], capture_output=True, cwd=ROOT, check=True
    )
    assert json.loads(done.stdout)


@pytest.mark.parametrize("name", ["admin.key", "ui.key"])
def test_a_key_that_opens_nothing_any_more_is_replaced(name: str, ledger_path: Path) -> None:
    from attune.first_start import prepare_secrets
    from ledger import keys
    from ledger.database import Database

    home = ledger_path.parent
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    prepare_secrets(home, database)
    first = (home / name).read_text()
    prepare_secrets(home, database)
    assert (home / name).read_text() == first
    with database.write() as connection:
        keys.revoke(connection, keys.prefix_of(first.strip()) or "")
    prepare_secrets(home, database)
    assert (home / name).read_text() != first
    database.close()
