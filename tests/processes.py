"""The processes that tests and benchmarks start: the gateway alone, the fake engine, and all of `attune up`.

Each runs in a session of its own, so that it can be killed with all its children, and writes its output to a file. What
is ours ends with the test run or benchmark that started it, also when that is killed.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from ledger import engines, keys, versions
from ledger.database import Database
from ledger.records import Engine
from server.controller.processes import kill_inhabitants

ROOT = Path(__file__).resolve().parents[1]


class NotStarted(Exception):
    """A process ended, or did not answer, before it was ready; the message ends with its output."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def kill_all_in(folder: Path) -> None:
    """Ends what is left of a test's engines: every process that works in `folder`."""
    kill_inhabitants(folder, "the test is over", lambda said: None)


class Process:
    """A child process with its own session and log file.

    One that runs a module of this Python (`[sys.executable, "-m", …]`) is killed by the kernel when the thread that
    started it ends.

    Attributes:
        command: What is run.
        environment: Set besides what is inherited; our own settings (`ATTUNE_*`) are not inherited.
        log: Its standard output and error, kept over restarts.
    """

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.command = command
        self.log = log
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")}
        self.environment = {**inherited, **(environment or {})}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process.

        Raises:
            NotStarted: It does not run.
        """
        if self._child is None:
            raise NotStarted(f"{self.command} was not started")
        return self._child.pid

    def start(self) -> None:
        """Start it, without waiting for anything."""
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                _bound(self.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=ROOT,
                start_new_session=True,
            )

    def wait_for(self, client: httpx.Client, path: str, timeout_s: float = 60) -> None:
        """Wait until `path` answers 200.

        Raises:
            NotStarted: The process ended, or `timeout_s` passed.
        """

        def answers() -> bool:
            try:
                return client.get(path).status_code == 200
            except httpx.HTTPError:
                return False

        self._wait_until(answers, f"{path} answers 200", timeout_s)

    def wait_for_output(self, text: str, timeout_s: float = 60) -> None:
        """Wait until it has written `text`.

        Raises:
            NotStarted: The process ended, or `timeout_s` passed.
        """
        self._wait_until(lambda: text in self.log.read_text(errors="replace"), f"it writes {text!r}", timeout_s)

    def _wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self._child is None or self._child.poll() is not None:
                raise NotStarted(f"{self.command} ended before {what}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise NotStarted(f"{self.command}: {timeout_s} s have passed before {what}:\n{self.tail()}")
            time.sleep(0.05)

    def stop(self, timeout_s: float = 20) -> int:
        """Ask it to end; after `timeout_s` kill it with its children.

        Returns:
            Its exit status, negative for the signal that ended it.
        """
        if self._child is None:
            return 0
        if self._child.poll() is None:
            self._child.terminate()
        try:
            status = self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = self.kill()
        self._child = None
        return status

    def kill(self) -> int:
        """SIGKILL to it and its children, at once.

        Returns:
            Its exit status.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        child, self._child = self._child, None
        return child.wait() if child is not None else 0

    def tail(self, lines: int = 40) -> str:
        """The end of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _bound(command: list[str]) -> list[str]:
    """The command, made to end with this process where it runs a module of this Python."""
    if command[:2] != [sys.executable, "-m"]:
        return command
    return [sys.executable, "-m", "attune.bound", str(os.getpid()), *command[2:]]


class FakeEngineProcess(Process):
    """The fake engine as a process, so that it survives the gateway and can be killed itself."""

    def __init__(self, folder: Path, name: str = "engine") -> None:
        self.socket = folder / f"{name}.sock"
        super().__init__([sys.executable, "-m", "tests.fake_engine", "--uds", str(self.socket)], folder / f"{name}.log")
        self.client = httpx.Client(transport=httpx.HTTPTransport(uds=str(self.socket)), base_url="http://engine")

    @property
    def url(self) -> str:
        """As the ledger's `engines` table writes it."""
        return f"unix://{self.socket}"

    def behave(self, **behaviour: object) -> None:
        """Change the behaviour; see `tests.fake_engine.Behaviour`."""
        self.client.put("/fake/behaviour", json=behaviour).raise_for_status()

    def state(self) -> dict[str, int]:
        """What it has seen: `running`, `most_running`, `received`, `generated`."""
        counts: dict[str, int] = self.client.get("/fake/state").raise_for_status().json()
        return counts

    def __enter__(self) -> Self:
        self.start()
        self.wait_for_output("fake engine on")  # httpx leaks its socket when nobody listens on a unix socket
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.client.close()
        self.kill()
        self.socket.unlink(missing_ok=True)


@dataclass(frozen=True)
class Secrets:
    """Secrets of the keys that a test run uses.

    Attributes:
        app: Scopes inference and feedback, owner `acme`.
        inference: Scope inference only, owner `acme`.
        admin: All scopes, owner `acme`.
        limited: As `app`, with two requests a minute.
        stranger: As `app`, of another owner.
        vouching: As `app`, and vouches for the people it names.
    """

    app: str
    inference: str
    admin: str
    limited: str
    stranger: str
    vouching: str


def make_keys(database: Database) -> Secrets:
    """Make the keys of `Secrets` in a ledger."""
    both = ("inference", "feedback")
    with database.write() as connection:

        def secret(name: str, owner: str, scopes: tuple[str, ...], rpm: int | None = None) -> str:
            return keys.create(connection, name=name, owner=owner, scopes=scopes, requests_per_minute=rpm)[1]

        return Secrets(
            app=secret("app", "acme", both),
            inference=secret("inference", "acme", ("inference",)),
            admin=secret("admin", "acme", (*both, "admin")),
            limited=secret("limited", "acme", both, 2),
            stranger=secret("stranger", "globex", both),
            vouching=secret("vouching", "acme", (*both, "vouch")),
        )


class GatewayProcess(Process):
    """The gateway alone, in front of an engine that somebody else runs.

    Attributes:
        secrets: Keys to call it with.
        base_url: Of the API, ending in `/v1`.
    """

    def __init__(self, folder: Path, *, database_url: str, **settings: object) -> None:
        self.database_url = database_url
        self.port = free_port()
        self.root_url = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.root_url}/v1"
        environment = {"ATTUNE_HOME": str(folder), "ATTUNE_DATABASE_URL": database_url, "ATTUNE_PORT": str(self.port)}
        environment |= {f"ATTUNE_{name.upper()}": str(value) for name, value in settings.items()}
        super().__init__([sys.executable, "-m", "server"], folder / "gateway.log", environment)
        self.secrets = self._make_keys()

    def serve(self, engine_url: str) -> None:
        """Write the engine into the ledger, as a controller would."""
        database = Database.open(self.database_url)
        with database.write() as connection:
            version = versions.register_base(connection, path="/models/fake", sha256="f" * 64)
            tokens = ("<|im_start|>", "<|im_end|>")
            engine = Engine("engine_test", engine_url, version.number, "ready", control_tokens=tokens)
            engines.upsert(connection, engine)
        database.close()

    def _make_keys(self) -> Secrets:
        database = Database.open(self.database_url)
        try:
            return make_keys(database)
        finally:
            database.close()

    def run(self, timeout_s: float = 60) -> None:
        """Start it and wait until it is ready."""
        self.start()
        with httpx.Client(base_url=self.root_url) as client:
            self.wait_for(client, "/health/ready", timeout_s)
