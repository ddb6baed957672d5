"""Who is answered by the live version, and who by the canary."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from math import sqrt
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from ledger import deployments, engines
from ledger.clock import utc_now
from ledger.records import Engine, EngineState
from ledger.schema import model_versions
from server.endpoints import ENDPOINTS
from server.errors import NotFound, Overloaded
from server.routing import Asker, on_canary, place
from server.snapshot import Snapshot
from tests.fake_engine import FakeEngine
from tests.server.conftest import Gateway

PEOPLE = 4_000
NAMES = st.text(max_size=12)
ASKERS = st.builds(Asker, NAMES, NAMES, st.none() | NAMES, NAMES)
SHARES = st.floats(0, 1)
SALTS = st.text(max_size=64)


def person(user: str, owner: str = "acme", conversation_id: str | None = None, request_id: str = "r") -> Asker:
    return Asker(owner, user, conversation_id, request_id)


def crowd(salt: str, share: float, owner: str = "acme") -> set[str]:
    """Who of many people gets the canary."""
    return {user for user in map(str, range(PEOPLE)) if on_canary(person(user, owner), salt, share)}


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("salt", ["2", "7", "123"])
def test_the_share_is_kept(salt: str, share: float) -> None:
    spread = sqrt(PEOPLE * share * (1 - share))
    assert abs(len(crowd(salt, share)) - PEOPLE * share) < 4.5 * spread


@given(ASKERS, SALTS, SHARES, SHARES)
def test_a_larger_share_moves_nobody_back_to_live(asker: Asker, salt: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert on_canary(asker, salt, large) or not on_canary(asker, salt, small)


@given(ASKERS, SALTS)
def test_a_share_of_nothing_is_nobody_and_of_all_is_everybody(asker: Asker, salt: str) -> None:
    assert 0 <= place(asker, salt) < 1
    assert not on_canary(asker, salt, 0.0)
    assert on_canary(asker, salt, 1.0)


def test_each_canary_has_other_people() -> None:
    both = crowd("7", 0.1) & crowd("8", 0.1)
    expected = PEOPLE * 0.01
    assert abs(len(both) - expected) < 4.5 * sqrt(expected)


def test_people_of_the_same_name_with_different_owners_are_different_people() -> None:
    both = crowd("7", 0.5) & crowd("7", 0.5, owner="other")
    assert abs(len(both) - PEOPLE / 4) < 4.5 * sqrt(PEOPLE * 3 / 16)


@given(NAMES.filter(bool), st.none() | NAMES, st.none() | NAMES, NAMES, NAMES)
def test_a_person_keeps_to_one_version_over_conversations_and_requests(
    user: str, one: str | None, other: str | None, first: str, second: str
) -> None:
    assert place(Asker("acme", user, one, first), "7") == place(Asker("acme", user, other, second), "7")


@given(NAMES, NAMES, NAMES)
def test_without_a_user_the_conversation_keeps_to_one_version(conversation: str, first: str, second: str) -> None:
    assert place(Asker("acme", "", conversation, first), "7") == place(Asker("acme", "", conversation, second), "7")


def test_without_either_each_request_is_drawn_by_itself() -> None:
    drawn = [on_canary(person("", request_id=str(number)), "7", 0.5) for number in range(PEOPLE)]
    assert abs(sum(drawn) - PEOPLE / 2) < 4.5 * sqrt(PEOPLE / 4)


def snapshot(canary_share: float = 0.0, **states: EngineState) -> Snapshot:
    """v1 live, v2 the canary, v3 known; `v1="ready"` gives a version an engine in that state."""
    running = [Engine(name, f"unix://{name}", int(name[1:]), state) for name, state in states.items()]
    ready = {engine.version_number: (engine,) for engine in running if engine.state == "ready"}
    return Snapshot(
        ready=MappingProxyType(ready),
        engines=tuple(running),
        live_version=1,
        canary_version=2,
        canary_share=canary_share,
        bases=MappingProxyType(dict.fromkeys((1, 2, 3), "/models/base")),
    )


def test_a_row_of_which_the_controller_speaks_no_more_is_not_taken_for_true() -> None:
    said = Engine("v1", "unix://v1", 1, "starting", "loading the weights")
    assert Snapshot(engines=(said,), live_version=1).why_not_ready().endswith("is starting: loading the weights")
    old = replace(said, updated_at=utc_now() - timedelta(seconds=216))
    assert "216 s ago: the controller is gone" in Snapshot(engines=(old,), live_version=1).why_not_ready()


def routed(found: Snapshot, model: str = "attune", conversation_id: str | None = None) -> tuple[int, str]:
    target = found.target(model, person("ann", conversation_id=conversation_id))
    return target.version_number, target.route


def test_the_alias_means_live_or_the_canary() -> None:
    assert routed(snapshot(0.0, v1="ready", v2="ready")) == (1, "live")
    assert routed(snapshot(1.0, v1="ready", v2="ready")) == (2, "canary")


def test_what_is_not_recorded_does_not_tell_who_has_the_canary() -> None:
    found = snapshot(1.0, v1="ready", v2="ready")
    assert found.target("attune", person("ann"), recorded=False).route == "live"
    assert [endpoint.path for endpoint in ENDPOINTS if not endpoint.recorded] == [
        "/v1/embeddings",
        "/tokenize",
        "/detokenize",
    ]


@pytest.mark.parametrize("state", ["starting", "draining", "failed"])
def test_a_canary_without_an_engine_costs_nobody_an_answer(state: EngineState) -> None:
    assert routed(snapshot(1.0, v1="ready", v2=state)) == (1, "live")
    assert routed(snapshot(1.0, v1="ready")) == (1, "live")


def test_the_canary_does_not_answer_for_a_live_version_that_is_away() -> None:
    with pytest.raises(Overloaded):
        routed(snapshot(0.0, v1="starting", v2="ready"))


def test_a_pinned_version_is_not_drawn() -> None:
    found = snapshot(1.0, v1="ready", v2="ready", v3="ready")
    assert routed(found, "attune@v1") == (1, "pinned")
    assert routed(found, "attune@v3") == (3, "pinned")


@pytest.mark.parametrize("states", [{"v1": "ready"}, {"v1": "ready", "v3": "draining"}])
def test_a_conversation_on_a_version_that_is_gone_goes_on_with_live(states: dict[str, EngineState]) -> None:
    assert routed(snapshot(1.0, **states), "attune@v3", "conv_1") == (1, "live")


def test_a_pinned_version_that_is_gone_is_not_found_outside_a_conversation() -> None:
    with pytest.raises(NotFound):
        routed(snapshot(v1="ready"), "attune@v3")


@pytest.mark.parametrize("state", ["starting", "failed"])
def test_a_pinned_version_that_comes_back_is_waited_for(state: EngineState) -> None:
    with pytest.raises(Overloaded):
        routed(snapshot(v1="ready", v3=state), "attune@v3", "conv_1")


def test_a_version_that_never_was_is_not_found_in_a_conversation_either() -> None:
    with pytest.raises(NotFound):
        routed(snapshot(v1="ready"), "attune@v9", "conv_1")


async def test_a_change_reaches_every_gateway_within_its_interval_and_answers_name_their_version(
    start: Callable[..., Awaitable[Gateway]], tmp_path: Path
) -> None:
    gateways = [await start(poll_interval_s=0.2), await start(poll_interval_s=0.2)]
    database = gateways[0].database
    async with FakeEngine(tmp_path / "second.sock", model="attune@v2") as second:
        child = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "b" * 64}
        with database.write() as connection:
            connection.execute(insert(model_versions).values(child | {"state": "passed", "created_at": utc_now()}))
            engines.upsert(connection, Engine("engine-2", second.url, 2, "ready"))
        with database.write() as connection:
            deployments.start_canary(connection, 2, 1.0, deployments.Change("op", "try it"))
        took = await asyncio.gather(*(_until(gateway, "attune@v2") for gateway in gateways))
        answer = await gateways[0].ask(user="ann")
        assert (answer.json()["model"], answer.headers["x-attune-version"]) == ("attune@v2", "attune@v2")
        stored = gateways[0].stored(answer.json()["id"], user="ann")
        assert (stored.model_version, stored.route) == (2, "canary")
        with database.write() as connection:
            deployments.roll_back(connection, 2, deployments.Change("op", "worse"))
            engines.remove(connection, "engine-2")
        took += await asyncio.gather(*(_until(gateway, "attune@v1") for gateway in gateways))
        assert max(took) < 0.2 + 0.8  # the interval, and what a busy machine adds
        assert await _pinned_in_a_conversation(gateways[1]) == "attune@v1"


async def _until(gateway: Gateway, version: str) -> float:
    """Seconds until a gateway's answers come from a version; no answer may fail meanwhile."""
    began = time.perf_counter()
    while True:
        answer = await gateway.ask()
        assert answer.status_code == 200, answer.text
        if answer.headers["x-attune-version"] == version:
            return time.perf_counter() - began
        assert time.perf_counter() - began < 10
        await asyncio.sleep(0.02)


async def _pinned_in_a_conversation(gateway: Gateway) -> str:
    """Which version answers for `attune@v2` in a conversation."""
    created: httpx.Response = await gateway.http.post("/v1/conversations", json={})
    metadata = {"conversation_id": created.json()["id"]}
    answer = await gateway.ask(model="attune@v2", metadata=metadata)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-attune-version"])
