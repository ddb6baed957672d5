"""All of Attune as a user starts it: `attune up` with a real vLLM. One per test run: an engine takes a minute."""

import subprocess
import sys
from pathlib import Path

import httpx
import psutil

from ledger import engines
from ledger.database import Database
from ledger.records import Engine
from tests.processes import ROOT, NotStarted, Process, Secrets, free_port, make_keys

STARTER = ROOT / "models" / "starter"
START_TIMEOUT_S = 240


class Stack(Process):
    """A running `attune up` on free ports and in a folder of its own.

    Attributes:
        home: Its ATTUNE_HOME.
        root_url: Of the gateway.
        base_url: Of the API, ending in `/v1`.
        ui_url: Of the chat.
        secrets: Keys to call it with.
        database_url: Of its ledger.
        compiled: Where torch keeps the kernels that it compiles: empty at first, as on a fresh machine.
    """

    def __init__(self, folder: Path, model: Path | None = None, **settings: object) -> None:
        """Start nothing yet. Without a `model`, the starter is served; `settings` are Attune's own."""
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self.compiled = folder / "compiled"
        port, ui_port = free_port(), free_port()
        self.root_url = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.root_url}/v1"
        self.ui_url = f"http://127.0.0.1:{ui_port}"
        self.database_url = f"sqlite:///{self.home / 'ledger.db'}"
        environment = {
            "ATTUNE_HOME": str(self.home),
            "ATTUNE_PORT": str(port),
            "ATTUNE_UI_PORT": str(ui_port),
            "ATTUNE_MODEL": str(model or model_folder(folder)),
            "ATTUNE_ENFORCE_EAGER": "true",
            "ATTUNE_KV_CACHE_GIB": "1",
            "TORCHINDUCTOR_CACHE_DIR": str(self.compiled),
        }
        environment |= {f"ATTUNE_{name.upper()}": str(value) for name, value in settings.items()}
        super().__init__([sys.executable, "-m", "attune", "up"], folder / "attune.log", environment)

    def run(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start it, and wait until it answers."""
        self.start()
        try:
            with httpx.Client(base_url=self.root_url) as client:
                self.wait_for(client, "/health/ready", timeout_s)
            with httpx.Client(base_url=self.ui_url) as client:
                self.wait_for(client, "/", 60)
        except BaseException:
            self.kill()
            raise
        database = self.open_ledger()
        self.secrets: Secrets = make_keys(database)
        database.close()
        self._wait_for_keys()

    def open_ledger(self) -> Database:
        """Its ledger, to look at what was recorded; the caller closes it."""
        return Database.open(self.database_url, migrate=False)

    def engine(self) -> Engine | None:
        """The engine that is ready now; None if there is none."""
        database = self.open_ledger()
        with database.read() as connection:
            ready = engines.serving(connection)
        database.close()
        return ready[0] if ready else None

    def engine_socket(self) -> Path:
        """The unix socket of the engine that is ready now."""
        engine = self.engine()
        assert engine is not None, "no engine is ready"
        return Path(engine.url.removeprefix("unix://"))

    def engine_client(self) -> httpx.Client:
        """A client of the engine itself, past the gateway."""
        transport = httpx.HTTPTransport(uds=str(self.engine_socket()))
        return httpx.Client(transport=transport, base_url="http://engine", timeout=60)

    def engine_running(self) -> float:
        """How many requests the engine itself says it is working on."""
        with self.engine_client() as engine:
            lines = engine.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("vllm:num_requests_running{"))

    def gateway_pid(self) -> int:
        """The process that listens on the gateway's port."""
        port = int(self.root_url.rsplit(":", 1)[1])
        for process in psutil.Process(self.pid).children(recursive=True):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return process.pid
        raise NotStarted(f"no child of {self.pid} listens on port {port}")

    def gateway_log(self) -> str:
        """What the gateway has logged."""
        return (self.home / "logs" / "gateway.log").read_text(errors="replace")

    def _wait_for_keys(self) -> None:
        headers = {"Authorization": f"Bearer {self.secrets.stranger}"}
        with httpx.Client(base_url=self.root_url, headers=headers) as client:
            self.wait_for(client, "/v1/models", 10)


def model_folder(folder: Path) -> Path:
    """The starter model; or a tiny random one, made in `folder`, where there is no starter model."""
    if (STARTER / "config.json").exists():
        return STARTER
    model = folder / "tiny-model"
    # In a process of its own: torch would stay in memory for the whole run.
    subprocess.run([sys.executable, "-m", "tests.random_model", str(model)], check=True, cwd=ROOT, capture_output=True)
    return model
