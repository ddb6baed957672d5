"""What the ops page reads, over HTTP, from a ledger after weeks of use."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.intervals import wilson
from tests import ops_ledger
from tests.server.conftest import Gateway

PATHS = (
    "/v1/deployments/canary",
    "/v1/engines",
    "/v1/feedback/statistics",
    "/v1/versions/1/lineage",
    "/v1/alignment/runs",
    f"/v1/alignment/runs/{ops_ledger.run_id(3)}",
    f"/v1/alignment/runs/{ops_ledger.run_id(3)}/pictures/ppo/curves",
    f"/v1/alignment/snapshots/{ops_ledger.snapshot_id(4)}/feedback",
)


@pytest.fixture
async def used(start: Callable[..., Awaitable[Gateway]]) -> Gateway:
    """A gateway whose ledger was used for weeks."""
    gateway = await start()
    ops_ledger.fill(gateway.database, votes=300, people=100)
    return gateway


async def get(gateway: Gateway, path: str, **params: Any) -> Any:
    answer = await gateway.http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_votes_are_counted_by_day_version_and_reason(used: Gateway) -> None:
    found = await get(used, "/v1/feedback/statistics", days=30)
    assert len(found["days"]) == 30
    given = sum(day["up"] + day["down"] for day in found["days"])
    assert given == sum(row["thumbs"]["up"] + row["thumbs"]["down"] for row in found["versions"]) == 300
    assert [row["version"] for row in found["versions"]] == [1, 2, 3, 4]
    for row in found["by_version"]:
        up, down = row["thumbs"]["up"], row["thumbs"]["down"]
        assert (row["thumbs"]["low"], row["thumbs"]["high"]) == wilson(up, up + down)
    assert {row["reason"] for row in found["reasons"]} == set(ops_ledger.REASONS)
    fewer = await get(used, "/v1/feedback/statistics", days=2)
    assert 0 < sum(day["up"] + day["down"] for day in fewer["days"]) < given
    assert all(row["raters"] <= 100 for row in found["versions"])


async def test_the_canary_is_shown_with_its_tests(used: Gateway) -> None:
    trial = (await get(used, "/v1/deployments/canary"))["trial"]
    assert (trial["canary"], trial["live"], trial["outcome"]) == (4, 3, "continue")
    worse, good, *guards = trial["tests"]
    assert worse["name"] == good["name"] == "thumbs_up"
    assert worse["canary"] == good["canary"] and 0 < worse["canary"]["n"] < worse["live"]["n"]
    assert worse["rejects"] == "canary - live >= 0" and good["rejects"] == "canary - live <= -0.05"
    assert "error" in [test["name"] for test in guards]
    assert [test["canary"] for test in trial["all_raters"]] == [worse["canary"]] * 2
    assert (trial["rules"]["min_established"], trial["rules"]["established_age_s"]) == (20, 86_400)
    assert trial["low"] <= 0 <= trial["high"] or trial["low"] > 0
    await used.http.post("/v1/deployments/withdraw", json={"version": 4, "reason": "enough"})
    assert (await get(used, "/v1/deployments/canary"))["trial"] is None


async def test_engines_are_shown_with_their_speed(used: Gateway) -> None:
    found = await get(used, "/v1/engines")
    engine = next(row for row in found["data"] if row["version"] == 3)
    assert (engine["state"], found["running"], found["queued"]) == ("ready", 0, 0)
    assert engine["traffic"]["answers"] > 10 and engine["traffic"]["tokens_per_s"] > 0
    assert engine["traffic"]["ttft_ms_p50"] < engine["traffic"]["ttft_ms_p95"]


async def test_a_version_leads_down_to_single_votes(used: Gateway) -> None:
    steps = (await get(used, "/v1/versions/4/lineage"))["data"]
    assert [step["version"] for step in steps] == ["attune@v4", "attune@v3", "attune@v2", "attune@v1"]
    path = f"/v1/alignment/snapshots/{steps[0]['snapshot']}/feedback"
    first = await get(used, path, limit=10)
    second = await get(used, path, limit=10, after=first["data"][-1]["id"])
    assert first["has_more"] and len({row["id"] for row in first["data"] + second["data"]}) == 20
    assert sum(steps[0]["feedback"].values()) == 150
    assert (await used.http.get("/v1/versions/9/lineage")).status_code == 404
    assert (await used.http.get("/v1/alignment/snapshots/snap_9/feedback")).status_code == 404


async def test_runs_are_listed_with_what_they_found(used: Gateway) -> None:
    listed = await get(used, "/v1/alignment/runs")
    states = [(run["state"], run["version"], run["algorithm"]) for run in listed["data"]]
    assert states == [("failed", None, None), *(("done", version, "ppo") for version in (5, 4, 3, 2))]
    assert listed["new_feedback"] == 300 - 250
    done = listed["data"][1]
    assert done["reward_model"]["accuracy"]["value"] == pytest.approx(0.725)
    assert done["policy"]["score_gain"]["low"] == pytest.approx(0.24)
    run = await get(used, f"/v1/alignment/runs/{ops_ledger.run_id(3)}")
    assert run["pictures"] == []
    assert run["config"]["seed"] == 17 and len(run["metrics"]["ppo"]["report"]["looks"]) == 9
    assert (await used.http.get(f"/v1/alignment/runs/{ops_ledger.run_id(9)}")).status_code == 404


async def test_a_run_that_goes_on_is_running(used: Gateway) -> None:
    from ledger import runs

    with used.database.write() as connection:
        run = runs.create(connection, stage="ppo", config={})
    assert (await get(used, f"/v1/alignment/runs/{run.id}"))["state"] == "interrupted"
    with used.database.exclusive(runs.LOCK):
        assert (await get(used, "/v1/alignment/runs"))["data"][0]["state"] == "running"


async def test_a_picture_of_a_run_is_served_and_nothing_else(used: Gateway, tmp_path: Path) -> None:
    used.app.state.context.runs_folder = tmp_path / "runs"
    ops_ledger.draw_pictures(tmp_path)
    run = ops_ledger.run_id(3)
    shown = await used.http.get(f"/v1/alignment/runs/{run}/pictures/ppo/curves")
    assert shown.headers["content-type"] == "image/png" and shown.content.startswith(b"\x89PNG")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "runs" / run / "ppo" / "link.png").symlink_to(tmp_path / "secret.png")
    for stage, name in (("ppo", "link"), ("ppo", "none"), ("gate", "curves")):
        assert (await used.http.get(f"/v1/alignment/runs/{run}/pictures/{stage}/{name}")).status_code == 404
    for stage in ("..", "%2e%2e", "..%2f..", "a%2fb"):
        answer = await used.http.get(f"/v1/alignment/runs/{run}/pictures/{stage}/secret")
        assert answer.status_code in (400, 404) and b"secret" not in answer.content[:6]
    assert (await get(used, f"/v1/alignment/runs/{run}"))["pictures"] == ["ppo/curves", "reward-model/learning"]


async def test_all_of_it_needs_the_admin_scope(used: Gateway) -> None:
    async with used.client(used.make_key(scopes=("inference", "feedback"))) as client:
        for path in PATHS:
            assert (await client.get(path)).status_code == 403, path
    async with used.client("sk-attune-none") as client:
        for path in PATHS:
            assert (await client.get(path)).status_code == 401, path


async def test_what_is_out_of_bounds_is_refused(gateway: Gateway) -> None:
    for path in (
        "/v1/feedback/statistics?days=0",
        "/v1/feedback/statistics?days=91",
        "/v1/engines?minutes=61",
        "/v1/alignment/runs?limit=101",
        "/v1/alignment/runs/run_X",
        "/v1/alignment/snapshots/1/feedback",
        "/v1/versions/0/lineage",
    ):
        answer = await gateway.http.get(path)
        assert answer.status_code == 400, path
        assert answer.json()["error"]["type"] == "invalid_request_error"
