"""Clients of the running stack, and a gateway of its own before a fake engine."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.processes import FakeEngineProcess, GatewayProcess
from tests.stack import Stack


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    """Plain HTTP to the real stack, with the key of an app."""
    with _client(stack.base_url, stack.secrets.app) as client:
        yield client


@pytest.fixture(scope="session")
def fake_engine() -> Iterator[FakeEngineProcess]:
    """A fake engine in a process of its own; change it back after changing its behaviour."""
    folder = Path(tempfile.mkdtemp(prefix="attune-"))
    with FakeEngineProcess(folder) as engine:
        yield engine
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def gateway(fake_engine: FakeEngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """The gateway as a process of its own, before the fake engine, with an SQLite ledger."""
    home = tmp_path_factory.mktemp("gateway")
    process = GatewayProcess(home, database_url=f"sqlite:///{home / 'ledger.db'}")
    process.serve(fake_engine.url)
    process.run()
    yield process
    process.stop()


@pytest.fixture
def gateway_api(gateway: GatewayProcess) -> Iterator[httpx.Client]:
    """Plain HTTP to the gateway before the fake engine, with the key of an app."""
    with _client(gateway.base_url, gateway.secrets.app) as client:
        yield client


def _client(base_url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
