"""One simulation from start to report."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from alignment.config import AlignConfig
from attune import output
from attune.simulate.api import Api
from attune.simulate.chatting import Street
from attune.simulate.display import Display
from attune.simulate.errors import SimulationFailed
from attune.simulate.figures import Around, figures
from attune.simulate.home import Attune, simulated_votes
from attune.simulate.loop import Plan, needed, play
from attune.simulate.people import gather
from attune.simulate.questions import questions
from attune.simulate.report import write
from attune.simulate.steps import RealSteps
from attune.simulate.taste import Taste
from ledger import audit, deployments, versions
from ledger.clock import for_file_name, utc_now
from ledger.records import AuditEntry

_KEY_WORKS_WITHIN_S = 30.0
_TIMEOUT_S = 120.0
_AUDIT_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Job:
    """What the command line asks for.

    Attributes:
        plan: What is simulated.
        config: Of the alignment runs.
        attune: Starts or takes the Attune; it is given whom to tell how that comes along.
        keep: Whether it runs on after the report, until Ctrl-C.
    """

    plan: Plan
    config: AlignConfig
    attune: Callable[[Callable[[str], None]], AbstractAsyncContextManager[Attune]]
    keep: bool


async def simulate(job: Job) -> Path:
    """Simulates, writes the report, says where it is, and returns its path.

    Raises:
        AttuneError: It could not come to its end; the message says why.
    """
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        with Display(output.err, job.plan.rounds) as display:
            with display.step("starting Attune", None) as step:
                attune = await stack.enter_async_context(job.attune(step.tell))
            report = await _play(job, attune, display, began)
        output.say(f"report  {report}")
        await _say_addresses(attune)
        if job.keep:
            output.say("Attune goes on until Ctrl-C.")
            await _interrupted()
    return report


async def _play(job: Job, attune: Attune, display: Display, began: float) -> Path:
    plan = job.plan
    with display.step("gathering people and their questions", None):
        taste = await asyncio.to_thread(Taste.of_the_starter)
        asked = await asyncio.to_thread(questions, needed(plan), plan.seed)
    before, started = simulated_votes(attune.database), utc_now()
    async with _clients(attune) as api:
        steps = RealSteps(attune, Street(api, taste, plan.crowd), plan, job.config, display)
        story = await play(plan, steps, gather(plan.crowd, plan.seed), asked, began)
    around = Around(
        base_model=_base_model(attune),
        began=started,
        ended=utc_now(),
        minutes=(time.monotonic() - began) / 60,
        stored_votes=simulated_votes(attune.database) - before,
        entries=_entries(attune),
    )
    folder = attune.home / "simulation" / f"report-{for_file_name(started)}"
    return await asyncio.to_thread(write, folder, figures(plan, story, api, around))


@asynccontextmanager
async def _clients(attune: Attune) -> AsyncIterator[Api]:
    """The API with a key of the people's app and the operator's; it waits until the gateway knows the new key."""
    with attune.people_key() as secret:
        async with _client(attune, secret) as people, _client(attune, attune.admin_key) as operator:
            for client in (people, operator):
                await _key_works(client, attune)
            yield Api(people, operator)


def _client(attune: Attune, secret: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.AsyncClient(base_url=attune.url, headers=headers, timeout=_TIMEOUT_S, trust_env=False)


async def _key_works(client: httpx.AsyncClient, attune: Attune) -> None:
    until, found = time.monotonic() + _KEY_WORKS_WITHIN_S, "nothing"
    while time.monotonic() < until:
        with suppress(httpx.HTTPError):
            response = await client.get("/v1/models")
            if response.is_success:
                return
            found = f"status {response.status_code}"
        await asyncio.sleep(0.5)
    raise SimulationFailed(
        f"{attune.url} does not take a key of the ledger in {attune.home} ({found}): is --url the gateway of that home?"
    )


def _base_model(attune: Attune) -> str:
    with attune.database.read() as connection:
        live = deployments.current(connection).live_version
        base = versions.get(connection, versions.base_of(connection, live or 1))
    return f"{Path(base.path).name}, SHA-256 {base.sha256}"


def _entries(attune: Attune) -> list[AuditEntry]:
    with attune.database.read() as connection:
        return audit.latest(connection, _AUDIT_ENTRIES)


async def _say_addresses(attune: Attune) -> None:
    """Where the simulated Attune is looked at while it runs; the page for operators where the chat has one."""
    output.say(f"home    {attune.home}\nAPI     {attune.url}/v1   key in {attune.home / 'admin.key'}")
    if attune.chat_url is None:
        return
    output.say(f"chat    {attune.chat_url}")
    ops = f"{attune.chat_url}/ops"
    with suppress(httpx.HTTPError):
        async with httpx.AsyncClient(trust_env=False) as client:
            if (await client.get(ops)).is_success:
                output.say(f"ops     {ops}")


async def _interrupted() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
