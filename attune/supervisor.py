"""`attune up`: runs controller, gateway and chat on this machine, restarts what dies, and drains when told to stop."""

import asyncio
import faulthandler
import json
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from attune.child import KERNEL_TAKES_S, LOGGED_WITHIN_S, Child
from attune.errors import StartFailed
from attune.first_answer import first_answer
from attune.first_start import prepare_secrets
from attune.ports import require_free
from attune.progress import StartDisplay
from attune.settings import SupervisorSettings, load_chat
from chat_ui.settings import ChatUISettings, url_at
from ledger import deployments, engines
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.home_rights import make_home
from ledger.records import Engine, EngineState
from ledger.settings import LedgerSettings, config_file, load
from server.controller.download import is_hub_id
from server.controller.engine_process import sweep
from server.controller.errors import AlreadyRunning
from server.controller.lock import only_controller
from server.controller.model import inspect
from server.controller.own_thread import within
from server.controller.settings import EngineSettings
from server.controller.startup import stages
from server.controller.upstream import check_upstreams
from server.log_limits import USUAL, LogLimits
from server.retention_settings import RetentionSettings
from server.settings import GatewaySettings

_ANSWERS = "asking for a first answer"
_GIVE_UP_AFTER = 3
_KILLS_WITHIN_S = 15.0
"""So much longer than its engines have the controller may take: to kill one that does not stop."""
_SWEEP_TAKES_S = 30.0
_REST_TAKES_S = 10.0
_BY_USE: tuple[EngineState, ...] = ("ready", "starting", "draining", "failed")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run, and where."""

    home: Path
    ledger_url: str
    gateway: GatewaySettings
    engine: EngineSettings
    chat: ChatUISettings
    supervisor: SupervisorSettings
    log_limits: LogLimits = USUAL

    @classmethod
    def from_settings(cls) -> "Plan":
        """Reads every setting once, so that a mistake is reported before anything starts."""
        ledger: LedgerSettings = load(LedgerSettings)
        home = ledger.resolved_home
        parts = (load(GatewaySettings), load(EngineSettings), load_chat(), load(SupervisorSettings))
        return cls(home, ledger.resolved_database_url, *parts, load(RetentionSettings).logs)

    @property
    def gateway_url(self) -> str:
        """The gateway as it is reached from this machine."""
        return url_at(self.gateway.host, self.gateway.port)

    @property
    def chat_url(self) -> str:
        """The chat as it is reached from this machine."""
        return url_at(self.chat.ui_host, self.chat.ui_port)

    def children(self) -> list[Child]:
        """The processes, in the order in which they are to stop: nobody is to lose what it still needs."""
        environment = dict(os.environ) | {
            "ATTUNE_HOME": str(self.home),
            "ATTUNE_DATABASE_URL": self.ledger_url,
            "PYTHONUNBUFFERED": "1",
        }
        if path := config_file():
            environment["ATTUNE_CONFIG"] = str(path.resolve())
        logs, limits = self.home / "logs", self.log_limits
        drain_s, stop_s = self.gateway.drain_timeout_s + 5, self.engine.stop_timeout_s + _KILLS_WITHIN_S
        return [
            Child("gateway", "server", logs / "gateway.log", environment, drain_s, limits),
            Child("chat", "chat_ui", logs / "chat.log", environment | self._chat_environment(), 5, limits),
            Child("controller", "server.controller", logs / "controller.log", environment, stop_s, limits),
        ]

    def _chat_environment(self) -> dict[str, str]:
        """The chat's settings as variables: it cannot read `attune.toml` itself."""
        return {
            f"ATTUNE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self.chat.model_dump(mode="json").items()
        }


