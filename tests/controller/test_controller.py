"""The controller with a small engine in place of vLLM: states in the ledger, restarts, hangs, stopping."""

import asyncio
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from ledger import deployments, engines
from ledger.database import Database
from ledger.records import Engine
from server.controller.controller import Controller
from server.controller.errors import AlreadyRunning, ModelUnusable
from server.controller.lock import only_controller
from server.controller.processes import inhabitants, title
from server.controller.settings import EngineSettings
from tests.controller.controlled import controlled, ready, until

pytestmark = pytest.mark.alone


@pytest.fixture
def database(ledger_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    yield opened
    opened.close()


def process_of(home: Path, row: Engine, words: str) -> int:
    return next(
        pid for pid in inhabitants(home / "run" / row.id) if words in title(pid) and "guardian" not in title(pid)
    )


async def test_a_started_engine_is_in_the_ledger_with_all_that_a_gateway_needs(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        row = await until(database, ready)
        assert row.control_tokens == ("<|im_start|>",)
        assert row.upstream_model == f"attune@v{row.version_number}"
        assert stat.S_IMODE(Path(row.url.removeprefix("unix://")).stat().st_mode) == 0o600
        with database.read() as connection:
            assert deployments.current(connection).live_version == row.version_number


async def test_an_engine_is_ready_when_it_has_told_a_log_probability(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str]
) -> None:
    """What vLLM compiles for one must not keep people waiting."""
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        row = await until(database, ready)
        connector = aiohttp.UnixConnector(row.url.removeprefix("unix://"))
        async with aiohttp.ClientSession(connector=connector) as engine, engine.get("http://e/fake/state") as state:
            asked = (await state.json())["last"]
    assert (asked["max_tokens"], asked["logprobs"]) == (1, 0)


async def test_a_stop_leaves_neither_processes_nor_rows(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        await until(database, ready)
    assert inhabitants(tmp_path / "run") == []
    with database.read() as connection:
        assert engines.list_all(connection) == []


@pytest.mark.parametrize("victim", ["tests.fake_engine", "VLLM::EngineCore"])
async def test_a_killed_process_is_noticed_and_the_engine_is_back_by_itself(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str], victim: str
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm):
        first = await until(database, ready)
        os.kill(process_of(tmp_path, first, victim), signal.SIGKILL)
        failed = await until(database, lambda row: not ready(row), timeout_s=2)
        assert failed.id == first.id
        assert "broke down" in failed.message
        second = await until(database, lambda row: ready(row) and row.id != first.id)
        assert second.version_number == first.version_number
        assert inhabitants(tmp_path / "run" / first.id) == []


async def test_a_hanging_engine_is_killed_and_started_again(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm, stall_timeout_s=1):
        first = await until(database, ready)
        os.kill(process_of(tmp_path, first, "tests.fake_engine"), signal.SIGSTOP)
        failed = await until(database, lambda row: not ready(row), timeout_s=5)
        assert "hangs" in failed.message
        await until(database, lambda row: ready(row) and row.id != first.id)


async def test_a_busy_engine_is_not_taken_for_a_hanging_one(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm, stall_timeout_s=1):
        row = await until(database, ready)
        connector = aiohttp.UnixConnector(row.url.removeprefix("unix://"))
        async with aiohttp.ClientSession("http://engine", connector=connector) as engine:
            # Every answer, the probe's too, now takes longer than the timeout; but tokens keep coming.
            await engine.put("/fake/behaviour", json={"first_token_delay_s": 0.0, "token_delay_s": 0.2})
            body = {"model": row.upstream_model, "prompt": "x", "max_tokens": 15, "stream": True}
            async with engine.post("/v1/completions", json=body) as answer:
                await engine.put("/fake/behaviour", json={"first_token_delay_s": 60.0})
                await answer.read()
        assert (await until(database, lambda row: True)).id == row.id


async def test_an_idle_engine_stays(
    tmp_path: Path, database: Database, model_folder: Path, fake_vllm: list[str]
) -> None:
    async with controlled(tmp_path, database, model_folder, fake_vllm, stall_timeout_s=0.5):
        row = await until(database, ready)
        await asyncio.sleep(2)
        assert (await until(database, ready)).id == row.id


async def test_a_failed_start_is_one_sentence_that_names_the_log(
    tmp_path: Path, database: Database, model_folder: Path
) -> None:
    broken = ["bash", "-c", "echo 'RuntimeError: CUDA out of memory. Tried to allocate 20 GiB'; exit 1"]
    async with controlled(tmp_path, database, model_folder, broken):
        row = await until(database, lambda row: row.state == "failed")
        assert row.message.startswith("There is not enough memory for this model")
        assert f"engine-{row.id}.log" in row.message
        assert (tmp_path / "logs" / f"engine-{row.id}.log").exists()


async def test_a_crash_loop_waits_longer_and_longer(tmp_path: Path, database: Database, model_folder: Path) -> None:
    async with controlled(tmp_path, database, model_folder, ["bash", "-c", "echo start >> ../../starts; exit 3"]):
        await asyncio.sleep(3)
    assert 2 <= len((tmp_path / "starts").read_text().splitlines()) <= 5


async def test_a_start_that_takes_too_long_is_given_up(tmp_path: Path, database: Database, model_folder: Path) -> None:
    async with controlled(tmp_path, database, model_folder, ["bash", "-c", "sleep 1000"], start_timeout_s=0.3):
        row = await until(database, lambda row: row.state == "failed")
        assert "ATTUNE_START_TIMEOUT_S" in row.message


async def test_a_model_that_cannot_work_ends_the_controller(tmp_path: Path, database: Database) -> None:
    settings = EngineSettings(model=str(tmp_path / "nothing"))
    with pytest.raises(ModelUnusable, match="nothing"):
        await Controller(settings, tmp_path, database, asyncio.Event()).run()


def test_a_second_controller_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    refused = pytest.raises(AlreadyRunning, match=f"process {os.getpid()}")
    with only_controller(tmp_path), refused, only_controller(tmp_path):
        pass
    with only_controller(tmp_path):
        assert (tmp_path / "controller.lock").stat().st_mode & 0o077 == 0
