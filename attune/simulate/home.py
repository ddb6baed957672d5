"""Where a simulation lives: a home and an Attune of its own, or somebody's that no person has voted in."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, or_, select

from attune.errors import WrongUsage
from attune.simulate.errors import SimulationFailed
from attune.simulate.people import SOURCE
from ledger import keys
from ledger.database import Database
from ledger.raters import VOUCHES
from ledger.schema import feedback

_SETTINGS = Path(__file__).with_name("attune.toml")
_STOP_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Attune:
    """A running Attune.

    Attributes:
        url: Of its gateway.
        chat_url: Of its chat; None where that is not known.
        home: Its folder on this machine.
        environment: For commands that work on it.
        database: Its ledger.
    """

    url: str
    chat_url: str | None
    home: Path
    environment: Mapping[str, str]
    database: Database

    @property
    def admin_key(self) -> str:
        """The operator's key."""
        return (self.home / "admin.key").read_text().strip()

    @contextmanager
    def people_key(self) -> Iterator[str]:
        """A key of an app that vouches for its users, the simulated people; revoked when the block ends."""
        scopes = ("inference", "feedback", VOUCHES)
        with self.database.write() as connection:
            key, secret = keys.create(connection, name=SOURCE, owner=SOURCE, scopes=scopes)
        try:
            yield secret
        finally:
            with self.database.write() as connection:
                keys.revoke(connection, key.id)


@asynccontextmanager
async def own_attune(home: Path, say: Callable[[str], None]) -> AsyncIterator[Attune]:
    """Runs `attune up` in a fresh home while the block runs.

    Its settings are those of `attune.toml` beside this file, whatever this process has: two people who repeat a
    simulation are to see the same.

    Args:
        home: Must not be there yet, or be empty.
        say: Told how the start comes along.

    Raises:
        WrongUsage: The home holds something.
        SimulationFailed: It did not start.
    """
    if home.exists() and any(home.iterdir()):
        raise WrongUsage(f"{home} holds something already: a simulation wants a fresh --home.")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(_SETTINGS, home / "attune.toml")
    port, chat_port = _free_port(), _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")} | {
        "ATTUNE_HOME": str(home),
        "ATTUNE_CONFIG": str(home / "attune.toml"),
        "ATTUNE_PORT": str(port),
        "ATTUNE_UI_PORT": str(chat_port),
    }
    log = home / "attune-up.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "attune.bound", str(os.getpid()), "attune", "up"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for this process, which then stops that one in order
        )
    try:
        await _started(process, log, say)
        database = Database.open(f"sqlite:///{home / 'ledger.db'}", migrate=False)
        try:
            yield Attune(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{chat_port}", home, environment, database)
        finally:
            database.close()
    finally:
        await _stop(process)


@asynccontextmanager
async def given_attune(url: str, home: Path, database_url: str) -> AsyncIterator[Attune]:
    """Takes an Attune that runs already, whose home is on this machine.

    Raises:
        WrongUsage: It has never run here; or people have voted there, and their feedback is not to be mixed with
            simulated votes.
    """
    if not (home / "admin.key").is_file():
        raise WrongUsage(f"{home} is not the home of a running Attune: it has no admin.key. Set ATTUNE_HOME.")
    database = Database.open(database_url)
    try:
        if count := votes_of_people(database):
            raise WrongUsage(
                f"{home} holds {count} votes of people, which simulated ones would spoil for good. Leave --url out: "
                "then the simulation starts an Attune of its own."
            )
        yield Attune(url, None, home, dict(os.environ), database)
    finally:
        database.close()


def votes_of_people(database: Database) -> int:
    """How much feedback there is that does not come from a simulation."""
    source = feedback.c.source
    query = select(func.count()).select_from(feedback).where(or_(source.is_(None), source != SOURCE))
    with database.read() as connection:
        return int(connection.execute(query).scalar_one())


def simulated_votes(database: Database) -> int:
    """How much feedback of simulations there is."""
    query = select(func.count()).select_from(feedback).where(feedback.c.source == SOURCE)
    with database.read() as connection:
        return int(connection.execute(query).scalar_one())


async def _started(process: asyncio.subprocess.Process, log: Path, say: Callable[[str], None]) -> None:
    """Waits until `attune up` says that it answers; it gives up by itself."""
    while True:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if any(line.startswith("Attune answers") for line in lines):
            return
        if process.returncode is not None:
            raise SimulationFailed(
                f"`attune up` did not start: {lines[-1] if lines else '(it wrote nothing)'} Log: {log}"
            )
        if lines:
            say(lines[-1].split("s  ", 1)[-1])
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 0.5)


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Lets running answers finish, and kills it if that takes too long; its children end with it."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