class Supervisor:
    """Runs a plan until a signal comes."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._children = plan.children()
        self._stop = asyncio.Event()
        self._began = utc_now()
        self._answering = False

    async def run(self) -> None:
        """Starts everything, says where it answers, and keeps it running until SIGTERM or SIGINT.

        Raises:
            EngineFailed: No upstream that is to be used can be.
            ModelUnusable: No engine can ever start with the model's folder.
            StartFailed: Something keeps the start from leading to an answer. Everything is stopped again.
        """
        if self._plan.engine.upstream:
            for problem in await check_upstreams(self._plan.engine):
                self._console.print(problem, highlight=False)
        elif not is_hub_id(self._plan.engine.model):
            inspect(Path(self._plan.engine.model).expanduser())
        database = await asyncio.to_thread(self._prepare)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        keepers: list[asyncio.Task[None]] = []
        try:
            for child in self._children:
                await child.start()
            keepers = [asyncio.create_task(self._keep(child)) for child in self._children]
            if await self._first_answer(database):
                await self._stop.wait()
        finally:
            self._end_in_time()
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await self._drain()
            await self._sweep()
            database.close()

    def _prepare(self) -> Database:
        plan = self._plan
        make_home(plan.home)
        with only_controller(plan.home):
            require_free(plan.gateway.host, plan.gateway.port, "--port (ATTUNE_PORT)")
            require_free(plan.chat.ui_host, plan.chat.ui_port, "--ui-port (ATTUNE_UI_PORT)")
        database = Database.open(plan.ledger_url)
        prepare_secrets(plan.home, database)
        return database

    async def _first_answer(self, database: Database) -> bool:
        """Waits until the gateway answers with a token; False if it was stopped before."""
        plan = self._plan
        with StartDisplay(self._console, [*stages(), _ANSWERS]) as display:
            deadline = display.elapsed_s + plan.supervisor.first_answer_timeout_s
            while not self._stop.is_set():
                engine = await asyncio.to_thread(self._engine, database)
                self._give_up_on_failures(engine)
                if engine is None and plan.engine.upstream is None and is_hub_id(plan.engine.model):
                    display.show(f"fetching {plan.engine.model} from the hub, unless it is here")
                if engine is not None:
                    display.show(_ANSWERS if engine.state == "ready" else engine.message)
                if engine is not None and engine.state == "ready":
                    key = plan.chat.ui_key_file.read_text().strip()
                    problem = await first_answer(plan.gateway_url, plan.chat_url, key)
                    if problem is None:
                        self._announce(display.elapsed_s)
                        return True
                    if display.elapsed_s > deadline:
                        raise StartFailed(f"The gateway gave no answer: {problem}. Logs: {plan.home / 'logs'}")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), 0.2)
        return False

    def _give_up_on_failures(self, engine: Engine | None) -> None:
        if engine is not None and engine.state == "failed":
            raise StartFailed(engine.message)
        for child in self._children:
            failures = child.backoff.failures
            if failures >= _GIVE_UP_AFTER or (child.module == "server.controller" and failures):
                raise StartFailed(f"The {child.name} does not start: {child.last_words()} Log: {child.log}")

    def _engine(self, database: Database) -> Engine | None:
        """The live version's engine that this run has started; of several one that is ready, if any is.

        A row from before it is of an engine that is gone.
        """
        try:
            with database.read() as connection:
                live = deployments.current(connection).live_version
                rows = engines.list_all(connection)
                found = [row for row in rows if row.version_number == live and row.started_at >= self._began]
                return min(found, key=lambda row: _BY_USE.index(row.state), default=None)
        except LedgerError:
            return None

    def _announce(self, seconds: float) -> None:
        self._answering = True
        say = self._console.print
        say(f"Attune answers after {seconds:.0f} s.", highlight=False)
        say(f"  chat   {self._plan.chat_url}", highlight=False)
        say(
            f"  API    {self._plan.gateway_url}/v1   key in {self._plan.home / 'admin.key'}",
            highlight=False,
            soft_wrap=True,
        )
        say("Ctrl-C lets running answers finish and stops everything.", highlight=False)

    async def _keep(self, child: Child) -> None:
        """Starts a child again whenever it ends."""
        while True:
            wait_s = await child.ended()
            if self._answering:  # else the start goes on or is given up, which says why
                self._console.print(f"The {child.name} ended; starting it again in {wait_s:.1f} s. Log: {child.log}")
            await asyncio.sleep(wait_s)
            await child.start()

    def _asked_to_stop(self) -> None:
        if not self._stop.is_set():
            self._stop.set()
            return
        self._console.print("Stopping at once.")
        for child in self._children:
            child.kill()

    async def _drain(self) -> None:
        if self._answering and any(child.running for child in self._children):
            self._console.print("Stopping; running answers may finish. Ctrl-C again stops at once.", highlight=False)
        for child in self._children:
            await child.stop(self._say)

    def _end_in_time(self) -> None:
        """Ends this process, and its children with it, when what follows takes longer than its bounds together."""
        each_s = KERNEL_TAKES_S + LOGGED_WITHIN_S
        bound_s = sum(child.stop_timeout_s + each_s for child in self._children) + _SWEEP_TAKES_S
        faulthandler.dump_traceback_later(bound_s + _REST_TAKES_S, exit=True)

    async def _sweep(self) -> None:
        """Kills what a controller that had to be killed has left behind: it should be nothing."""
        try:
            await within(_SWEEP_TAKES_S, self._sweep_alone)
        except (TimeoutError, OSError) as error:
            self._say(f"Whether an engine was left behind cannot be found out: {error!r}.")

    def _sweep_alone(self) -> None:
        with suppress(AlreadyRunning), only_controller(self._plan.home):
            sweep(self._plan.home, "the controller has left it behind", lambda text: self._say(f"{text}."))

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)


def up(console: Console) -> None:
    """Runs everything until it is told to stop.

    Raises:
        AttuneError: It cannot start; the message says why.
    """
    plan = Plan.from_settings()
    asyncio.run(Supervisor(plan, console).run())
