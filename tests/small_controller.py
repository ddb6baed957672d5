"""The controller as a process that can be told to kill somebody in a step; its engines are fake ones, or vLLM.

`python -m tests.small_controller` takes Attune's own settings. `ATTUNE_HOME/kill` holds a `Kill` as JSON: when the
controller next comes to that step, the file is renamed to `killed`, and `delay_s` later the process is sent SIGKILL.
"""

import argparse
import asyncio
import functools
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ledger.database import Database
from ledger.settings import LedgerSettings
from server.canary_settings import CanarySettings
from server.controller import adapter_keeper, engine_keeper
from server.controller.canary_watch import watch_canaries
from server.controller.client import EngineClient
from server.controller.command import command
from server.controller.controller import Controller
from server.controller.engine_process import EngineProcess
from server.controller.fleet import Fleet
from server.controller.keeper import CommandOf, Keeper
from server.controller.lock import only_controller
from server.controller.processes import inhabitants, title
from server.controller.settings import EngineSettings

Step = Literal["prepare", "start", "attest", "open", "watch", "drain", "stop", "load", "unload"]
Victim = Literal["controller", "gateway", "engine"]

# What the controller enters in each step; docs/rollout.md says what the steps are.
_ENTRIES: tuple[tuple[Any, str, Step], ...] = (
    (engine_keeper, "weights_folder", "prepare"),
    (EngineProcess, "start", "start"),
    (engine_keeper, "attest", "attest"),
    (adapter_keeper, "attest", "attest"),
    (Keeper, "_opened", "open"),
    (engine_keeper, "until_it_fails", "watch"),
    (Keeper, "_drained", "drain"),
    (EngineProcess, "stop", "stop"),
    (EngineClient, "load_adapter", "load"),
    (EngineClient, "unload_adapter", "unload"),
)


@dataclass(frozen=True)
class Kill:
    """Whom to kill, in which step, and how long after it began; `gateway_pid` is the gateway's."""

    step: Step
    victim: Victim
    delay_s: float
    gateway_pid: int

    def carry_out(self, home: Path) -> None:
        """Sends SIGKILL."""
        pid = {"controller": os.getpid(), "gateway": self.gateway_pid}.get(self.victim) or _newest_engine(home)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def _newest_engine(home: Path) -> int | None:
    """The server of the engine that was started last; None while there is none."""
    folders = sorted((home / "run").iterdir(), key=lambda folder: folder.stat().st_ctime, reverse=True)
    for folder in folders:
        for pid in inhabitants(folder):
            if "--uds" in title(pid) and "guardian" not in title(pid):
                return pid
    return None


def _tripwire(step: Step, home: Path, original: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which carries out the `Kill` of its step."""

    @functools.wraps(original)
    def entered(*arguments: Any, **named: Any) -> Any:
        order = home / "kill"
        if order.exists() and (kill := Kill(**json.loads(order.read_text()))).step == step:
            order.rename(home / "killed")
            asyncio.get_running_loop().call_later(kill.delay_s, kill.carry_out, home)
        return original(*arguments, **named)

    return entered


def _lay_tripwires(home: Path) -> None:
    for owner, name, step in _ENTRIES:
        found = vars(owner)[name]
        if isinstance(found, classmethod):
            setattr(owner, name, classmethod(_tripwire(step, home, found.__func__)))
        else:
            setattr(owner, name, _tripwire(step, home, found))


def _small(behaviour: str, *_: object, model: Path, name: str, socket: Path, **__: object) -> list[str]:
    """A command like vLLM's: a server, and a process in another session that does not end with it."""
    core = "setsid bash -c 'exec -a VLLM::EngineCore sleep 1000' & "
    server = f'{core} exec {sys.executable} -m tests.fake_engine "$@"'
    options = ["--uds", str(socket), "--served-model-name", name, "--model", str(model)]
    options += ["--behaviour", behaviour]
    return ["bash", "-c", server, "engine", *options]


async def _serve(command_of: CommandOf) -> None:
    settings, ledger, stop = EngineSettings(), LedgerSettings(), asyncio.Event()
    home = ledger.home.resolve()
    _lay_tripwires(home)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with only_controller(home):
        database = Database.open(ledger.resolved_database_url, migrate=False)
        watching = asyncio.create_task(watch_canaries(database, CanarySettings(), stop))
        if settings.upstream is not None:
            await Fleet(settings, home, database, stop, first_wait_s=0.2).run()
        else:
            await Controller(settings, home, database, stop, command_of, first_wait_s=0.2).run()
        await watching
        database.close()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("fake", "vllm"), default="fake")
    parser.add_argument("--behaviour", default="{}", help="of the fake engines: fields of Behaviour as JSON")
    options = parser.parse_args()
    asyncio.run(_serve(command if options.engine == "vllm" else functools.partial(_small, options.behaviour)))


if __name__ == "__main__":
    main()
