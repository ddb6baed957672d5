"""Controller, gateways and engines as processes over one ledger, for tests and benchmarks.

The engines are fake ones, or real vLLM engines that serve the starter.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import httpx
from sqlalchemy import insert, update

from ledger import deployments, engines
from ledger.clock import utc_now
from ledger.database import Database
from ledger.deployments import Change
from ledger.records import Deployment, Engine, VersionForm
from ledger.schema import model_versions
from server.controller.settings import STARTER
from tests.fake_wire import logprobs_of
from tests.processes import ROOT, GatewayProcess, NotStarted, Process, Secrets, kill_all_in

EngineKind = Literal["fake", "vllm"]

WHY = Change("op", "a benchmark")
_TOKENS = [[1, 2, 3, 4], [5, 6, 7]]


class SmallInstallation:
    """Use it as a context manager; v1 is live inside.

    Attributes:
        home: Its ATTUNE_HOME, with a short path because of the engines' sockets.
        database: Its ledger.
        controller: The process of `tests.small_controller`.
        gateways: As many as were asked for.
        longest_s: How long an engine may take to come or go.
    """

    def __init__(
        self,
        home: Path,
        *,
        engine: EngineKind = "fake",
        database_url: str | None = None,
        gateways: int = 1,
        behaviour: dict[str, object] | None = None,
        **settings: object,
    ) -> None:
        """Starts nothing yet; `behaviour` is the fake engines' (`fake_engine.Behaviour`), `settings` are Attune's."""
        self.home = home
        self.longest_s = 60.0 if engine == "fake" else 300.0
        url = database_url or f"sqlite:///{home / 'ledger.db'}"
        self.database = Database.open(url)
        folders = [home / f"gateway{number}" for number in range(gateways)]
        for folder in folders:
            folder.mkdir()
        self.gateways = [GatewayProcess(folder, database_url=url) for folder in folders]
        environment = {"ATTUNE_HOME": str(home), "ATTUNE_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
        fake = {"model": self._model("base", "weights"), "watch_interval_s": 0.1, "stop_timeout_s": 3}
        chosen = (fake if engine == "fake" else {"model": STARTER, "enforce_eager": True}) | settings
        environment |= {f"ATTUNE_{name.upper()}": str(value) for name, value in chosen.items()}
        program = [sys.executable, "-m", "tests.small_controller", "--engine", engine]
        program += ["--behaviour", json.dumps(behaviour or {})]
        self.controller = Process(program, home / "controller.log", environment)

    @property
    def environment(self) -> Mapping[str, str]:
        """For other processes of the same installation, such as the command line."""
        return self.controller.environment

    @property
    def secrets(self) -> Secrets:
        """Keys to call the gateways with."""
        return self.gateways[0].secrets

    @property
    def base_url(self) -> str:
        """Of the first gateway's API."""
        return self.gateways[0].base_url

    def __enter__(self) -> Self:
        self.controller.start()
        for gateway in self.gateways:
            gateway.start()
        self.until(lambda: all(row.state == "ready" for row in self.rows()) and bool(self.rows()))
        for gateway in self.gateways:
            with httpx.Client(base_url=gateway.root_url, trust_env=False) as client:
                gateway.wait_for(client, "/health/ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.controller.stop()
        for gateway in self.gateways:
            gateway.kill()
        kill_all_in(self.home / "run")
        self.database.close()

    def add_version(self, number: int, form: VersionForm) -> None:
        """Registers a version over v1 that passed the gate; for fake engines."""
        weights = f"weights of v{number}"
        if form == "adapter":
            folder = self.home / "versions" / str(number)
            folder.mkdir(parents=True)
            (folder / "adapter_model.safetensors").write_text(weights)
        else:
            folder = self._model(f"v{number}", weights)
        texts = [{"token_ids": ids, "logprobs": logprobs_of(weights, ids)} for ids in _TOKENS]
        row = {"number": number, "parent_number": 1, "form": form, "path": str(folder), "sha256": weights}
        more = {"state": "passed", "created_at": utc_now(), "probe": {"texts": texts}}
        with self.database.write() as connection:
            connection.execute(insert(model_versions).values(row | more))

    def readmit(self, number: int) -> None:
        """Lets a version be tried that was rolled back before."""
        with self.database.write() as connection:
            connection.execute(update(model_versions).where(model_versions.c.number == number).values(state="passed"))

    def change(self, operation: Callable[..., object], *arguments: object) -> None:
        """Changes desired state, as the API does."""
        with self.database.write() as connection:
            operation(connection, *arguments, WHY)

    def rows(self) -> list[Engine]:
        """What the controller says of the engines."""
        with self.database.read() as connection:
            return engines.list_all(connection)

    def deployment(self) -> Deployment:
        """Desired state."""
        with self.database.read() as connection:
            return deployments.current(connection)

    def open_versions(self) -> dict[int, str]:
        """The state of each version's newest engine."""
        return {row.version_number: row.state for row in reversed(self.rows())}

    def until(self, condition: Callable[[], bool]) -> float:
        """Waits, `longest_s` at most, and returns how many seconds it took.

        Raises:
            NotStarted: It took too long; the message ends with the controller's log.
        """
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > self.longest_s:
                found = [(row.version_number, row.state, row.message) for row in self.rows()]
                raise NotStarted(f"{self.longest_s} s have passed; engines: {found}\n{self.controller.tail()}")
            time.sleep(0.02)
        return time.monotonic() - began

    def until_open(self, *numbers: int) -> float:
        """Waits until just these versions are open; returns how many seconds it took."""
        return self.until(lambda: self.open_versions() == dict.fromkeys(numbers, "ready"))

    def _model(self, name: str, weights: str) -> Path:
        """What passes for a model's folder."""
        folder = self.home / "models" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
        (folder / "model.safetensors").write_text(weights)
        (folder / "tokenizer.json").write_text("{}")
        return folder
