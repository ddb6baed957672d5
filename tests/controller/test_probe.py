"""Attestation: what is the same within the tolerance passes, and nothing else does."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ledger.clock import utc_now
from ledger.records import ModelVersion
from server.controller.client import EngineClient
from server.controller.errors import EngineFailed, ProbeFailed
from server.controller.probe import EXACT, ROUNDED, attest, distance, tolerance
from tests.fake_engine import Behaviour, FakeEngine
from tests.fake_wire import logprobs_of

TOKENS = [[1, 2, 3, 4], [5, 6, 7]]


def version(number: int, weights: str | None, off_by: float = 0.0) -> ModelVersion:
    """A version whose registered figures are those of `weights`, all `off_by` too high."""
    probe = None
    if weights is not None:
        texts = [{"token_ids": ids, "logprobs": [x + off_by for x in logprobs_of(weights, ids)]} for ids in TOKENS]
        probe = {"texts": texts}
    return ModelVersion(number, None, "full", "/m", str(number), "passed", utc_now(), probe=probe)


@asynccontextmanager
async def serving(folder: Path, weights: str, behaviour: Behaviour | None = None) -> AsyncIterator[EngineClient]:
    async with FakeEngine(folder / "engine.sock", weights=weights) as engine, EngineClient(engine.url) as client:
        engine.behaviour = behaviour or Behaviour()
        yield client


async def test_the_registered_weights_pass(tmp_path: Path) -> None:
    async with serving(tmp_path, "mine") as client:
        found = await attest(client, version(2, "mine"), [version(1, "others")], EXACT, "attune@v1")
        assert found is not None
        assert found.mean < 1e-9


@pytest.mark.parametrize("allowed", [EXACT, ROUNDED])
async def test_other_weights_do_not_pass(tmp_path: Path, allowed: object) -> None:
    async with serving(tmp_path, "others") as client:
        with pytest.raises(ProbeFailed, match=r"attune@v2.*nats"):
            await attest(client, version(2, "mine"), [], allowed, "attune@v1")  # type: ignore[arg-type]


async def test_rounding_passes_only_where_the_engine_rounds(tmp_path: Path) -> None:
    rounded = version(2, "mine", off_by=0.02)
    async with serving(tmp_path, "mine") as client:
        assert await attest(client, rounded, [], ROUNDED, "attune@v1") is not None
        with pytest.raises(ProbeFailed):
            await attest(client, rounded, [], EXACT, "attune@v1")


async def test_within_the_tolerance_the_nearest_version_must_be_the_one_that_is_wanted(tmp_path: Path) -> None:
    ours, parent = version(2, "mine", off_by=0.05), version(1, "mine", off_by=0.01)
    async with serving(tmp_path, "mine") as client:
        with pytest.raises(ProbeFailed, match="attune@v1 in place of attune@v2"):
            await attest(client, ours, [parent], ROUNDED, "attune@v1")
        assert await attest(client, parent, [ours, version(3, None)], ROUNDED, "attune@v1") is not None


async def test_a_version_without_registered_figures_is_not_compared(tmp_path: Path) -> None:
    async with serving(tmp_path, "mine") as client:
        assert await attest(client, version(1, None), [], EXACT, "attune@v1") is None


async def test_an_engine_that_does_not_answer_the_probe_has_failed(tmp_path: Path) -> None:
    async with serving(tmp_path, "mine", Behaviour(status=500)) as client:
        with pytest.raises(EngineFailed, match="500"):
            await attest(client, version(2, "mine"), [], EXACT, "attune@v1")
    async with serving(tmp_path, "mine") as client:
        with pytest.raises(EngineFailed, match="404"):
            await attest(client, version(2, "mine"), [], EXACT, "attune@v9")


def test_nan_and_other_lengths_are_infinitely_far() -> None:
    assert distance([0.0, math.nan], [0.0, 1.0]).mean == math.inf
    assert distance([0.0], [0.0, 1.0]).median == math.inf
    assert distance([], []).mean == math.inf
    apart = distance([1.0, 2.0, 3.0], [1.0, 2.0, 4.5])
    assert (apart.median, apart.mean) == (0.0, 0.5)


async def test_one_token_that_rounding_throws_far_off_does_not_decide_where_the_engine_rounds(tmp_path: Path) -> None:
    registered = version(2, "mine", off_by=0.02)
    assert registered.probe is not None
    registered.probe["texts"][0]["logprobs"][0] += 1.2
    async with serving(tmp_path, "mine") as client:
        assert await attest(client, registered, [], ROUNDED, "attune@v1") is not None


def test_only_float32_is_held_to_the_registered_precision() -> None:
    assert tolerance("float32") == EXACT
    assert tolerance("bfloat16") == tolerance("auto") == ROUNDED
