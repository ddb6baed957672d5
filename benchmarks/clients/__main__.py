"""`python -m benchmarks.clients`: which clients work. What was tried stays in `build/clients` until all is."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

from benchmarks import results
from benchmarks.clients.catalogue import CLIENTS, Client
from benchmarks.clients.environments import Environments
from benchmarks.clients.report import lines
from benchmarks.clients.trial import Cell, Upstream, try_client
from tests.processes import ROOT, GatewayProcess, Process, free_port
from tests.stack import Stack

KEPT = ROOT / "build" / "clients"
START_S = 600


@contextmanager
def scripted() -> Iterator[Upstream]:
    """A gateway in front of the scripted engine."""
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        folder, port = Path(name), free_port()
        engine = Process([sys.executable, "-m", "benchmarks.clients.scripted_engine", str(port)], folder / "engine.log")
        gateway = GatewayProcess(folder, database_url=f"sqlite:///{folder / 'ledger.db'}")
        engine.start()
        try:
            engine.wait_for_output("scripted engine on")
            gateway.serve(f"http://127.0.0.1:{port}")
            gateway.run()
            yield Upstream("scripted", gateway.base_url, gateway.secrets.app)
        finally:
            gateway.stop()
            engine.kill()


@contextmanager
def real() -> Iterator[Upstream]:
    """Attune with vLLM and the starter."""
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        stack = Stack(Path(name))
        stack.run(START_S)
        try:
            yield Upstream("vLLM", stack.base_url, stack.secrets.app)
        finally:
            stack.stop()


UPSTREAMS: dict[str, Callable[[], AbstractContextManager[Upstream]]] = {"scripted": scripted, "vLLM": real}


def main() -> None:
    """Install, run, and write the table."""
    options = _options()
    chosen = [c for c in CLIENTS if not options.only or any(word in c.name for word in options.only)]
    environments = Environments(options.environments)
    versions = {}
    for client in chosen:
        print(f"installing {client.name}", flush=True)
        versions[client.name] = environments.install(client)
    for name in options.upstreams:
        left = [client for client in chosen if not _kept(name, client).exists()]
        running = Upstream(name, options.url, options.key_file.read_text().strip()) if options.url else None
        if left:
            with nullcontext(running) if running else UPSTREAMS[name]() as upstream:
                for client in left:
                    _keep(client, upstream, try_client(client, environments, upstream))
    if len(chosen) == len(CLIENTS):
        _write(options.upstreams, versions)
        for name in options.upstreams:
            shutil.rmtree(KEPT / name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", help="words of the names of clients")
    parser.add_argument("--upstreams", nargs="+", choices=list(UPSTREAMS), default=list(UPSTREAMS))
    parser.add_argument("--url", help="ending in /v1, of an Attune that runs already, in place of one that is started")
    parser.add_argument("--key-file", type=Path, help="with a key for it")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "attune-clients")
    return parser.parse_args()


def _kept(upstream: str, client: Client) -> Path:
    return KEPT / upstream / f"{client.environment}.json"


def _keep(client: Client, upstream: Upstream, cells: dict[str, Cell]) -> None:
    failed = {case: cell.reason for case, cell in cells.items() if cell.state == "fails"}
    print(f"{upstream.name}: {client.name}: {f'fails: {failed}' if failed else 'works'}", flush=True)
    path = _kept(upstream.name, client)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({case: asdict(cell) for case, cell in cells.items()}))


def _write(upstreams: list[str], versions: dict[str, dict[str, str]]) -> None:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    cells = {
        client.name: {name: json.loads(_kept(name, client).read_text()) for name in upstreams} for client in CLIENTS
    }
    tried = [
        (client, {at: {case: Cell(**cell) for case, cell in found.items()} for at, found in cells[client.name].items()})
        for client in CLIENTS
    ]
    name = "clients" if len(upstreams) == len(UPSTREAMS) else f"clients-{'-'.join(upstreams).lower()}"
    print(results.write(name, {"cells": cells, "versions": versions, "node": node}, lines(tried, node)))


if __name__ == "__main__":
    main()
